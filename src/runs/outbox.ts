/**
 * Ends of runs on their way to the orchestrator. An end is on disk before it is told and until it was taken or
 * refused, so that neither an outage nor a restart of this process loses it: what is done must not be done again.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError, isHarvesterError } from '../errors.ts'
import { aborted } from './abort.ts'
import type { FinalState, FinishAnswer, RunEnd, RunRecorder } from './backend.ts'
import { fateOf, readInstance, type WorkerInstance } from './instance.ts'
import type { Runtime } from './runtime.ts'

export interface Outbox {
  /** Tells an end until it is taken or refused. Rejects with what a refusal says, or when time is up. */
  deliver(end: RunEnd, tell: () => Promise<FinishAnswer>): Promise<FinishAnswer>
  /** Whether the end of this run is still on its way. */
  holds(flowRunId: string): boolean
  /** The last ends that were taken, by run; what is taken later is not in it. */
  taken(): ReadonlyMap<string, RunEnd>
  /** Takes up what instances left that are gone. Resolves with how many; they are told in the background. */
  takeUp(tell: (end: RunEnd) => Promise<FinishAnswer>): Promise<number>
  /** What has not been told by then stays on disk. */
  hurry(milliseconds: number): void
  /** Waits for what is on its way, which {@link hurry} limits; leaves no empty folder. */
  close(): Promise<void>
}

export interface OutboxOptions {
  /** Null: nothing is kept on disk. */
  readonly folder: string | null
  readonly instance: WorkerInstance
  readonly runtime: Runtime
  /** Whether asking again may help. */
  readonly mayPass: (error: unknown) => boolean
  readonly onProblem: (text: string, facts: Record<string, unknown>) => void
}

const ownerFile = 'owner.json'
const firstWaitMs = 500
const longestWaitMs = 15_000
/** Ends that were taken are known for so many runs. */
const mostTaken = 1000

export function openOutbox(options: OutboxOptions): Outbox {
  const { runtime, onProblem } = options
  const own = options.folder === null ? null : join(options.folder, options.instance.id)
  const onTheWay = new Map<string, Promise<unknown>>()
  const taken = new Map<string, RunEnd>()
  const given = new AbortController()
  let until = Number.POSITIVE_INFINITY
  let prepared: Promise<unknown> | null = null

  /** The owner is written first: a folder without one belongs to nobody yet. */
  const prepare = async (folder: string) => {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, ownerFile), JSON.stringify(options.instance))
  }
  /** An id that could lead out of the folder is of no server that is one: its end is told, and not kept. */
  const fileOf = (end: RunEnd) =>
    own === null || !/^[\w-]{1,100}$/.test(end.flowRunId) ? null : join(own, `${end.flowRunId}.json`)
  const keep = async (end: RunEnd): Promise<void> => {
    const file = fileOf(end)
    if (own === null || file === null) return
    try {
      prepared ??= prepare(own)
      await prepared
      await writeFile(`${file}.tmp`, JSON.stringify(end))
      await rename(`${file}.tmp`, file)
    } catch (error) {
      prepared = null
      // It can still be told while this process lives.
      onProblem('The end of a run could not be kept on disk', {
        flowRunId: end.flowRunId,
        error: describeError(error),
      })
    }
  }
  const forget = async (end: RunEnd): Promise<void> => {
    const file = fileOf(end)
    if (file !== null) await rm(file, { force: true }).catch(() => {})
  }

  const remember = (end: RunEnd): void => {
    taken.delete(end.flowRunId) // the newest come last
    taken.set(end.flowRunId, end)
    const [oldest] = taken.keys()
    if (taken.size > mostTaken && oldest !== undefined) taken.delete(oldest)
  }

  const untilTaken = async (end: RunEnd, tell: () => Promise<FinishAnswer>): Promise<FinishAnswer> => {
    for (let failures = 0; ; failures++) {
      try {
        return await tell()
      } catch (error) {
        if (!options.mayPass(error)) throw error
        const left = until - runtime.now().getTime()
        if (left <= 0) throw lateError(end, error)
        if (failures === 0 || failures % 10 === 9)
          onProblem('The end of a run cannot be told yet; it is tried again', {
            run: end.runName,
            flowRunId: end.flowRunId,
            error: describeError(error),
          })
        const wait = Math.min(firstWaitMs * 2 ** Math.min(failures, 10), longestWaitMs, left)
        // A hurry that comes meanwhile ends the wait: the last try is made at once.
        await runtime
          .sleep(wait * (0.8 + 0.4 * runtime.random()), given.signal.aborted ? undefined : given.signal)
          .catch(() => {})
      }
    }
  }

  const deliver = (end: RunEnd, tell: () => Promise<FinishAnswer>): Promise<FinishAnswer> => {
    const work = (async () => {
      await keep(end)
      try {
        const answer = await untilTaken(end, tell)
        if (answer.kind === 'accepted') remember(end)
        await forget(end)
        return answer
      } catch (error) {
        if (!isHarvesterError(error, 'CANCELLED')) await forget(end)
        throw error
      }
    })()
    onTheWay.set(end.flowRunId, work)
    const gone = () => void onTheWay.delete(end.flowRunId)
    work.then(gone, gone)
    return work
  }

  return {
    deliver,
    holds: (flowRunId) => onTheWay.has(flowRunId),
    taken: () => new Map(taken),
    async takeUp(tell) {
      const ends = options.folder === null ? [] : await leftBehind(options.folder, options.instance)
      for (const end of ends)
        deliver(end, () => tell(end)).catch((error: unknown) =>
          onProblem('The end of a run that a process left behind could not be told', {
            run: end.runName,
            flowRunId: end.flowRunId,
            error: describeError(error),
          }),
        )
      return ends.length
    },
    hurry(milliseconds) {
      until = Math.min(until, runtime.now().getTime() + milliseconds)
      given.abort()
    },
    async close() {
      await Promise.allSettled(onTheWay.values())
      if (own === null) return
      const left = await readdir(own).catch(() => [ownerFile])
      if (left.every((name) => name === ownerFile)) await rm(own, { recursive: true, force: true })
    },
  }
}

/** A recorder whose ends go through the outbox. */
export function viaOutbox(recorder: RunRecorder, outbox: Outbox, runtime: Runtime): RunRecorder {
  let runCount = recorder.run.runCount
  const endOf = (to: RunEnd['to']): RunEnd => ({
    flowRunId: recorder.run.id,
    runName: recorder.run.name,
    runCount,
    to,
  })
  return {
    ...recorder,
    // Not copied: a recorder may look it up anew.
    get run() {
      return recorder.run
    },
    async begin(policy) {
      const begun = await recorder.begin(policy)
      if (begun.kind === 'running') runCount = begun.runCount
      return begun
    },
    finish(final: FinalState) {
      const told = { ...final, transitionId: recorder.endId ?? runtime.id() }
      return outbox.deliver(endOf({ kind: 'final', ...told }), () => recorder.finish(told))
    },
    async reschedule(message) {
      await outbox.deliver(endOf({ kind: 'back', message }), async () => {
        await recorder.reschedule(message)
        return { kind: 'accepted' }
      })
    },
  }
}

/** Ends of instances that are certainly gone; their folders are emptied. */
async function leftBehind(folder: string, me: WorkerInstance): Promise<RunEnd[]> {
  const ends: RunEnd[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    if (name === me.id) continue
    const path = join(folder, name)
    const owner = readInstance(await readJson(join(path, ownerFile)))
    // Of another machine that shares the folder: only a later process of its name may be sure.
    if (!owner || (fateOf(owner) !== 'ended' && owner.name !== me.name)) continue
    if (fateOf(owner) === 'lives') continue
    for (const file of await readdir(path).catch(() => [])) {
      if (!file.endsWith('.json') || file === ownerFile) continue
      const end = await readJson(join(path, file))
      if (isEnd(end)) ends.push(end)
    }
    await rm(path, { recursive: true, force: true })
  }
  return ends
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return null
  }
}

function isEnd(value: unknown): value is RunEnd {
  const end = value as Partial<RunEnd> | null
  return typeof end?.flowRunId === 'string' && typeof end.to === 'object'
}

function lateError(end: RunEnd, cause: unknown): Error {
  return aborted(
    'ended',
    `The end of ${end.runName} could not be told in time (${describeError(cause)}); it is told when this worker starts again`,
  )
}
