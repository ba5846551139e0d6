/** One OBIS dataset from its id to its attempt: described, placed, gathered into cells. */

import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describeError, HarvesterError, isHarvesterError } from '../../errors.ts'
import type { Breaker } from '../../http/breaker.ts'
import { httpStatusFacts } from '../../http/types.ts'
import {
  type AttemptOutcome,
  type DatasetAbout,
  failed,
  harvested as harvestedWith,
  skipped,
  unchanged,
} from '../../rules/attempt.ts'
import type { CatalogueChange, OwnWords } from '../../rules/catalogue-change.ts'
import type { NoHashReason } from '../../rules/fingerprint.ts'
import { CellGatherer, type ObisCell } from '../../rules/obis-cells.ts'
import { describeObisDataset, type ObisDescription, obisRulesVersion } from '../../rules/obis-dataset.ts'
import { parseShape } from '../../rules/obis-geometry.ts'
import { distinctNames } from '../../rules/organizations.ts'
import type { Contradiction } from '../../rules/reasons/errors.ts'
import { fact, sentence, type Warning } from '../../rules/reasons/index.ts'
import { readable } from '../../rules/text.ts'
import { amount } from '../../text.ts'
import { decodeUrl } from '../erddap/urls.ts'
import { failure, requestFault } from '../fault.ts'
import type { DatasetListener, DatasetResult, Harvested } from '../kind.ts'
import { isParquetFault, type ObisClient, type ObisDataset, type ObisScope } from './client.ts'
import type { ObisFilter } from './filter.ts'
import { flagColumns, NameTable, type OccurrenceBatch } from './occurrences.ts'
import type { FileValidators } from './remote-file.ts'

/** What all OBIS datasets share in one run. */
export interface ObisHarvest {
  client: ObisClient
  filter: ObisFilter
  breaker: Breaker
  /** Of one dataset; null for none. */
  datasetTimeoutMs: number | null
  /** What the catalogue changes of an unchanged dataset. Absent where the catalogue is not to be had. */
  catalogueChange?: (own: OwnWords) => Promise<CatalogueChange>
  signal: AbortSignal
  /** @default a real pause */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A file that breaks off halfway is read anew so often before the API is asked instead. */
const readings = 3
const cellsAtOnce = 500
/** Characters of the outline of a dataset: mostly a box. */
const longestExtent = 1024 * 1024
/** Species of all cells of a dataset together: a million cells with ten each. */
const mostNamings = 10_000_000

/**
 * Harvests one dataset. What goes wrong with it is its outcome.
 *
 * @param knownHash the `content_hash` of its last good harvest; equal means unchanged. Null harvests in any case
 * @throws HarvesterError CANCELLED, WRITE_FAILED: what concerns the whole run
 */
export async function harvestObisDataset(
  source: ObisHarvest,
  datasetId: string,
  knownHash: string | null,
  listener: DatasetListener<ObisCell>,
): Promise<DatasetResult<ObisDescription>> {
  const { client } = source
  const queryUrls: string[] = []
  const warnings: Warning[] = []
  let requests = 0
  let bytes = 0
  let about: DatasetAbout = { title: '', organizations: [] }
  const finish = (
    outcome: AttemptOutcome,
    harvested: Harvested<ObisDescription> | null = null,
  ): DatasetResult<ObisDescription> => ({
    outcome,
    harvested,
    verified: false,
    // A dataset that OBIS does not know, and a host that is away, are as they are until the next run.
    passing: null,
    warnings,
    remedies: [],
    about,
    queryUrls,
    requests,
    bytes,
  })
  const limit = timeLimit(source, datasetId)
  const scope: ObisScope = {
    signal: limit.signal,
    breaker: source.breaker,
    onRequest(record) {
      requests += 1
      bytes += record.bytes
      const url = decodeUrl(record.url)
      // Ranges of one file, and attempts of one request, are one entry.
      if (queryUrls.at(-1) !== url) queryUrls.push(url)
      listener.onRequest?.(record)
    },
  }

  try {
    const dataset = await client.dataset(datasetId, scope)
    if (dataset)
      about = { title: readable(dataset.title ?? ''), organizations: distinctNames(dataset.institutes) }
    if (!dataset) return finish(failed('NOT_FOUND', { fault: null, datasetId }))
    const filter = filterFor(source.filter, dataset, warnings)
    if (filter === 'elsewhere')
      return finish(skipped('OUT_OF_REGION', { region: source.filter.description, occurrences: null }))
    let gathered = await gather(source, dataset, filter, knownHash, scope, warnings)
    if (gathered === 'unchanged') {
      const catalogue = (await source.catalogueChange?.(ownWords(dataset))) ?? 'none'
      if (catalogue === 'none') return { ...finish(unchanged()), verified: true }
      if (catalogue === 'record')
        return { ...finish(harvestedWith(fact('RECORD_CHANGED', {}))), verified: true }
      // A record vanished: the dataset's own words are needed again.
      gathered = await gather(source, dataset, filter, null, scope, warnings)
      if (gathered === 'unchanged')
        throw new Error('a harvest without a known fingerprint cannot be unchanged')
    }
    const { gatherer, names, content } = gathered
    const { counts } = gatherer
    const { occurrences, records, absences, dropped } = counts
    const leftOut = absences + dropped > 0 ? { records, absences, dropped } : null
    if (records === 0 && (dataset.records ?? 0) > 0)
      throw contradictory({ kind: 'none-given', stated: dataset.records! })
    if (occurrences === 0) return finish(skipped('NO_OCCURRENCES', { leftOut }))
    if (leftOut !== null) warnings.push(fact('OCCURRENCES_LEFT_OUT', leftOut))
    if (gatherer.size === 0 && counts.outsideRegion === 0)
      return finish(skipped('NO_VALID_COORDINATES', { occurrences }))
    if (gatherer.size === 0)
      return finish(skipped('OUT_OF_REGION', { region: source.filter.description, occurrences }))
    if (counts.misplaced > 0)
      warnings.push(fact('OCCURRENCES_MISPLACED', { count: counts.misplaced, total: occurrences }))
    if (counts.impossibleDates > 0) warnings.push(fact('DATES_IMPOSSIBLE', { count: counts.impossibleDates }))
    let waiting: ObisCell[] = []
    for (const cell of gatherer.cells(names.names)) {
      waiting.push(cell)
      if (waiting.length < cellsAtOnce) continue
      await listener.onRows(waiting)
      limit.signal.throwIfAborted()
      waiting = []
    }
    if (waiting.length > 0) await listener.onRows(waiting)
    return finish(harvestedWith(), {
      rows: gatherer.size,
      description: describeObisDataset(dataset),
      content,
    })
  } catch (error) {
    if (source.signal.aborted || isHarvesterError(error, 'WRITE_FAILED')) throw error
    const cause = limit.signal.aborted ? (limit.signal.reason as unknown) : error
    if (isHarvesterError(cause, 'CANCELLED')) throw cause
    if (isHarvesterError(cause, 'HTTP_CONNECT') && typeof cause.facts.host === 'string')
      source.breaker.reportUnreachable(cause.facts.host, cause.message)
    if (queryUrls.length === 0) queryUrls.push(client.datasetUrl(datasetId))
    return finish(failure(cause))
  } finally {
    limit.end()
  }
}

/** What OBIS says of a dataset. */
function ownWords({ id, title, institutes }: ObisDataset): OwnWords {
  return { datasetId: id, title: title ?? '', organizations: distinctNames(institutes) }
}

interface Gathered {
  gatherer: CellGatherer
  names: NameTable
  content: { hash: string; reason: null } | { hash: null; reason: NoHashReason }
}

/** The occurrences from the published file; from the paged API where that is of no use. */
async function gather(
  source: ObisHarvest,
  dataset: ObisDataset,
  filter: ObisFilter['region'],
  knownHash: string | null,
  scope: ObisScope,
  warnings: Warning[],
): Promise<Gathered | 'unchanged'> {
  const sleep = source.sleep ?? ((ms, signal) => delay(ms, undefined, { signal }))
  let fault: unknown
  for (let reading = 1; reading <= readings; reading += 1) {
    try {
      return await gatherParquet(source, dataset, filter, knownHash, scope, warnings)
    } catch (error) {
      if (scope.signal.aborted || !isParquetFault(error)) throw error
      fault = error
      if (!isBroken(error)) break
    }
    if (reading < readings) await sleep(1000 * 2 ** reading, scope.signal)
  }
  warnings.push(fact('PARQUET_UNUSABLE', { fault: requestFault(fault) }))
  const names = new NameTable()
  const gatherer = new CellGatherer(filter)
  for await (const batch of source.client.pages(dataset.id, names, scope)) add(gatherer, batch, dataset.id)
  const { records: given } = gatherer.counts
  if (dataset.records !== null && given < dataset.records) {
    const counts = { stated: dataset.records, given }
    // A file that was never published says nothing; one that is broken would have told what the API keeps back.
    if (!isAbsent(fault)) throw contradictory({ kind: 'fewer-given', ...counts })
    warnings.push(fact('OCCURRENCES_FEWER', counts))
  }
  return { gatherer, names, content: { hash: null, reason: 'HASH_NO_FILE_LIST' } }
}

async function gatherParquet(
  source: ObisHarvest,
  dataset: ObisDataset,
  filter: ObisFilter['region'],
  knownHash: string | null,
  scope: ObisScope,
  warnings: Warning[],
): Promise<Gathered | 'unchanged'> {
  const file = await source.client.openParquet(dataset.id, scope)
  try {
    const hash = fingerprint(dataset, file.validators, filter ? source.filter.fingerprint : null)
    if (hash !== null && hash === knownHash) return 'unchanged'
    const parquet = await source.client.readParquet(file, scope.signal)
    const names = new NameTable()
    const gatherer = new CellGatherer(filter)
    for await (const batch of parquet.batches(names)) {
      add(gatherer, batch, dataset.id)
      scope.signal.throwIfAborted()
    }
    if (gatherer.counts.records !== parquet.rows)
      throw new HarvesterError(
        'HTTP_BAD_ANSWER',
        `${file.url} announces ${amount(parquet.rows, 'row')} and holds ${gatherer.counts.records}`,
      )
    const flags = parquet.missing.filter((column) => flagColumns.includes(column))
    const lost = parquet.missing.filter((column) => !flagColumns.includes(column))
    if (lost.length > 0) warnings.push(fact('PARQUET_COLUMNS_MISSING', { columns: lost }))
    if (flags.length > 0) warnings.push(fact('PARQUET_FLAGS_MISSING', { columns: flags }))
    return {
      gatherer,
      names,
      content: hash === null ? { hash: null, reason: 'HASH_NO_FILE_LIST' } : { hash, reason: null },
    }
  } finally {
    await file.close()
  }
}

/** @throws TABLE_TOO_LONG where the cells of a dataset would fill the memory */
function add(gatherer: CellGatherer, batch: OccurrenceBatch, datasetId: string): void {
  gatherer.add(batch)
  if (gatherer.namings > mostNamings)
    throw new HarvesterError(
      'TABLE_TOO_LONG',
      `the cells of ${datasetId} name more than ${mostNamings} species in all`,
      { facts: { maxRows: mostNamings } },
    )
}

/** Two answers about one dataset that cannot both be true: it keeps what the index has of it. */
function contradictory(contradiction: Contradiction): HarvesterError {
  const message = sentence('en', fact('CONTRADICTORY_ANSWERS', { contradiction }))
  return new HarvesterError('CONTRADICTORY_ANSWERS', message, {
    remedy: 'OBIS is asked again by the next run.',
    facts: { contradiction },
  })
}

/** Whether the store says that there is no such file: OBIS publishes some datasets later, or not at all. */
function isAbsent(fault: unknown): boolean {
  const status = httpStatusFacts(fault)?.status
  return status === 404 || status === 403
}

/** What proves that a dataset is as it was: its file, its description, our rules and the site's region. */
function fingerprint(dataset: ObisDataset, validators: FileValidators, region: string | null): string | null {
  if (validators.etag === null && validators.lastModified === null) return null
  const { title, institutes, nodes } = dataset
  return createHash('sha256')
    .update(JSON.stringify([obisRulesVersion, region, title, institutes, nodes, validators]))
    .digest('hex')
}

/** The region to hold occurrences against, null for all of them; `elsewhere` if no occurrence can lie in it. */
function filterFor(
  filter: ObisFilter,
  dataset: ObisDataset,
  warnings: Warning[],
): ObisFilter['region'] | 'elsewhere' {
  if (!filter.region || dataset.nodes.some(({ id }) => filter.exemptNodeIds.has(id))) return null
  if (dataset.extent === null) return filter.region
  try {
    if (dataset.extent.length > longestExtent) throw new Error('it is longer than any outline')
    return filter.region.meets(parseShape(dataset.extent)) ? filter.region : 'elsewhere'
  } catch (error) {
    warnings.push(fact('EXTENT_UNREADABLE', { detail: describeError(error) }))
    return filter.region
  }
}

/** A connection that broke, or a file that was replaced while it was read: another reading may succeed. */
function isBroken(error: unknown): boolean {
  if (isHarvesterError(error, 'HTTP_STATUS')) return error.facts.status === 412
  return isHarvesterError(error, 'HTTP_CONNECT', 'HTTP_TIMEOUT') && error.facts.permanent !== true
}

/** A signal that ends the work on one dataset: with the run, or when its time is over. */
function timeLimit(source: ObisHarvest, datasetId: string): { signal: AbortSignal; end(): void } {
  const { signal, datasetTimeoutMs: ms } = source
  const controller = new AbortController()
  const onAbort = () => controller.abort(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  const timer =
    ms === null
      ? undefined
      : setTimeout(
          () =>
            controller.abort(
              new HarvesterError(
                'HTTP_TIMEOUT',
                `OBIS dataset ${datasetId} took longer than ${ms / 1000} s`,
                {
                  remedy: 'Raise timeouts.dataset_seconds.',
                  facts: { phase: 'dataset', seconds: ms / 1000 },
                },
              ),
            ),
          ms,
        )
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}
