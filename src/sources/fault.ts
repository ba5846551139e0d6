/** An error of a client as the outcome of an attempt: its reason with values, the server's words first. */

import { describeError, type HarvesterError, isHarvesterError } from '../errors.ts'
import { httpStatusFacts } from '../http/types.ts'
import { type AttemptOutcome, failed } from '../rules/attempt.ts'
import type { Contradiction } from '../rules/reasons/errors.ts'
import type { ConnectFault, RequestFault, TimeoutPhase } from '../rules/reasons/requests.ts'
import { classifyAnswer } from './erddap/answers.ts'
import { decodeUrl } from './erddap/urls.ts'

/** What went wrong with the request behind an error. */
export function requestFault(error: unknown): RequestFault {
  const request = requestOf(error)
  const attempts = isHarvesterError(error) ? Number(error.facts.attempts ?? 1) : 1
  const status = httpStatusFacts(error)
  if (status)
    return {
      kind: 'status',
      status: status.status,
      sentence: status.sentence,
      meaning: classifyAnswer(status.status, status.body),
      request,
      attempts,
    }
  if (isHarvesterError(error, 'HTTP_CONNECT'))
    return {
      kind: 'connect',
      fault: connectFault(error),
      host: String(error.facts.proxy ?? error.facts.host ?? ''),
      detail: error.cause === undefined ? '' : describeError(error.cause),
      request,
      attempts,
    }
  if (isHarvesterError(error, 'HTTP_TIMEOUT'))
    return {
      kind: 'timeout',
      phase: (error.facts.phase ?? 'total') as TimeoutPhase,
      seconds: typeof error.facts.seconds === 'number' ? error.facts.seconds : null,
      host: String(error.facts.proxy ?? error.facts.host ?? ''),
      request,
      attempts,
    }
  return { kind: 'answer', detail: withoutRequest(describeError(error), error), request }
}

/** The outcome that an error of a client is. */
export function failure(error: unknown): AttemptOutcome & { status: 'error' } {
  if (!isHarvesterError(error))
    return failed('UNKNOWN_ERROR', {
      name: error instanceof Error ? error.name : '',
      detail: describeError(error),
    })
  switch (error.code) {
    case 'HOST_UNAVAILABLE':
      return failed('HOST_UNAVAILABLE', {
        host: String(error.facts.host ?? ''),
        datasets: typeof error.facts.datasets === 'number' ? error.facts.datasets : null,
        detail: typeof error.facts.detail === 'string' ? error.facts.detail : '',
      })
    case 'ERDDAP_UNKNOWN_DATASET':
      return failed('NOT_FOUND', { fault: requestFault(error), datasetId: '' })
    case 'ERDDAP_BAD_METADATA':
      return failed('BAD_METADATA', {
        detail: describeError(error),
        ...(error.facts.repeated !== undefined && {
          repeated: error.facts.repeated as { variables: readonly string[]; id: string },
        }),
      })
    case 'CONTRADICTORY_ANSWERS':
      return failed('CONTRADICTORY_ANSWERS', {
        contradiction: (error.facts.contradiction as Contradiction | undefined) ?? {
          kind: 'other',
          detail: describeError(error),
        },
      })
    case 'HTTP_TOO_LARGE':
      return failed('RESPONSE_TOO_LARGE', {
        limit: Number(error.facts.maxBytes ?? 0),
        unit: 'bytes',
        request: requestOf(error),
      })
    case 'TABLE_TOO_LONG':
      return failed('RESPONSE_TOO_LARGE', {
        limit: Number(error.facts.maxRows ?? 0),
        unit: 'rows',
        request: requestOf(error),
      })
    case 'HTTP_STATUS':
    case 'HTTP_CONNECT':
    case 'HTTP_TIMEOUT':
    case 'HTTP_BAD_ANSWER':
    case 'ERDDAP_NO_DATA':
    case 'ERDDAP_UNSUPPORTED':
      return failed('HTTP_ERROR', { fault: requestFault(error) })
    default:
      return failed('UNKNOWN_ERROR', { name: error.name, detail: describeError(error) })
  }
}

/** Method and decoded address, as a person may replay it; null where the error names none. */
function requestOf(error: unknown): string | null {
  if (!isHarvesterError(error) || typeof error.facts.url !== 'string') return null
  const method = typeof error.facts.method === 'string' ? error.facts.method : 'GET'
  return `${method} ${decodeUrl(error.facts.url)}`
}

/** Our clients begin a message with the request, which is told apart from what went wrong with it. */
function withoutRequest(message: string, error: unknown): string {
  if (!isHarvesterError(error) || typeof error.facts.url !== 'string') return message
  for (const url of [error.facts.url, decodeUrl(error.facts.url)])
    for (const start of [`${error.facts.method ?? 'GET'} ${url}: `, `${url}: `])
      if (message.startsWith(start)) return message.slice(start.length)
  return message
}

function connectFault(error: HarvesterError): ConnectFault {
  if (error.facts.broke === true) return 'broken'
  switch (error.facts.cause) {
    case 'ENOTFOUND':
      return 'unknown-name'
    case 'EAI_AGAIN':
      return 'name-unavailable'
    case 'ECONNREFUSED':
      return 'refused'
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return 'closed'
    default:
      return 'unreachable'
  }
}
