/** Runs of processes that are gone: found by the signs of life of their workers, and settled. */
import { describeError } from '../errors.ts'
import type { RunEnd } from './backend.ts'
import { endOfDead, fateOfRun } from './decide.ts'
import type { EngineOptions } from './engine.ts'
import type { WorkerInstance } from './instance.ts'
import type { HeldRun, RunQueue } from './orchestrator.ts'
import type { Outbox } from './outbox.ts'
import type { Runtime } from './runtime.ts'

export interface SweepOptions extends Pick<EngineOptions, 'onEvent'> {
  readonly queue: RunQueue
  readonly runtime: Runtime
  /** This process. */
  readonly instance: WorkerInstance
  /** Who had its name before, and is gone. */
  readonly predecessor: WorkerInstance | null
  readonly outbox: Outbox
  /** Whether a run is executed here, or its end still on its way. */
  readonly isHeld: (id: string) => boolean
  readonly onProblem: (text: string, facts: Record<string, unknown>) => void
}

interface Sweeping extends SweepOptions {
  /** Runs that looked dead at the last sweep, by id and instance. */
  suspected: ReadonlySet<string>
}

/** Settles runs whose process is gone: at once where that is certain, else when two calls saw it. */
export function sweeper(options: SweepOptions): () => Promise<void> {
  const sweeping: Sweeping = { ...options, suspected: new Set() }
  return () => sweep(sweeping)
}

async function sweep(sweeping: Sweeping): Promise<void> {
  const { queue, runtime } = sweeping
  // Before the list is asked for: what ends meanwhile may be Running in it.
  const taken = sweeping.outbox.taken()
  try {
    const open = await queue.held()
    const view = {
      me: sweeping.instance,
      predecessor: sweeping.predecessor?.id ?? null,
      workers: open.length === 0 ? [] : await queue.workers(),
      isHeld: sweeping.isHeld,
      hasEnded: (id: string) => taken.has(id),
      now: runtime.now(),
    }
    const fates = open.map((held) => ({ held, fate: fateOfRun(held, view), key: suspectKey(held) }))
    const gone = fates.filter(
      ({ fate, key }) => fate === 'surely dead' || (fate === 'dead' && sweeping.suspected.has(key)),
    )
    sweeping.suspected = new Set(fates.filter(({ fate }) => fate === 'dead').map(({ key }) => key))
    for (const { held, fate } of fates)
      if (fate === 'undone') tellAgain(sweeping, held, taken.get(held.run.id))
    const dead = gone.map(({ held }) => held)
    for (const held of dead) await settle(sweeping, held, dead)
  } catch (error) {
    sweeping.suspected = new Set() // what was seen before an outage proves nothing after it
    throw error
  }
}

/** In the background: an outage is not to keep other runs from being settled. */
function tellAgain(sweeping: Sweeping, held: HeldRun, end: RunEnd | undefined): void {
  if (!end) return
  const { id: flowRunId, name: run } = held.run
  sweeping.onProblem('The end of a run was undone by a late request; it is told again', { run, flowRunId })
  // The start that undid it was counted, and is none of its own.
  const again: RunEnd = { ...end, runCount: held.runCount }
  sweeping.outbox
    .deliver(again, () => sweeping.queue.end(again))
    .catch((error: unknown) =>
      sweeping.onProblem('The end of a run could not be told again', {
        run,
        flowRunId,
        error: describeError(error),
      }),
    )
}

const suspectWorker = ({ worker, instance }: HeldRun) => `${worker} ${instance}`
const suspectKey = (held: HeldRun) => `${held.run.id} ${suspectWorker(held)}`

/** @param dead all that are settled now: what died with it may be what it waited for */
async function settle(sweeping: Sweeping, held: HeldRun, dead: readonly HeldRun[]): Promise<void> {
  // It may have been claimed here since it was listed.
  if (sweeping.isHeld(held.run.id)) return
  const to = endOfDead(held)
  if (!(await sweeping.queue.settle(held, to))) return
  const { run, worker, startedAt, since, runCount } = held
  sweeping.onProblem('A run of a process that is gone was settled', {
    run: run.name,
    flowRunId: run.id,
    worker,
    state: to.type,
  })
  // The process that ran it can tell its end no more.
  sweeping.onEvent?.({
    type: 'run-finished',
    run,
    state: to.type,
    message: to.message,
    milliseconds: Math.max(0, sweeping.runtime.now().getTime() - (startedAt ?? since).getTime()),
    runCount,
    children: dead
      .filter((other) => other.run.flow !== run.flow && suspectWorker(other) === suspectWorker(held))
      .map((other) => ({
        deployment: `${other.run.flow}/${other.run.deployment}`,
        type: endOfDead(other).type,
      })),
  })
}
