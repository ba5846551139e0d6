import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { isHarvesterError } from '../errors.ts'
import { faultOf } from '../runs/index.ts'
import type { ServerLog } from './ports.ts'

/** An answer that is not a success: its text is meant for the asker and never holds a stack or a secret. */
export class Problem extends Error {
  readonly status: ContentfulStatusCode
  readonly facts: Record<string, string | null>
  readonly headers: Record<string, string>

  constructor(
    status: ContentfulStatusCode,
    message: string,
    options: { facts?: Record<string, string | null>; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.name = 'Problem'
    this.status = status
    this.facts = options.facts ?? {}
    this.headers = options.headers ?? {}
  }
}

export function notFound(what: string): Problem {
  return new Problem(404, what)
}

/** What an asker is told of an error; what is behind it goes to the log only. */
export function problemOf(error: unknown, log: ServerLog, where: string): Problem {
  if (error instanceof Problem) return error
  if (isHarvesterError(error, 'DATABASE_UNREACHABLE', 'DATABASE_NOT_READY', 'DATABASE_LOCKED')) {
    log.warn({ err: error, where }, 'the database cannot answer')
    return new Problem(503, 'The database cannot be asked at the moment.', {
      headers: { 'retry-after': '5' },
    })
  }
  const fault = faultOf(error)
  if (fault !== null) {
    log.warn({ err: error, where }, `the ${fault.kind.title} server cannot answer`)
    return new Problem(503, `The ${fault.kind.title} server cannot be asked at the moment.`)
  }
  log.error({ err: error, where }, 'a request failed')
  return new Problem(500, 'The server could not answer this request.')
}
