import type { Reject } from './read.ts'

/** What a listing of a source was worth, as the harvest knows; the folder alone does not tell. */
export interface Listing {
  erddapUrl: string
  /** The listing succeeded, was not empty, not cut off and not suspiciously short. */
  complete: boolean
  /** Only some datasets were asked for (`dataset_ids`): those that are absent say nothing. */
  restricted: boolean
}

export interface LoadLimits {
  /** Complete listings in a row that must lack a dataset before it is removed. @default 3 */
  missingRuns: number
  /** Hours that these listings must span at least. @default 24 */
  missingHours: number
  /** The share of a source's datasets that one run may remove. @default 0.2 */
  pruneShare: number
  /** Up to so many are removed whatever their share. @default 5 */
  pruneCount: number
  /** The share of rows that may be refused before the load fails whole. @default 0.01 */
  rejectShare: number
  /** Up to so many are refused whatever their share. @default 10 */
  rejectCount: number
  /** How long to wait for other loaders. @default 1800 */
  lockWaitSeconds: number
  /** Longest single statement of the merge. @default 1800 */
  statementTimeoutSeconds: number
  /** Longest wait for a lock other than the loaders' own. @default 60 */
  lockTimeoutSeconds: number
}

export const defaultLimits: LoadLimits = {
  missingRuns: 3,
  missingHours: 24,
  pruneShare: 0.2,
  pruneCount: 5,
  rejectShare: 0.01,
  rejectCount: 10,
  lockWaitSeconds: 1800,
  statementTimeoutSeconds: 1800,
  lockTimeoutSeconds: 60,
}

export type LoadLog = (level: 'info' | 'warn', message: string, facts?: Record<string, unknown>) => void

export interface LoadOptions {
  /**
   * `full`: the folder is everything there is, and what it no longer holds leaves the index.
   * `incremental`: what the folder does not name stays.
   */
  mode: 'incremental' | 'full'
  /** Of the sources that were listed. Without it nothing counts as missing, and a full load takes the folder's word. */
  listings?: readonly Listing[] | undefined
  /** Of the run that harvested: several executions of it (stopped, resumed) are one listing. */
  flowRunId?: string | undefined
  /** Removes more than the share of a source that the limits allow. @default false */
  allowPrune?: boolean | undefined
  /** Lets older harvests overwrite newer ones. @default false */
  forceOld?: boolean | undefined
  /** A full load may cover fewer sources than the database (CDE_ALLOW_FULL_RELOAD). @default false */
  allowFullReload?: boolean | undefined
  limits?: Partial<LoadLimits> | undefined
  signal?: AbortSignal | undefined
  log?: LoadLog | undefined
  /** @default the system's clock */
  now?: (() => Date) | undefined
}

export interface DatasetKey {
  erddapUrl: string
  datasetId: string
}

export interface RowCounts {
  /** Rows in the folder that were good. */
  staged: number
  inserted: number
  updated: number
  deleted: number
}

export interface LoadSummary {
  folder: string
  mode: 'incremental' | 'full'
  datasets: RowCounts & {
    /** Older than what the database holds: left out. */
    older: number
    /** Seen and unchanged, from verified.csv. */
    verified: number
    /** In verified.csv, but not in the database. */
    unknown: number
    /** Datasets of which a row or a profile changed, new ones included. */
    changed: number
  }
  profiles: RowCounts
  cells: RowCounts
  points: { inserted: number; deleted: number }
  hexagons: { inserted: number; deleted: number }
  /** Datasets that kept their previous rows, because a row of theirs was refused. */
  rejectedDatasets: RejectedDataset[]
  /** Rows that were refused; `rejected.csv` of the folder has them all. */
  rejectedRows: number
  /** What left the index, and why. */
  pruned: (DatasetKey & { reasonCode: string })[]
  /** Sources that would have lost too much: nothing that the share limit guards was removed from them. */
  pruneRefused: {
    erddapUrl: string
    wouldLose: number
    of: number
    percent: number | null
    message: string
  }[]
  warnings: string[]
  milliseconds: { stage: number; lockWait: number; merge: number; total: number }
}

export type { Reject }

/** A dataset that keeps what it had, since a row of it was refused. */
export interface RejectedDataset extends DatasetKey {
  message: string
  /** The first thing that was refused. */
  refused: { file: string; line: number; column: string; value: string; rule: string }
}
