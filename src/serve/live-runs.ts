/**
 * Runs that somebody watches. The audit is polled, once a run however many watch, so that it does not matter which
 * process runs it. Nobody watching, nothing polled.
 */
import { expectedDatasets } from '../inventory/queries/expected-datasets.ts'
import { runAttempts } from '../inventory/queries/run-attempts.ts'
import { readProgress } from '../inventory/run-progress.ts'
import type { Settings } from './options.ts'
import { readRun, runAttemptOf } from './run-view.ts'
import type { RunAttemptRow, RunDetailRow } from './schemas.ts'

export type LiveEvent = 'run' | 'attempts' | 'end'
export type Listener = (event: LiveEvent, data: unknown) => void

const pollMilliseconds = 1000
/** Attempts are written in batches by others: one that ended earlier may be seen later. */
const lookBackMilliseconds = 60_000
const mostWatchers = 200

interface Watcher {
  listener: Listener
  onClose: () => void
  /** What this one was told already. */
  told: Set<string>
  toldRun: string
}

interface Followed {
  watchers: Set<Watcher>
  timer: NodeJS.Timeout | undefined
  newest: Date | null
  /** Every attempt that was read, for those who come later. */
  attempts: Map<string, RunAttemptRow>
  expected: number | null | undefined
  closed: boolean
}

export class LiveRuns {
  readonly #settings: Settings
  readonly #pollMilliseconds: number
  readonly #followed = new Map<string, Followed>()
  #watchers = 0

  constructor(settings: Settings, poll = pollMilliseconds) {
    this.#settings = settings
    this.#pollMilliseconds = poll
  }

  /** Whether no more can watch. */
  get full(): boolean {
    return this.#watchers >= mostWatchers
  }

  /** Tells `listener` what happens to a run until it ends or the returned function is called. */
  follow(runId: string, listener: Listener, onClose: () => void): () => void {
    const watcher: Watcher = { listener, onClose, told: new Set(), toldRun: '' }
    let followed = this.#followed.get(runId)
    if (followed === undefined) {
      followed = {
        watchers: new Set(),
        timer: undefined,
        newest: null,
        attempts: new Map(),
        expected: undefined,
        closed: false,
      }
      this.#followed.set(runId, followed)
    }
    followed.watchers.add(watcher)
    this.#watchers += 1
    this.#schedule(runId, followed, 0)
    const held = followed
    return () => {
      if (!held.watchers.delete(watcher)) return
      this.#watchers -= 1
      if (held.watchers.size === 0) this.#drop(runId, held)
    }
  }

  /** Ends all streams. */
  close(): void {
    for (const [runId, followed] of [...this.#followed]) {
      const watchers = [...followed.watchers]
      this.#drop(runId, followed)
      for (const watcher of watchers) watcher.onClose()
    }
  }

  #drop(runId: string, followed: Followed): void {
    followed.closed = true
    this.#watchers -= followed.watchers.size
    followed.watchers.clear()
    clearTimeout(followed.timer)
    if (this.#followed.get(runId) === followed) this.#followed.delete(runId)
  }

  #schedule(runId: string, followed: Followed, delay: number): void {
    if (followed.closed) return
    clearTimeout(followed.timer)
    followed.timer = setTimeout(() => void this.#poll(runId, followed), delay)
  }

  async #poll(runId: string, followed: Followed): Promise<void> {
    try {
      const run = await readRun(this.#settings, runId)
      if (followed.closed) return
      if (run !== null) await this.#tell(run, followed)
      if (run === null || run.status === 'ok' || run.status === 'failed') {
        const watchers = [...followed.watchers]
        this.#drop(runId, followed)
        for (const watcher of watchers) watcher.listener('end', { status: run?.status ?? 'failed' })
        return
      }
    } catch (error) {
      // The database may be away for a moment; those who watch keep watching.
      this.#settings.log.warn({ err: error, runId }, 'a live run could not be read')
    }
    this.#schedule(runId, followed, this.#pollMilliseconds)
  }

  async #tell(run: RunDetailRow, followed: Followed): Promise<void> {
    if (run.status !== 'queued') await this.#readAttempts(run.run_id, followed)
    const progress = await this.#progress(run, followed)
    const text = JSON.stringify({ run, progress })
    for (const watcher of followed.watchers) {
      const fresh = [...followed.attempts].filter(([key]) => !watcher.told.has(key))
      if (fresh.length > 0) {
        for (const [key] of fresh) watcher.told.add(key)
        watcher.listener(
          'attempts',
          fresh.map(([, attempt]) => attempt),
        )
      }
      if (watcher.toldRun !== text) {
        watcher.toldRun = text
        watcher.listener('run', { run, progress })
      }
    }
  }

  async #readAttempts(runId: string, followed: Followed): Promise<void> {
    const since = followed.newest === null ? null : new Date(followed.newest.getTime() - lookBackMilliseconds)
    for (const row of await runAttempts(this.#settings.database, runId, { since })) {
      // An attempt that the load turned into another one is told again.
      const key = `${row.erddap_url}\n${row.dataset_id}\n${row.status} ${row.reason_code}`
      if (!followed.attempts.has(key)) followed.attempts.set(key, runAttemptOf(row))
      if (followed.newest === null || row.attempted_at > followed.newest) followed.newest = row.attempted_at
    }
  }

  async #progress(run: RunDetailRow, followed: Followed) {
    if (run.status === 'queued') return { phase: 'queued', done: 0, total: null }
    if (run.status !== 'running') return { phase: 'finished', done: run.n_total, total: run.n_total }
    const known = await readProgress(this.#settings.database, run.run_id)
    if (known === null && followed.expected === undefined && run.started_at !== null) {
      followed.expected = await expectedDatasets(
        this.#settings.database,
        run.triggered_source,
        new Date(run.started_at),
      )
    }
    // The counts of attempts may be newer than what the run said of itself.
    const done = Math.max(known?.done ?? 0, run.n_total)
    const total = known?.total ?? followed.expected ?? null
    return {
      phase: known?.phase ?? (run.n_total > 0 ? 'harvest-datasets' : 'starting'),
      done,
      ...(known?.now && { now: known.now }),
      // The run before is only a guess of how many there are.
      total: total === null || total < done ? null : total,
    }
  }
}
