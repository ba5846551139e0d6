/** The state of one execution of Harvest Source: what its tasks share and hand on. */

import type { Source } from '../config/source.ts'
import type { KnownDataset } from '../inventory/fingerprints.ts'
import type { RunFolder } from '../inventory/folder.ts'
import type { Spool } from '../inventory/spool.ts'
import type { HarvestListener } from '../log/events.ts'
import type { Attempt } from '../rules/attempt.ts'
import type { RunFact } from '../rules/reasons/run.ts'
import type { AttemptCounts } from '../rules/verdict.ts'
import type { Listed, OpenSource } from '../sources/index.ts'

/** What is kept of a harvested dataset until the tables are written; plain JSON. */
export interface DatasetEntry {
  attempt: Omit<Attempt, 'attemptedAt'> & { attemptedAt: string }
  /** Of a harvested dataset, what its kind of source makes its row in datasets.csv of; else null. */
  description: unknown
  /** Found unchanged: belongs into verified.csv, whether the catalogue makes its attempt a success or not. */
  verified: boolean
  contentHash: string | null
  contentHashReason: string | null
  /** Start of the run that asked: what its rows and its verification are as of. */
  asOf: string
  /** Of the rules that made the rows: other rules do not take them over. */
  rulesVersion: number
}

/** A source of the run, with its list or why it has none. */
export interface SourceListing {
  source: Source
  opened: OpenSource
  /** What is to be attempted. */
  datasets: readonly Listed[]
  /** All ids that are listed, attempted or not. */
  listedIds: readonly string[]
  /** Ids asked for that are not listed. */
  notListed: readonly string[]
  /** Why the list could not be had or believed. */
  error: RunFact | null
  /** Only some of the listed datasets were asked for, or the list is no proof of what is not in it. */
  restricted: boolean
  /** What the database holds of the source, by dataset; null where there is no database to ask. */
  known: ReadonlyMap<string, KnownDataset> | null
}

/** A source whose list may still be on its way. */
export interface PendingListing {
  source: Source
  listing: Promise<SourceListing>
}

export interface SourceResult {
  source: Source
  counts: AttemptCounts
  listingError: RunFact | null
}

/** One execution: a row of harvest_runs. */
export interface HarvestRun {
  runId: string
  flowRunId: string
  startedAt: Date
  scope: 'full' | 'single'
  triggeredSource: string | null
  triggeredBy: string
  slug: string
  folder: RunFolder
  spool: Spool<DatasetEntry>
  tell: HarvestListener
}
