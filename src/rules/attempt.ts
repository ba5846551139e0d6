/**
 * An attempt: what became of one dataset in one run. Every dataset that a run meets ends as exactly one of these;
 * the vocabulary is closed, and the dashboard has a sentence for each reason.
 */

/** Why a dataset was left out, in the order in which the decisions are taken. */
export const skipReasons = [
  'CDM_DATA_TYPE_UNSUPPORTED',
  'ON_SKIP_LIST',
  'UNCHANGED',
  'INGEST_FLAG_FALSE',
  'MISSING_REQUIRED_VARS',
  'NO_SUPPORTED_VARIABLES',
  'DEPTH_AND_ALTITUDE',
  'MISSING_CF_ROLE',
  'NO_PROFILES_FOUND',
  'OUT_OF_REGION',
  'NO_OCCURRENCES',
  'NO_VALID_COORDINATES',
] as const

/** Why a dataset that should have been harvested was not. */
export const errorReasons = [
  'NOT_LISTED',
  'NOT_FOUND',
  'HTTP_ERROR',
  'HOST_UNAVAILABLE',
  'RESPONSE_TOO_LARGE',
  'BAD_METADATA',
  'CONTRADICTORY_ANSWERS',
  'ROWS_REJECTED',
  'UNKNOWN_ERROR',
] as const

export type SkipReason = (typeof skipReasons)[number]
export type ErrorReason = (typeof errorReasons)[number]
export type ReasonCode = SkipReason | ErrorReason
export type SourceType = 'erddap' | 'obis'

interface AttemptFacts {
  /** The configured URL of the source, without trailing slash. */
  erddapUrl: string
  datasetId: string
  source: SourceType
  durationMs: number
  attemptedAt: Date
  /** Every URL requested, decoded, in order. */
  queryUrls: string[]
}

export type AttemptOutcome =
  | { status: 'success'; reason: null; message: string | null }
  | { status: 'skipped'; reason: SkipReason; message: string | null }
  | { status: 'error'; reason: ErrorReason; message: string }

export type Attempt = AttemptFacts & AttemptOutcome
