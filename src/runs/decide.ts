/** What a runner decides, without a server and without a clock. */
import type { HeldRun, SeenWorker } from './orchestrator.ts'
import type { FinalStateType, RunState } from './states.ts'
import type { AbortReason } from './types.ts'

/** A run of an answer to "what is due?". */
export interface Candidate {
  readonly id: string
  readonly flow: string
  readonly dueAt: Date
}

export interface Choice<T extends Candidate> {
  /** May be claimed now, in this order. */
  readonly now: readonly T[]
  /** Due in a moment: claimed before its time it would leave "Scheduled" and hold a place. */
  readonly soon: readonly T[]
  /** Flows that are not known here: claimed, their runs would be stuck in Pending for ever. */
  readonly unknownFlows: readonly string[]
}

/** Which of the candidates may be started here. */
export function choose<T extends Candidate>(
  candidates: readonly T[],
  given: {
    readonly flows: ReadonlySet<string>
    readonly isHeld: (id: string) => boolean
    readonly now: Date
  },
): Choice<T> {
  const open = candidates.filter(({ id }) => !given.isHeld(id))
  const known = open.filter(({ flow }) => given.flows.has(flow))
  return {
    now: known.filter(({ dueAt }) => dueAt <= given.now),
    soon: known.filter(({ dueAt }) => dueAt > given.now),
    unknownFlows: [...new Set(open.map(({ flow }) => flow).filter((flow) => !given.flows.has(flow)))],
  }
}

/** What the state that others gave a run means for its execution here; null: go on. */
export function reactionTo(
  state: RunState | 'elsewhere' | null,
): { reason: AbortReason; message: string } | null {
  if (state === null) return { reason: 'lost', message: 'The run was deleted while it ran' }
  if (state === 'elsewhere')
    return { reason: 'lost', message: 'The run was taken for dead, and another process has it by now' }
  switch (state.type) {
    case 'CANCELLING':
    case 'CANCELLED':
      return { reason: 'cancelled', message: 'The run was cancelled' }
    case 'PAUSED':
      return { reason: 'suspended', message: 'The run was paused; resumed, it goes on where it stopped' }
    case 'COMPLETED':
    case 'FAILED':
    case 'CRASHED':
      return { reason: 'lost', message: `The run was set to ${state.name} by others` }
    case 'SCHEDULED':
      // A retry of this process waits in this state.
      return state.name === 'AwaitingRetry'
        ? null
        : { reason: 'lost', message: 'The run was taken away and scheduled anew' }
    case 'PENDING':
    case 'RUNNING':
      return null
  }
}

/**
 * After this long without a sign of life, three intervals and some, a process counts as gone; and so does the unknown
 * worker of a run that was claimed without a name: it died between two requests.
 */
export const goneAfterMs = 120_000

/**
 * - `dead`: believed once it was seen twice.
 * - `surely dead`: believed at once.
 * - `undone`: it ended here, and a request to start it came to the server after its end, which servers take.
 */
export type Fate = 'alive' | 'dead' | 'surely dead' | 'undone'

/** What the signs of life of its worker say of a run. */
export function fateOfRun(
  held: HeldRun,
  given: {
    readonly me: { readonly name: string; readonly id: string }
    /** Id of the instance that had this name before, and was gone at the start; null where it is not known. */
    readonly predecessor: string | null
    readonly workers: readonly SeenWorker[]
    readonly isHeld: (id: string) => boolean
    /** Whether its end was told by this process, and taken. */
    readonly hasEnded: (id: string) => boolean
    readonly now: Date
  },
): Fate {
  if (given.isHeld(held.run.id)) return 'alive'
  if (held.worker === null)
    return held.type !== 'RUNNING' && given.now.getTime() - held.since.getTime() > goneAfterMs
      ? 'dead'
      : 'alive'
  // Ours by its label, and not executed here: its claim or its end may be under way.
  if (held.instance === given.me.id)
    return held.type === 'RUNNING' && given.hasEnded(held.run.id) ? 'undone' : 'dead'
  // Of our name is this process: another instance of it is the one that is gone, or took the name while we were away.
  const isNamesake = held.worker === given.me.name
  if (isNamesake && (held.instance === null || held.instance === given.predecessor)) return 'surely dead'
  const ofName = given.workers.filter(({ name }) => name === held.worker)
  const [worker] = ofName.filter(
    ({ instance }) =>
      instance === held.instance || (!isNamesake && (instance === null || held.instance === null)),
  )
  if (!worker) return 'dead'
  if (worker.fate === 'ended') return 'surely dead'
  return worker.fate === 'silent' ? 'dead' : 'alive'
}

/** How a run of a worker that is gone ends. */
export function endOfDead(held: HeldRun): { type: FinalStateType; message: string } {
  const who = held.worker === null ? 'Its worker' : `Worker ${held.worker}`
  return held.type === 'CANCELLING'
    ? { type: 'CANCELLED', message: `${who} was gone before it could cancel the run` }
    : {
        type: 'CRASHED',
        message: `${who} ended before the run did; \`harvester runs retry ${held.run.id.slice(0, 8)}\` goes on where it stopped`,
      }
}

/** Whether a state is the one that {@link endOfDead} gives: the end that the worker knew is the better one. */
export function wasTakenForDead(state: RunState): boolean {
  return state.type === 'CRASHED' && / ended before the run did\b/.test(state.message)
}
