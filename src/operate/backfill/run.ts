/** Carries a plan out: so many runs at once, to the end of all, over restarts of this command and of the server. */
import { describeError, HarvesterError, isHarvesterError } from '../../errors.ts'
import { faultOf, isFinal, type Runtime, systemRuntime } from '../../runs/index.ts'
import type { BackfillEngine, BackfillRun } from './engine.ts'
import { type Item, idempotencyKey, type Plan, type Step, stepsOf, tagOf } from './plan.ts'

/** What is known of an item at the end. */
export interface Row {
  readonly item: Item
  /** Null: not started. */
  readonly run: BackfillRun | null
  /** Its run was deleted while it was watched. */
  readonly lost: boolean
}

export type BackfillEvent =
  | { type: 'planned'; start: number; watch: number; keep: number }
  | { type: 'started'; item: Item; run: BackfillRun }
  | { type: 'changed'; item: Item; run: BackfillRun }
  | { type: 'ended'; row: Row }
  | { type: 'away'; error: unknown; seconds: number }
  | { type: 'back' }
  /** Nobody took a run for a while. */
  | { type: 'unattended' }

export interface BackfillResult {
  readonly rows: readonly Row[]
  readonly interrupted: boolean
  /** Runs were left out because one failed. */
  readonly halted: boolean
  /** What ended the backfill before its time. */
  readonly problem: unknown
}

export interface BackfillOptions {
  readonly engine: BackfillEngine
  readonly plan: Plan
  /** Runs that may be open at once. */
  readonly parallel: number
  readonly retryFailed: boolean
  readonly stopOnFailure: boolean
  readonly signal: AbortSignal
  readonly onEvent?: (event: BackfillEvent) => void
  /** @default 2000 */
  readonly pollMs?: number
  /** How long the back end may be away. @default 600 000 */
  readonly patienceMs?: number
  readonly runtime?: Runtime
}

const unattendedMs = 60_000

/** Never throws for what the back end or the runs do. */
export async function runBackfill(options: BackfillOptions): Promise<BackfillResult> {
  const { engine, plan, signal } = options
  const runtime = options.runtime ?? systemRuntime
  const pollMs = options.pollMs ?? 2000
  const tell = options.onEvent ?? (() => {})
  const tag = tagOf(plan.key)
  const rows = new Map<string, Row>(plan.items.map((item) => [item.hash, { item, run: null, lost: false }]))
  const open = new Map<string, { item: Item; run: BackfillRun }>()
  let queue: Extract<Step, { kind: 'start' }>[] = []
  let planned = false
  let halted = false
  let problem: unknown = null

  const patient = patience(options, runtime)
  const settle = (row: Row) => {
    rows.set(row.item.hash, row)
    if (row.run) open.delete(row.run.id)
    if (options.stopOnFailure && (row.lost || row.run?.state.type !== 'COMPLETED')) halted = true
    tell({ type: 'ended', row })
  }
  const start = async ({ item, attempt }: Extract<Step, { kind: 'start' }>) => {
    const { id, name } = await patient(() =>
      engine.submit(item, {
        tag,
        idempotencyKey: idempotencyKey(plan.key, item.hash, attempt),
        // Interrupted while it is repeated, it is not to be started after all.
        signal,
      }),
    )
    const at = runtime.now()
    const run: BackfillRun = {
      id,
      name,
      hash: item.hash,
      attempt,
      state: { type: 'SCHEDULED', name: 'Scheduled', message: '', at },
      startedAt: null,
      endedAt: null,
    }
    open.set(id, { item, run })
    rows.set(item.hash, { item, run, lost: false })
    tell({ type: 'started', item, run })
  }
  let waitingSince: number | null = null
  let toldUnattended = false
  const look = async () => {
    const found = new Map(
      (await patient(() => engine.read([...open.keys()]))).map((run): [string, BackfillRun] => [run.id, run]),
    )
    for (const [id, { item, run: before }] of [...open]) {
      const run = found.get(id)
      if (!run) settle({ item, run: before, lost: true })
      else if (isFinal(run.state.type)) settle({ item, run, lost: false })
      else {
        open.set(id, { item, run })
        rows.set(item.hash, { item, run, lost: false })
        if (run.state.name !== before.state.name) tell({ type: 'changed', item, run })
      }
    }
    const now = runtime.now().getTime()
    if ([...open.values()].some(({ run }) => run.state.type !== 'SCHEDULED')) waitingSince = null
    else waitingSince ??= now
    if (waitingSince !== null && open.size > 0 && now - waitingSince > unattendedMs && !toldUnattended) {
      toldUnattended = true
      tell({ type: 'unattended' })
    }
  }

  try {
    const steps = stepsOf(plan.items, await patient(() => engine.known(tag)), options)
    for (const step of steps) {
      if (step.kind === 'start') continue
      rows.set(step.item.hash, { item: step.item, run: step.run, lost: false })
      if (step.kind === 'watch') open.set(step.run.id, step)
    }
    queue = steps.filter((step) => step.kind === 'start')
    planned = true
    tell({
      type: 'planned',
      start: queue.length,
      watch: open.size,
      keep: steps.length - queue.length - open.size,
    })
    for (;;) {
      while (queue.length > 0 && open.size < options.parallel && !halted) {
        signal.throwIfAborted()
        await start(queue[0]!)
        queue.shift()
      }
      if (open.size === 0) break
      await patient(() => engine.attend(tag))
      await runtime.sleep(pollMs, signal)
      await look()
    }
  } catch (error) {
    if (!signal.aborted) problem = error
  }
  return {
    rows: [...rows.values()],
    interrupted: signal.aborted && (!planned || queue.length > 0 || open.size > 0),
    halted: halted && queue.length > 0,
    problem,
  }
}

/** The rows as their runs are now: what this process gave back, or ended, as it was closed. */
export async function refreshed(engine: BackfillEngine, rows: readonly Row[]): Promise<Row[]> {
  const found = await engine.read(rows.flatMap(({ run }) => (run ? [run.id] : [])))
  return rows.map((row) => ({ ...row, run: found.find(({ id }) => id === row.run?.id) ?? row.run }))
}

/** Asks again for as long as the patience lasts, where asking again may help. */
function patience(options: BackfillOptions, runtime: Runtime): <T>(ask: () => Promise<T>) => Promise<T> {
  const tell = options.onEvent ?? (() => {})
  const patienceMs = options.patienceMs ?? 600_000
  const everyMs = Math.min(5000, Math.max(options.pollMs ?? 2000, 1))
  return async (ask) => {
    let lostSince: number | null = null
    for (;;) {
      options.signal.throwIfAborted()
      try {
        const answer = await ask()
        if (lostSince !== null) tell({ type: 'back' })
        return answer
      } catch (error) {
        if (!mayPass(error)) throw error
        const now = runtime.now().getTime()
        if (lostSince === null) tell({ type: 'away', error, seconds: Math.round(patienceMs / 1000) })
        lostSince ??= now
        if (now - lostSince >= patienceMs) throw error
      }
      await runtime.sleep(everyMs, options.signal)
    }
  }
}

function mayPass(error: unknown): boolean {
  const fault = faultOf(error)
  if (fault?.type === 'refused') return Number(fault.error.facts.status) >= 500
  return fault !== null || isHarvesterError(error, 'DATABASE_UNREACHABLE', 'DATABASE_FAILED')
}

/** The problem of a result with what to do about the backfill. */
export function resumable(problem: unknown): HarvesterError {
  const known = isHarvesterError(problem) ? problem : null
  return new HarvesterError(known?.code ?? 'INTERNAL', describeError(problem), {
    cause: problem,
    remedy: `${known?.remedy ? `${known.remedy} ` : ''}The same command goes on where this one stopped; runs that were started are not started again.`,
  })
}
