import pLimit from 'p-limit'
import type { CkanSnapshot } from '../../ckan/catalogue.ts'
import type { CkanRecord } from '../../ckan/record.ts'
import { type KnownDataset, lastDataHarvests } from '../../database/fingerprints.ts'
import type { Database } from '../../database/port.ts'
import type { ListedDataset } from '../../erddap/types.ts'
import type { Attempt, AttemptOutcome } from '../../harvest/attempt.ts'
import { catalogueChange } from '../../harvest/catalogue-change.ts'
import { matchCkan } from '../../harvest/ckan.ts'
import { rulesVersion } from '../../harvest/fingerprint.ts'
import type { ProfileRow } from '../../harvest/profile.ts'
import { type AttemptCounts, countAttempt, noAttempts, sourceVerdict } from '../../harvest/verdict.ts'
import { createBreaker } from '../../http/breaker.ts'
import { describeWaits } from '../../http/gate.ts'
import { type ProgressBar, type TaskContext, task } from '../../orchestration/index.ts'
import type { ChangeDetection } from '../../sources/erddap/change.ts'
import { type DatasetResult, harvestDataset, type ServerHarvest } from '../../sources/erddap/dataset.ts'
import type { Cell } from '../../tables/columns.ts'
import { partialLifeHours } from '../../tables/folder.ts'
import type { HarvestServices } from '../services.ts'
import type { DatasetEntry, HarvestRun, PendingListing, SourceListing, SourceResult } from './run.ts'

interface Input {
  services: HarvestServices
  database: Database | null
  run: HarvestRun
  pending: readonly PendingListing[]
  /** Waited for when an unchanged dataset is met, not before. */
  catalogue: PromiseLike<CkanSnapshot | null>
  /** Neither forced nor a full harvest. */
  skipUnchanged: boolean
}

/** Harvests the listed datasets of all sources side by side. One task run, whatever the number of datasets. */
export const harvestDatasets = task({
  name: 'harvest-datasets',
  async run(input: Input, context): Promise<SourceResult[]> {
    const bar = await context.artifact.progress({
      key: `harvest-progress-${input.run.slug}`,
      description: 'datasets',
    })
    const progress = new Progress(bar, input.pending.length)
    const { leftover } = input.run.spool
    if (leftover > 0)
      context.log.info(
        { leftover },
        `an interrupted run left ${leftover} datasets, which are not asked again`,
      )
    const results = await Promise.all(
      input.pending.map(async ({ listing }) => harvestSource(input, await listing, context, progress)),
    )
    await bar.flush()
    return results
  },
})

/** Lists arrive one after the other: nothing is complete before all are there. */
class Progress {
  readonly #bar: ProgressBar
  #awaited: number
  #total = 0
  #done = 0

  constructor(bar: ProgressBar, awaited: number) {
    this.#bar = bar
    this.#awaited = awaited
  }

  listed(datasets: number): void {
    this.#awaited -= 1
    this.#total += datasets
  }

  step(): void {
    this.#done += 1
    const share = this.#awaited === 0 ? this.#done / this.#total : 0
    this.#bar.update(100 * share, `${this.#done} of ${this.#total} datasets`)
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
  const before = services.http.gate?.summary() ?? []
  const hosts = new Set([new URL(source.url).host])
  progress.listed(listing.datasets.length + listing.notListed.length)
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
    change: await changeDetection(input, listing, context),
    ...(listing.known && { catalogueChange: catalogueLookup(listing, listing.known, input.catalogue) }),
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
        verified: false,
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
  const waits = (services.http.gate?.summary(before) ?? []).filter(({ host }) => hosts.has(host))
  const ms = Date.now() - startedAt
  context.log[verdict.ok ? 'info' : 'error'](
    { source: source.url, ...counts, ms },
    `${source.url}: ${verdict.message}`,
  )
  for (const wait of waits) context.log.info({ source: source.url, ...wait }, describeWaits(wait))
  for (const { host, message } of server.breaker.open())
    context.log.error(
      { source: source.url, host },
      `${host} was left alone for the rest of the run: ${message}`,
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
    if (await resume(listed.datasetId)) return
    run.tell({ type: 'dataset-started', runId: run.runId, source: source.url, datasetId: listed.datasetId })
    const attemptedAt = new Date()
    const start = performance.now()
    const piece = run.spool.piece()
    try {
      const result = await harvestDataset(server, listed, {
        onRows: (rows) => piece.write(rows.map((row) => profileCells(source.url, listed.datasetId, row))),
        onRequest(request) {
          const { host } = new URL(request.url)
          hosts.add(host)
          run.tell({
            type: 'request-made',
            host,
            status: request.status,
            ms: request.ms,
            bytes: request.bytes,
          })
        },
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

  /** Takes over what an interrupted run of less than a day ago asked; what failed then is asked again. */
  async function resume(datasetId: string): Promise<boolean> {
    const taken = await run.spool.take({ erddapUrl: source.url, datasetId }, (left) => {
      const { attempt } = left
      const ageMs = run.startedAt.getTime() - Date.parse(attempt.attemptedAt)
      if (attempt.status === 'error' || left.rulesVersion !== rulesVersion) return null
      if (!(ageMs < partialLifeHours * 3_600_000)) return null
      if (attempt.message?.startsWith(keptFrom)) return left
      const said = `${keptFrom} ${left.asOf}${attempt.message === null ? '' : `; ${attempt.message}`}`
      return { ...left, attempt: { ...attempt, message: said } as DatasetEntry['attempt'] }
    })
    if (!taken) return false
    const attempt = {
      ...taken.entry.attempt,
      attemptedAt: new Date(taken.entry.attempt.attemptedAt),
    } as Attempt
    countAttempt(counts, attempt)
    run.tell({
      type: 'dataset-attempted',
      runId: run.runId,
      attempt,
      rows: taken.rows,
      requests: 0,
      bytes: 0,
      warnings: [],
    })
    progress.step()
    return true
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
      verified: result.verified,
      contentHash: harvested?.content.hash ?? null,
      contentHashReason: harvested?.content.reason ?? null,
      asOf: run.startedAt.toISOString(),
      rulesVersion,
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

/** How the message of an attempt begins that an interrupted run made. */
const keptFrom = 'kept from the interrupted run of'

async function changeDetection(
  { services, database, run, skipUnchanged }: Input,
  { source, known }: SourceListing,
  context: TaskContext,
): Promise<ChangeDetection> {
  const { settings } = services.config
  // What comes from the disk says nothing about the present, so that it is no part of a fingerprint either.
  const mode = services.answersFromDisk ? 'off' : settings.change_detection
  let harvestedAt: ReadonlyMap<string, Date> = new Map()
  if (mode === 'metadata' && skipUnchanged && known && database) {
    try {
      harvestedAt = await lastDataHarvests(database, source.url)
    } catch (error) {
      if (context.signal.aborted) throw error
      context.log.warn({ source: source.url, run: run.runId, error }, 'the last harvests cannot be read')
    }
  }
  return {
    mode,
    settleMs: settings.change_detection_settle * 3_600_000,
    maxAgeMs: settings.change_detection_max_age_days * 86_400_000,
    abilities: new Map(),
    known: {
      get(datasetId) {
        const dataset = skipUnchanged ? known?.get(datasetId) : undefined
        return (
          dataset && {
            contentHash: dataset.contentHash,
            harvestedAt: harvestedAt.get(datasetId)?.getTime() ?? null,
          }
        )
      },
    },
  }
}

/** What the catalogue changes of a dataset; without a complete snapshot it changes nothing. */
function catalogueLookup(
  listing: SourceListing,
  known: ReadonlyMap<string, KnownDataset>,
  catalogue: PromiseLike<CkanSnapshot | null>,
): NonNullable<ServerHarvest['catalogueChange']> {
  let records: Promise<ReadonlyMap<string, CkanRecord> | null> | undefined
  return async (listed, metadata) => {
    records ??= Promise.resolve(catalogue).then((ckan) =>
      ckan?.complete ? matchCkan(ckan.records, listing.source.url, listing.listedIds).records : null,
    )
    const found = await records
    const dataset = known.get(listed.datasetId)
    if (!found || !dataset) return 'none'
    return catalogueChange(dataset, { listed, metadata }, found.get(listed.datasetId) ?? null)
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
  if (outcome.status === 'success') return outcome.message ?? 'harvested'
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
