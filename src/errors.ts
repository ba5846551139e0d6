/**
 * The one error class of the product. Everything that ends a command, a run or a dataset with a reason a person
 * should read is a `HarvesterError`: it says what went wrong, where, and what to do about it.
 */

/** The exit codes of the `harvester` command (docs/errors.md). */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const

/**
 * Every stable code, with the exit code a command ends with and one sentence on when it is thrown.
 * `docs/errors.md` is held against this table by a test.
 */
export const errorCodes = {
  CONFIG_INVALID: [2, 'A configuration file or an environment variable has unknown keys or bad values.'],
  CONFIG_NOT_FOUND: [2, 'The configuration file that was named does not exist or cannot be read.'],
  USAGE: [2, 'A command was called with wrong arguments.'],
  VOCABULARY_INVALID: [1, 'A vocabulary cannot be read, or is not what it should be.'],
  LISTEN_FAILED: [1, 'The address that the dashboard and API listen on is taken, or cannot be had.'],
  SOURCE_UNKNOWN: [2, 'A source was named that matches no configured source, or several.'],
  HTTP_STATUS: [1, 'A server answered with a status that says the request failed.'],
  HTTP_CONNECT: [1, 'A server could not be reached: name, route, port, TLS or a connection that broke.'],
  HTTP_TIMEOUT: [1, 'A server did not answer within one of the time limits.'],
  HTTP_TOO_LARGE: [1, 'An answer was larger than the limit and was cut off.'],
  HTTP_BAD_ANSWER: [
    1,
    'An answer was not what was asked for: HTML for CSV, a truncated body, a missing column.',
  ],
  HOST_UNAVAILABLE: [1, 'A host failed so often that it is left alone for the rest of the run.'],
  ERDDAP_NO_DATA: [1, 'ERDDAP says that a query has no rows.'],
  ERDDAP_UNKNOWN_DATASET: [1, 'ERDDAP does not know a dataset.'],
  ERDDAP_UNSUPPORTED: [1, 'An ERDDAP lacks a function that was asked for.'],
  ERDDAP_BAD_METADATA: [1, 'The metadata of a dataset cannot be understood.'],
  CONTRADICTORY_ANSWERS: [1, 'Two answers about one dataset cannot both be true.'],
  LISTING_FAILED: [1, 'The list of datasets of a source could not be had, or cannot be believed.'],
  TABLE_TOO_LONG: [1, 'A table had more rows than the limit.'],
  FOLDER_UNREADABLE: [1, 'A run folder is missing, half-written or does not follow the column contract.'],
  WRITE_FAILED: [1, 'A file could not be written: no space, no permission.'],
  DATABASE_UNREACHABLE: [1, 'The database cannot be reached, refuses the login or does not exist.'],
  DATABASE_NOT_READY: [1, 'The database lacks an extension or a migration.'],
  DATABASE_LOCKED: [1, 'The embedded database is in use by another process, or a lock was not had in time.'],
  DATABASE_FAILED: [1, 'The database refused a statement or went away.'],
  CLOCK_WRONG: [1, 'The clock of this machine is more than an hour apart from that of the database.'],
  LOAD_REJECTED: [1, 'A load was refused whole, because too much of it was wrong or would be lost.'],
  MIGRATION_CHANGED: [1, 'A migration that was applied differs from the file of this version.'],
  PREFECT_UNREACHABLE: [1, 'The Prefect server cannot be reached.'],
  PREFECT_REFUSED: [1, 'The Prefect server refused a request: login, version, unknown name, parameters.'],
  PARAMETERS_INVALID: [2, 'The parameters of a flow do not follow its schema.'],
  SOURCE_NOT_READY: [1, 'A source, or a dataset of it, was not ready within the time that was given.'],
  STEP_FAILED: [
    1,
    'A step that follows a harvest failed: a command, a webhook, Redis, a view, another deployment.',
  ],
  ALERT_NOT_SENT: [1, 'An alert could not be handed to a channel, or no channel is configured.'],
  RUN_FAILED: [1, 'A run ended as Failed.'],
  RUN_TIMEOUT: [1, 'A flow or a task took longer than its time limit.'],
  CHILD_LOST: [1, 'The state of a child run could not be read for too long; it may have finished.'],
  CANCELLED: [130, 'The work was cancelled.'],
  INTERNAL: [1, 'Something unforeseen happened; the message and the stack say what.'],
} as const satisfies Record<string, readonly [exitCode: number, when: string]>

export type ErrorCode = keyof typeof errorCodes

export interface HarvesterErrorOptions {
  /** What the reader can do about it, as a sentence. */
  remedy?: string
  cause?: unknown
  /** Facts for the log: never secrets. */
  facts?: Record<string, unknown>
}

export class HarvesterError extends Error {
  readonly code: ErrorCode
  readonly remedy: string | undefined
  readonly facts: Record<string, unknown>

  constructor(code: ErrorCode, message: string, options: HarvesterErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HarvesterError'
    this.code = code
    this.remedy = options.remedy
    this.facts = options.facts ?? {}
  }

  get exitCode(): number {
    return errorCodes[this.code][0]
  }
}

/** Whether a value is a {@link HarvesterError}, with one of the given codes if any are given. */
export function isHarvesterError(value: unknown, ...codes: ErrorCode[]): value is HarvesterError {
  return value instanceof HarvesterError && (codes.length === 0 || codes.includes(value.code))
}

/** One line that says what happened: the message, and those of the causes that add something. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  for (
    let at: unknown = error;
    at !== undefined && at !== null && parts.length < 4;
    at = (at as { cause?: unknown }).cause
  ) {
    const text = at instanceof Error ? at.message || at.name : String(at)
    if (text && !parts.some((part) => part.includes(text))) parts.push(text)
  }
  return parts.join(': ') || 'unknown error'
}
