/** What the answers of a Prefect server say, or of what stands before it, and the usual mistakes behind them. */
import { describeError, HarvesterError, isHarvesterError } from '../../errors.ts'
import type { HttpAnswer } from '../../http/types.ts'
import type { PrefectSettings } from './settings.ts'

/** Of a wire or a proxy that breaks an answer: the next one may be whole. */
class Garbled extends Error {
  override readonly name = 'Garbled'
}

/** @throws Garbled for what is neither a page nor JSON, or no list where a filter gives one */
export function refuseGarbage({ status, body: text }: HttpAnswer, url: string): void {
  if (status >= 300 || isPage(text)) return
  const isList = new URL(url).pathname.endsWith('/filter')
  if (text === '' && !isList) return
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Garbled(`the answer is no JSON, it starts with ${JSON.stringify(text.slice(0, 60))}`, { cause })
  }
  if (isList && !Array.isArray(value)) throw new Garbled('the answer is no list')
}

const isPage = (text: string): boolean => /^\s*<(!doctype|html)/i.test(text)

export function judged(answer: HttpAnswer, method: string, url: string, settings: PrefectSettings): Response {
  const path = new URL(url).pathname
  if (answer.status === 401 || (answer.status === 403 && !/csrf/i.test(answer.body))) {
    const how = settings.authString === null ? 'PREFECT_API_KEY' : 'PREFECT_API_AUTH_STRING'
    const given = settings.apiKey !== null || settings.authString !== null
    if (answer.status === 401 || !answer.body.includes('detail'))
      throw new HarvesterError(
        'PREFECT_REFUSED',
        `The Prefect server at ${settings.apiUrl} refuses the login (${method} ${path}: ${answer.status})`,
        {
          remedy: given ? `Check ${how}.` : 'Set PREFECT_API_AUTH_STRING (user:password) or PREFECT_API_KEY.',
        },
      )
  }
  const type = String(answer.headers['content-type'] ?? '')
  const page = /text\/html/i.test(type) || isPage(answer.body)
  // Of the proxy before it: the server may be back in a moment, and what it is to be told is told again.
  if (page && answer.status >= 500)
    throw new HarvesterError(
      'PREFECT_UNREACHABLE',
      `The Prefect server at ${settings.apiUrl} cannot be reached (${method} ${path}): what stands before it answers ${answer.status}`,
      { remedy: 'Check that the server behind the proxy is running.' },
    )
  if (page)
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `${settings.apiUrl} is not the address of a Prefect API: it answers with a web page (${method} ${path}: ${answer.status})`,
      { remedy: 'PREFECT_API_URL usually ends with /api, as http://127.0.0.1:4200/api.' },
    )
  if (answer.status >= 300 && answer.status < 400)
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `The Prefect server redirects ${method} ${path} to ${String(answer.headers.location ?? '?')}`,
      { remedy: 'Set PREFECT_API_URL to the address that it redirects to, with https where it says so.' },
    )
  if ((answer.status === 404 || answer.status === 405) && !new URL(settings.apiUrl).pathname.includes('/api'))
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `${settings.apiUrl} is not the address of a Prefect API (${method} ${path}: ${answer.status})`,
      { remedy: 'PREFECT_API_URL usually ends with /api, as http://127.0.0.1:4200/api.' },
    )
  const empty = answer.status === 204 || answer.body === ''
  // A Response with status 204 must have no body, and other empty ones must not be parsed as JSON.
  return new Response(empty ? null : answer.body, {
    status: answer.status,
    headers: {
      'content-type': 'application/json',
      ...(empty ? { 'content-length': '0' } : {}),
      ...(answer.headers['retry-after'] === undefined
        ? {}
        : { 'retry-after': String(answer.headers['retry-after']) }),
      // Tells how far the clocks are apart.
      ...(answer.headers.date === undefined ? {} : { date: String(answer.headers.date) }),
    },
  })
}

export function mistrusted(error: unknown, settings: PrefectSettings): HarvesterError {
  return new HarvesterError(
    'PREFECT_REFUSED',
    `The certificate of the Prefect server at ${settings.apiUrl} is not believed: ${describeError(below(error))}`,
    {
      remedy:
        'Name the authority that signed it with PREFECT_API_SSL_CERT_FILE (or NODE_EXTRA_CA_CERTS); for a trial, PREFECT_API_TLS_INSECURE_SKIP_VERIFY=true accepts any.',
      cause: below(error),
    },
  )
}

export function unreachable(
  error: unknown,
  method: string,
  url: string,
  settings: PrefectSettings,
): HarvesterError {
  const code = isHarvesterError(error) ? error.code : null
  const what =
    code === 'HTTP_TIMEOUT'
      ? 'does not answer in time'
      : code === 'HTTP_CONNECT'
        ? 'cannot be reached'
        : 'sends what cannot be read'
  return new HarvesterError(
    'PREFECT_UNREACHABLE',
    `The Prefect server at ${settings.apiUrl} ${what} (${method} ${new URL(url).pathname}): ${reason(error)}`,
    { remedy: 'Check that the server runs and that PREFECT_API_URL names it.', cause: below(error) },
  )
}

/** What lies below an error of the client, whose own sentence names the request as ours does. */
export function below(error: unknown): unknown {
  return isHarvesterError(error) ? error.cause : error
}

/** The code where there is one, as ECONNREFUSED; else what was said, without the request, which stands before it. */
function reason(error: unknown): string {
  if (!isHarvesterError(error)) return describeError(error)
  const { cause, method, url } = error.facts
  return typeof cause === 'string' && cause !== '' ? cause : error.message.replace(`${method} ${url}: `, '')
}
