import type { Source } from '../config/source.ts'
import type { Breaker } from '../http/breaker.ts'
import type { HttpRecord } from '../http/client.ts'
import { describeWaits } from '../http/gate.ts'
import { partialLifeHours } from '../inventory/folder.ts'
import type { SpoolPiece } from '../inventory/spool.ts'
import { type Attempt, type AttemptOutcome, failed, withNote } from '../rules/attempt.ts'
import { isAskable } from '../rules/ids.ts'
import { fact, sentence } from '../rules/reasons/index.ts'
import { sourceTypes } from '../rules/source-types.ts'
import { type AttemptCounts, countAttempt, noAttempts, sourceVerdict } from '../rules/verdict.ts'
import type { TaskContext } from '../runs/index.ts'
import { scrub } from '../secrets.ts'
import { type DatasetResult, kindOf } from '../sources/index.ts'
import { cut, visible } from '../text.ts'
import type { Progress } from './progress.ts'
import type { DatasetEntry, HarvestRun, SourceListing, SourceResult } from './run.ts'
import type { HarvestServices } from './services.ts'

/** Of a dataset for which nothing was asked. */
const unasked = {
  harvested: null,
  verified: false,
  passing: null,
  warnings: [],
  remedies: [],
  about: { title: '', organizations: [] },
  requests: 0,
  bytes: 0,
} satisfies Partial<DatasetResult>

/** Keeps the account of one source in one run: every dataset ends in the spool, in the counts, in the log and as an event. */
export class SourceRecorder {
  readonly counts: AttemptCounts = { ...noAttempts }
  readonly #services: HarvestServices
  readonly #run: HarvestRun
  readonly #listing: SourceListing
  readonly #context: TaskContext
  readonly #progress: Progress
  readonly #rulesVersion: number
  readonly #startedAt = Date.now()
  readonly #before
  readonly #hosts: Set<string>

  constructor(parts: {
    services: HarvestServices
    run: HarvestRun
    listing: SourceListing
    context: TaskContext
    progress: Progress
  }) {
    this.#services = parts.services
    this.#run = parts.run
    this.#listing = parts.listing
    this.#context = parts.context
    this.#progress = parts.progress
    this.#rulesVersion = kindOf(parts.listing.source).rulesVersion
    this.#before = parts.services.http.gate?.summary() ?? []
    this.#hosts = new Set([new URL(this.#source.url).host])
    const datasets = parts.listing.datasets.length + parts.listing.notListed.length
    this.#progress.listed(datasets)
    this.#run.tell({ type: 'source-listed', runId: this.#run.runId, source: this.#source.url, datasets })
  }

  get #source(): Source {
    return this.#listing.source
  }

  readonly onRequest = (request: HttpRecord): void => {
    const { host } = new URL(request.url)
    this.#hosts.add(host)
    this.#run.tell({
      type: 'request-made',
      host,
      status: request.status,
      ms: request.ms,
      bytes: request.bytes,
    })
  }

  /** Ids that were asked for and are not listed: each is an attempt, without a request. */
  async notListed(): Promise<void> {
    for (const datasetId of this.#listing.notListed) {
      if (!isAskable(datasetId)) {
        await this.#badId(datasetId)
        continue
      }
      await this.#record(datasetId, new Date(), 0, {
        ...unasked,
        outcome: failed('NOT_LISTED', { source: this.#source.url }),
        queryUrls: [this.#listing.opened.addressOf(datasetId)],
      })
    }
  }

  /** An id that would ask for another page, or that no database can hold, is an attempt without a request. */
  async #badId(datasetId: string): Promise<void> {
    const shown = visible(cut(datasetId, 200))
    await this.#record(shown, new Date(), 0, {
      ...unasked,
      outcome: failed('BAD_ID', { datasetId: shown }),
      queryUrls: [],
    })
  }

  /**
   * Works on one dataset, unless an interrupted run did, and records what became of it. Work that gives nothing is to
   * be done again later.
   */
  async dataset(
    datasetId: string,
    work: (piece: SpoolPiece) => Promise<DatasetResult | null>,
  ): Promise<void> {
    const { signal } = this.#context
    signal.throwIfAborted()
    if (!isAskable(datasetId)) return this.#badId(datasetId)
    if (await this.#resume(datasetId)) return
    this.#run.tell({
      type: 'dataset-started',
      runId: this.#run.runId,
      source: this.#source.url,
      datasetId,
    })
    const attemptedAt = new Date()
    const start = performance.now()
    const piece = this.#run.spool.piece()
    try {
      const result = await work(piece)
      if (result === null) return await piece.discard()
      await this.#record(datasetId, attemptedAt, Math.round(performance.now() - start), result, piece)
    } catch (error) {
      await piece.discard()
      throw error
    }
  }

  finish(breaker: Breaker): SourceResult {
    const { counts } = this
    const { url } = this.#source
    const verdict = sourceVerdict(counts, this.#listing.error)
    const waits = (this.#services.http.gate?.summary(this.#before) ?? []).filter(({ host }) =>
      this.#hosts.has(host),
    )
    const ms = Date.now() - this.#startedAt
    this.#context.log[verdict.ok ? 'info' : 'error'](
      { source: url, ...counts, ms },
      `${url}: ${verdict.message}`,
    )
    for (const wait of waits) this.#context.log.info({ source: url, ...wait }, describeWaits(wait))
    for (const { host, message } of breaker.open())
      this.#context.log.error(
        { source: url, host },
        `${host} was left alone for the rest of the run: ${message}`,
      )
    this.#run.tell({
      type: 'source-finished',
      runId: this.#run.runId,
      source: url,
      counts,
      ok: verdict.ok,
      message: verdict.message,
      waits,
      ms,
    })
    return { source: this.#source, counts, listingError: this.#listing.error }
  }

  /** Takes over what an interrupted run of less than a day ago asked; what failed then is asked again. */
  async #resume(datasetId: string): Promise<boolean> {
    const run = this.#run
    const taken = await run.spool.take({ erddapUrl: this.#source.url, datasetId }, (left) => {
      const { attempt } = left
      const ageMs = run.startedAt.getTime() - Date.parse(attempt.attemptedAt)
      // Of a version that kept other things of a dataset.
      if ('obis' in left) return null
      if (attempt.status === 'error' || left.rulesVersion !== this.#rulesVersion) return null
      if (!(ageMs < partialLifeHours * 3_600_000)) return null
      if (attempt.facts.some(({ code }) => code === 'KEPT')) return left
      return { ...left, attempt: withNote(attempt, fact('KEPT', { from: left.asOf })) }
    })
    if (!taken) return false
    const attempt = {
      ...taken.entry.attempt,
      attemptedAt: new Date(taken.entry.attempt.attemptedAt),
    } as Attempt
    countAttempt(this.counts, attempt)
    run.tell({
      type: 'dataset-attempted',
      runId: run.runId,
      attempt,
      rows: taken.rows,
      requests: 0,
      bytes: 0,
    })
    this.#progress.step()
    return true
  }

  async #record(
    datasetId: string,
    attemptedAt: Date,
    durationMs: number,
    result: DatasetResult,
    piece?: SpoolPiece,
  ): Promise<void> {
    const run = this.#run
    const { harvested } = result
    const items = harvested ? (piece?.itemsCut ?? 0) : 0
    const warnings = [...result.warnings]
    if (items > 0) warnings.push(fact('LIST_CUT', { items }))
    const attempt: Attempt = {
      erddapUrl: this.#source.url,
      datasetId,
      source: this.#source.type,
      durationMs,
      attemptedAt,
      queryUrls: result.queryUrls.map(scrub),
      ...scrubbed(result.outcome),
      warnings: scrubbed(warnings),
      remedies: scrubbed(result.remedies),
      about: scrubbed(result.about),
    }
    const entry: DatasetEntry = {
      attempt: { ...attempt, attemptedAt: attemptedAt.toISOString() },
      description: harvested?.description ?? null,
      verified: result.verified,
      contentHash: harvested?.content.hash ?? null,
      contentHashReason: harvested?.content.reason ?? null,
      asOf: run.startedAt.toISOString(),
      rulesVersion: this.#rulesVersion,
    }
    // Rows of a dataset that failed halfway are no rows.
    if (!harvested) await piece?.discard()
    await run.spool.commit({ erddapUrl: attempt.erddapUrl, datasetId }, entry, harvested ? piece : undefined)
    countAttempt(this.counts, result.outcome)
    this.#log(attempt, result)
    run.tell({
      type: 'dataset-attempted',
      runId: run.runId,
      attempt,
      rows: harvested?.rows ?? 0,
      requests: result.requests,
      bytes: result.bytes,
    })
    this.#progress.step()
  }

  #log(attempt: Attempt, result: DatasetResult): void {
    const { log } = this.#context
    const facts = {
      source: attempt.erddapUrl,
      dataset: attempt.datasetId,
      status: attempt.status,
      ...(attempt.reason !== null && { reason: attempt.reason }),
      ...(result.harvested && { [sourceTypes[attempt.source].rowsCalled]: result.harvested.rows }),
      requests: result.requests,
      ms: attempt.durationMs,
    }
    for (const warning of attempt.warnings)
      log.warn({ source: attempt.erddapUrl, dataset: attempt.datasetId }, sentence('en', warning))
    log[attempt.status === 'error' ? 'error' : 'info'](
      facts,
      `${attempt.datasetId}: ${describeOutcome(attempt)}`,
    )
  }
}

function describeOutcome(outcome: AttemptOutcome): string {
  if (outcome.status === 'success') return outcome.message ?? 'harvested'
  return `${outcome.reason}${outcome.message ? ` (${outcome.message})` : ''}`
}

/** The same value, without secrets in any of its texts. */
function scrubbed<T>(value: T): T {
  if (typeof value === 'string') return scrub(value) as T
  if (Array.isArray(value)) return value.map(scrubbed) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, scrubbed(inner)])) as T
}
