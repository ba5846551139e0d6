import pLimit from 'p-limit'
import type { ListedDataset } from '../../erddap/types.ts'
import type { Attempt, AttemptOutcome } from '../../harvest/attempt.ts'
import type { ProfileRow } from '../../harvest/profile.ts'
import { type AttemptCounts, countAttempt, noAttempts, sourceVerdict } from '../../harvest/verdict.ts'
import { createBreaker } from '../../http/breaker.ts'
import { type ProgressBar, type TaskContext, task } from '../../orchestration/index.ts'
import { type DatasetResult, harvestDataset, type ServerHarvest } from '../../sources/erddap/dataset.ts'
import type { Cell } from '../../tables/columns.ts'
import type { HarvestServices } from '../services.ts'
import type { DatasetEntry, HarvestRun, SourceListing, SourceResult } from './run.ts'

interface Input {
  services: HarvestServices
  run: HarvestRun
  listings: readonly SourceListing[]
}

/** Harvests the listed datasets of all sources side by side. One task run, whatever the number of datasets. */
export const harvestDatasets = task({
  name: 'harvest-datasets',
  async run(input: Input, context): Promise<SourceResult[]> {
    const total = input.listings.reduce(
      (sum, { datasets, notListed }) => sum + datasets.length + notListed.length,
      0,
    )
    const bar = await context.artifact.progress({
      key: `harvest-progress-${input.run.slug}`,
      description: `${total} datasets`,
    })
    const progress = new Progress(bar, total)
    const results = await Promise.all(
      input.listings.map((listing) => harvestSource(input, listing, context, progress)),
    )
    await bar.flush()
    return results
  },
})

class Progress {
  readonly #bar: ProgressBar
  readonly #total: number
  #done = 0

  constructor(bar: ProgressBar, total: number) {
    this.#bar = bar
    this.#total = total
  }

  step(): void {
    this.#done += 1
    this.#bar.update((100 * this.#done) / this.#total, `${this.#done} of ${this.#total} datasets`)
  }
}

async function harvestSource(
  input: Input,
  listing: SourceListing,
  context: TaskContext,
  progress: Progress,
): Promise<SourceResult> {
  const { services, run } = input
  const { source } = listing
  const startedAt = Date.now()
  const counts: AttemptCounts = { ...noAttempts }
  run.tell({
    type: 'source-listed',
    runId: run.runId,
    source: source.url,
    datasets: listing.datasets.length + listing.notListed.length,
  })

  const timeoutSeconds = source.timeoutSeconds ?? services.config.settings.timeouts.dataset_seconds
  const server: ServerHarvest = {
    client: listing.client,
    skipList: new Set(source.skipDatasetIds),
    vocabularies: services.vocabularies,
    abilities: { counts: true },
    breaker: createBreaker(),
    datasetTimeoutMs: timeoutSeconds * 1000,
    now: run.startedAt.getTime(),
    folder: run.spool.folder,
    signal: context.signal,
  }

  for (const datasetId of listing.notListed) {
    await record(
      datasetId,
      {
        outcome: {
          status: 'error',
          reason: 'NOT_LISTED',
          message: `the dataset was asked for, but ${source.url} does not list it`,
        },
        harvested: null,
        warnings: [],
        queryUrls: [`${source.url}/info/${datasetId}/index.html`],
        requests: 0,
        bytes: 0,
      },
      new Date(),
      0,
    )
  }

  // The gate lets so many requests through as the source allows; one dataset more is under way, so that the server
  // need not wait while an answer is worked on.
  const limit = pLimit(source.concurrency + 1)
  await Promise.all(listing.datasets.map((listed) => limit(() => harvestOne(listed))))

  const verdict = sourceVerdict(counts, listing.error)
  const host = new URL(source.url).host
  const waits = (services.http.gate?.summary() ?? []).filter((wait) => wait.host === host)
  const ms = Date.now() - startedAt
  context.log[verdict.ok ? 'info' : 'error'](
    { source: source.url, ...counts, waits, ms },
    `${source.url}: ${verdict.message}`,
  )
  run.tell({
    type: 'source-finished',
    runId: run.runId,
    source: source.url,
    counts,
    ok: verdict.ok,
    message: verdict.message,
    waits,
    ms,
  })
  return { source, counts, listingError: listing.error }

  async function harvestOne(listed: ListedDataset): Promise<void> {
    context.signal.throwIfAborted()
    const key = { erddapUrl: source.url, datasetId: listed.datasetId }
    if (run.spool.has(key)) return
    run.tell({ type: 'dataset-started', runId: run.runId, source: source.url, datasetId: listed.datasetId })
    const attemptedAt = new Date()
    const start = performance.now()
    const piece = run.spool.piece()
    try {
      const result = await harvestDataset(server, listed, {
        onRows: (rows) => piece.write(rows.map((row) => profileCells(source.url, listed.datasetId, row))),
        onRequest: (request) =>
          run.tell({
            type: 'request-made',
            host: new URL(request.url).host,
            status: request.status,
            ms: request.ms,
            bytes: request.bytes,
          }),
      })
      await record(
        listed.datasetId,
        result,
        attemptedAt,
        Math.round(performance.now() - start),
        listed,
        piece,
      )
    } catch (error) {
      await piece.discard()
      throw error
    }
  }

  async function record(
    datasetId: string,
    result: DatasetResult,
    attemptedAt: Date,
    durationMs: number,
    listed?: ListedDataset,
    piece?: ReturnType<typeof run.spool.piece>,
  ): Promise<void> {
    const attempt: Attempt = {
      erddapUrl: source.url,
      datasetId,
      source: 'erddap',
      durationMs,
      attemptedAt,
      queryUrls: result.queryUrls,
      ...result.outcome,
    }
    const harvested = result.harvested
    const entry: DatasetEntry = {
      attempt: { ...attempt, attemptedAt: attemptedAt.toISOString() },
      description:
        harvested && listed
          ? {
              plan: harvested.plan,
              globals: [...harvested.metadata.globals],
              title: listed.title,
            }
          : null,
      contentHash: null,
      contentHashReason: harvested ? 'HASH_NOT_COMPUTED' : null,
    }
    // Rows of a dataset that failed halfway are no rows.
    if (!harvested) await piece?.discard()
    await run.spool.commit({ erddapUrl: source.url, datasetId }, entry, harvested ? piece : undefined)
    countAttempt(counts, result.outcome)
    logAttempt(context, attempt, result)
    run.tell({
      type: 'dataset-attempted',
      runId: run.runId,
      attempt,
      rows: harvested?.rows ?? 0,
      requests: result.requests,
      bytes: result.bytes,
      warnings: result.warnings,
    })
    progress.step()
  }
}

function logAttempt(context: TaskContext, attempt: Attempt, result: DatasetResult): void {
  const facts = {
    source: attempt.erddapUrl,
    dataset: attempt.datasetId,
    status: attempt.status,
    ...(attempt.reason !== null && { reason: attempt.reason }),
    ...(result.harvested && { profiles: result.harvested.rows }),
    requests: result.requests,
    ms: attempt.durationMs,
  }
  for (const warning of result.warnings)
    context.log.warn({ source: attempt.erddapUrl, dataset: attempt.datasetId }, warning)
  context.log[attempt.status === 'error' ? 'error' : 'info'](
    facts,
    `${attempt.datasetId}: ${describeOutcome(attempt)}`,
  )
}

function describeOutcome(outcome: AttemptOutcome): string {
  if (outcome.status === 'success') return 'harvested'
  return `${outcome.reason}${outcome.message ? ` (${outcome.message})` : ''}`
}

/** In the order of the columns of profiles.csv. */
function profileCells(erddapUrl: string, datasetId: string, row: ProfileRow): Cell[] {
  return [
    erddapUrl,
    datasetId,
    row.timeseriesId,
    row.profileId,
    row.latitude,
    row.longitude,
    row.depthMinMetres,
    row.depthMaxMetres,
    new Date(row.timeMinMs),
    new Date(row.timeMaxMs),
    row.records,
    row.recordsPerDay,
    row.profiles,
  ]
}
