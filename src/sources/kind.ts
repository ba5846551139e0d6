/**
 * What a kind of source is: how its list is had and what is believed of it, how a dataset is harvested, which record of
 * the catalogue is that of a dataset, and what its row in `datasets.csv` is. Listing, harvesting, second tries,
 * attempts and tables are written once, in `src/harvest`, for whatever meets this.
 */

import type { CkanRecord } from '../catalogue/record.ts'
import type { HarvestSettings } from '../config/harvest-schema.ts'
import type { WaitFor } from '../config/operations-schema.ts'
import type { Source } from '../config/source.ts'
import type { Breaker } from '../http/breaker.ts'
import type { HttpClient, HttpRecord } from '../http/client.ts'
import type { TableRow } from '../inventory/contract.ts'
import type { AttemptOutcome, DatasetAbout } from '../rules/attempt.ts'
import type { CatalogueChange, OwnWords } from '../rules/catalogue-change.ts'
import type { CkanMatches } from '../rules/ckan.ts'
import type { Seen, Wanted } from '../rules/readiness.ts'
import type { Warning } from '../rules/reasons/index.ts'
import type { Remedy } from '../rules/remedies/index.ts'
import type { Vocabularies } from '../rules/vocabularies.ts'

/** What came of one dataset: how its attempt ends, and what the tables need of it. */
export interface DatasetResult<Description = unknown> {
  outcome: AttemptOutcome
  /** Null where there is nothing to be written. */
  harvested: Harvested<Description> | null
  /** Found unchanged: what the database holds of it is still true, but for what the catalogue says. */
  verified: boolean
  /**
   * What may have passed by the end of the run: the server does not know the dataset, which it may be reading anew, or
   * it cannot be reached.
   */
  passing: 'unknown' | 'unreachable' | null
  warnings: Warning[]
  /** What its owner could change. */
  remedies: Remedy[]
  about: DatasetAbout
  /** Decoded, in order. */
  queryUrls: string[]
  requests: number
  bytes: number
}

export interface Harvested<Description = unknown> {
  rows: number
  /** What its row in `datasets.csv` is made of; plain JSON, since it is kept on disk until the tables are written. */
  description: Description
  /** The fingerprint of what was harvested, or why there is none. */
  content: { hash: string | null; reason: string | null }
  /** What the log is told of its rows besides. */
  told?: { facts: object; text: string }
}

/** A dataset of a list. */
export interface Listed {
  readonly datasetId: string
}

/** Told of a dataset while it is harvested. */
export interface DatasetListener<Row extends object = object> {
  /** Rows of the kind's table by column, without the columns that name source and dataset. */
  onRows(rows: readonly Row[]): Promise<void>
  /** Each request as it ends. */
  onRequest?(record: HttpRecord): void
}

/** What all kinds are made from, once a process. */
export interface SourceParts {
  http: HttpClient
  settings: HarvestSettings
  /** Folders in which files that the configuration names are looked for, in order. */
  configFolders: readonly string[]
  /** Where answers may be kept between runs. */
  cacheFolder: string
}

/** What one run knows and shares when it harvests the datasets of a source. */
export interface SourceHarvest {
  breaker: Breaker
  vocabularies: Vocabularies
  changes: ChangeTerms
  /** What the catalogue changes of an unchanged dataset. Absent where the catalogue is not to be had. */
  catalogueChange?: (own: OwnWords) => Promise<CatalogueChange>
  /** Start of the run, epoch milliseconds. */
  now: number
  /** Where answers that are too long for memory may be spilled. */
  folder: string
  signal: AbortSignal
}

/** What may be taken over unasked. */
export interface ChangeTerms {
  mode: 'auto' | 'metadata' | 'off'
  /** How long the newest source file must have been left alone before a fingerprint counts. */
  settleMs: number
  /** How long a harvest is taken over at most. */
  maxAgeMs: number
  /** The fingerprint of the last good harvest; null where the dataset is to be harvested in any case. */
  knownHash(datasetId: string): string | null
  /** Whether the index has the dataset, and it need not be harvested in any case. */
  isKept(datasetId: string): boolean
  /** What earlier runs left behind, read when it is first needed. */
  memory(): Promise<SourceMemory>
}

export interface SourceMemory {
  /** When the data of a dataset were last asked for, epoch milliseconds; null where nobody knows. */
  harvestedAt(datasetId: string): number | null
  /** What manifests showed; null where nothing is remembered. */
  diskViews: DiskViews | null
}

/** The memory of what manifests showed, by dataset id. */
export interface DiskViews {
  get(datasetId: string): { digest: string; sameSinceMs: number } | undefined
  note(datasetId: string, view: { digest: string; sameSinceMs: number }): Promise<void>
}

/** How a list is asked for. */
export interface ListRequest {
  signal: AbortSignal
  /** A list that has not come whole by then is given up. */
  timeoutMs: number
  onWarning(sentence: string): void
  onRequest(record: HttpRecord): void
}

/** One source in one run. */
export interface OpenSource<L extends Listed = Listed, Description = unknown> {
  /** Datasets under way at one moment. */
  readonly workers: number
  /** @throws HarvesterError */
  list(request: ListRequest): Promise<L[]>
  /** The address of what a dataset is first asked for, decoded. */
  addressOf(datasetId: string): string
  /** Makes ready to ask for datasets. @throws HarvesterError where a setting of the kind cannot be used */
  asker(harvest: SourceHarvest): Promise<DatasetAsker<L, Description>>
  /** How many datasets there are that this program does not index. */
  countUnindexed?(request: { signal: AbortSignal; timeoutMs: number }): Promise<number>
}

export interface DatasetAsker<L extends Listed = Listed, Description = unknown> {
  /**
   * Harvests one dataset. What goes wrong with it is its outcome.
   * @throws HarvesterError CANCELLED, WRITE_FAILED: what concerns the whole run
   */
  ask(listed: L, listener: DatasetListener): Promise<DatasetResult<Description>>
}

/** What a row of `datasets.csv` is made of. */
export interface RecordFacts<Description> {
  /** The configured address of the source. */
  erddapUrl: string
  datasetId: string
  description: Description
  rows: number
  vocabularies: Vocabularies
  /** The catalogue's record of the dataset, if there is one. */
  ckan: CkanRecord | null
  content: { hash: string | null; reason: string | null }
  harvestedAt: Date
}

export interface BuiltRecord {
  record: TableRow<'datasets'>
  warnings: Warning[]
  /** Standard names that belong to no ocean variable yet. */
  uncoveredStandardNames?: readonly string[]
  /** Rows of further tables, less the columns that name source and dataset. */
  further?: Readonly<Partial<Record<FurtherTable, readonly object[]>>>
}

/** Tables beside that of the rows, which some kinds fill where a site asks for it. */
export type FurtherTable = 'tracks'

/** What is said of a list that is not believed, and what may be done. Where nobody is asked for it, there is no need. */
export interface ListingWords {
  unreadableRemedy: string
  empty: string
  emptyRemedy: string
  shortRemedy: string
}

/** How a source of this kind may be waited for. */
export interface SourceWait<S extends Source = Source> {
  /** What its configuration says. */
  wanted(source: S): WaitFor | null
  /** @throws HarvesterError SOURCE_NOT_READY at the time limit, or at once if waiting cannot help */
  until(
    source: Pick<S, 'url'>,
    parts: Pick<SourceParts, 'http' | 'settings'>,
    request: WaitRequest,
  ): Promise<Waited>
}

export interface WaitRequest {
  wanted: Wanted
  /** How long to wait at most. */
  timeoutMs: number
  /** Between two looks. A server that cannot be reached at all is looked for sooner at first: that costs it nothing. */
  intervalMs: number
  signal: AbortSignal
  /** Resolves after the time, or rejects with the signal's reason. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Told of the first look, and of each that differs from the one before. */
  onChange(seen: Seen): void
}

export interface Waited {
  seen: Seen
  looks: number
  waitedMs: number
}

/** Methods, so that the registry holds kinds of different sources, lists and descriptions. */
export interface SourceKind<S extends Source = Source, L extends Listed = Listed, Description = unknown> {
  readonly type: S['type']
  /** Of the rules that make the rows: others do not take them over. */
  readonly rulesVersion: number
  /** What the address of a question about data holds, and no other; null where every attempt asks for data. */
  readonly dataMark: string | null
  /** Null where the list is the configuration's, and no server is asked for it. */
  readonly listing: ListingWords | null
  /** Whether a host that does not answer is given pauses, and what failed there asked again. */
  readonly isPatient: boolean
  /** Whether whoever starts a run may name an address: then it must not lead into the network of the worker. */
  readonly isAnywhere: boolean
  readonly wait: SourceWait<S> | null
  /** The only ids that are wanted of its list, as configured; null for all. */
  limitedTo(source: S): readonly string[] | null
  /** The part of a run's name that tells the source. */
  runSlug(source: S): string
  open(source: S, parts: SourceParts): OpenSource<L, Description>
  /** The catalogue's records of the listed datasets. */
  matchCatalogue(records: Iterable<CkanRecord>, source: S, datasetIds: readonly string[]): CkanMatches
  record(facts: RecordFacts<Description>): BuiltRecord
  /** The further tables that a run of this source writes, if only their headers. */
  furtherTables?(source: S, settings: HarvestSettings): readonly FurtherTable[]
  /** Whether the source answers, and with what. @throws HarvesterError */
  check(
    source: S,
    parts: Pick<SourceParts, 'http' | 'settings'>,
    request: { signal: AbortSignal; timeoutMs: number },
  ): Promise<{ found: string; doubt: string | null }>
  /**
   * Judges the settings of the kind before a run needs them; `isUsed` where a source is of it.
   * @throws HarvesterError CONFIG_INVALID, CONFIG_NOT_FOUND
   */
  judgeSettings?(parts: Pick<SourceParts, 'settings' | 'configFolders'>, isUsed: boolean): Promise<void>
}
