import { describeError, type ErrorCode, HarvesterError, isHarvesterError } from '../errors.ts'

/** The five letters by which PostgreSQL names what went wrong, if the error came from a server. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let at: unknown = error; at; at = (at as { cause?: unknown }).cause) {
    const code = (at as { code?: unknown }).code
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (at as object)) return code
  }
  return undefined
}

/** Whether trying again later may help: the connection or the server went away, or a lock was not had in time. */
export function isTransient(error: unknown): boolean {
  if (isHarvesterError(error, 'DATABASE_UNREACHABLE')) return error.facts.transient === true
  const state = sqlStateOf(error)
  if (state) return /^(08|53|57P|40)/.test(state) || state === '55P03'
  return isHarvesterError(error, 'DATABASE_FAILED') && error.facts.transient === true
}

const networkCodes =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT)$/
const lostConnection =
  /Connection terminated|connection (was )?closed|Client has encountered|not queryable|timeout exceeded when trying to connect|Query read timeout/i

/**
 * The error of a driver as one a person can act on. `where` names the database (no password); an error that already
 * is a {@link HarvesterError} stays as it is.
 */
export function databaseError(error: unknown, where: string, signal?: AbortSignal): HarvesterError {
  if (error instanceof HarvesterError) return error
  const state = sqlStateOf(error)
  const network = (error as { code?: unknown } | null)?.code
  const make = (code: ErrorCode, message: string, remedy: string, transient = false) =>
    new HarvesterError(code, message, { cause: error, remedy, facts: { sqlState: state, transient } })

  if (signal?.aborted)
    return new HarvesterError('CANCELLED', 'The work in the database was cancelled.', { cause: error })
  switch (state) {
    case '28P01':
    case '28000':
      return make(
        'DATABASE_UNREACHABLE',
        `${where} refuses the login`,
        'Check user and password (DATABASE_URL, or DB_USER and DB_PASSWORD) and the server’s pg_hba.conf.',
      )
    case '3D000':
      return make(
        'DATABASE_UNREACHABLE',
        `${where} does not exist on that server`,
        'Create it (createdb) or correct its name (DATABASE_URL or DB_NAME).',
      )
    case '42501':
      return make(
        'DATABASE_FAILED',
        `${where} does not allow this user to do that`,
        'Give the user the rights (docs/operations.md lists them), or run `harvester migrate` as the owner.',
      )
    case '55P03':
      return make(
        'DATABASE_FAILED',
        `${where}: a lock was not had in time`,
        'Somebody else holds the table; try again later.',
        true,
      )
    case '57014':
      return make(
        'DATABASE_FAILED',
        `${where}: a statement took too long and was stopped`,
        'Try again later.',
        true,
      )
    case '53100':
      return make(
        'DATABASE_FAILED',
        `${where} has no space left on its disk`,
        'Free some space and load again.',
        true,
      )
  }
  if (state && /^(57P|08|53)/.test(state))
    return make(
      'DATABASE_FAILED',
      `${where} went away or takes no more connections`,
      'Try again once it is back; nothing was half-done.',
      true,
    )
  if (typeof network === 'string' && networkCodes.test(network))
    return make(
      'DATABASE_UNREACHABLE',
      `${where} cannot be reached`,
      'Check that the server runs and that host and port are right.',
      true,
    )
  if (lostConnection.test(error instanceof Error ? error.message : ''))
    return make(
      'DATABASE_FAILED',
      `The connection to ${where} was lost`,
      'Try again once it is back; nothing was half-done.',
      true,
    )
  if (/self.signed|certificate|SSL/i.test(error instanceof Error ? error.message : ''))
    return make(
      'DATABASE_UNREACHABLE',
      `${where}: the encrypted connection failed`,
      'Check sslmode and the CA file.',
    )
  return make(
    'DATABASE_FAILED',
    `${where} refused a statement: ${describeError(error)}`,
    'See the log for the statement.',
  )
}
