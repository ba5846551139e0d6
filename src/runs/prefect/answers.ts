/** What the answers of a Prefect server say, or of what stands before it, and the usual mistakes behind them. */
import { describeError, HarvesterError } from '../../errors.ts'
import type { PrefectSettings } from './settings.ts'

/** Far above any page of runs; an answer without end is not to fill the memory in the time it has. */
const mostAnswerBytes = 64 * 1024 * 1024

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

/** @throws Garbled for one that is too long */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    pieces.push(piece)
    bytes += piece.length
    if (bytes > mostAnswerBytes)
      throw new Garbled(`the answer is longer than ${mostAnswerBytes / 1024 / 1024} MB`)
  }
  return new TextDecoder().decode(Buffer.concat(pieces))
}

/** Of a wire or a proxy that breaks an answer: the next one may be whole. */
class Garbled extends Error {
  override readonly name = 'Garbled'
}

/** @throws Garbled for what is neither a page nor JSON, or no list where a filter gives one */
export function refuseGarbage({ status, text }: Answer, url: string): void {
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

export function judged(answer: Answer, method: string, url: string, settings: PrefectSettings): Response {
  const path = new URL(url).pathname
  if (answer.status === 401 || (answer.status === 403 && !/csrf/i.test(answer.text))) {
    const how = settings.authString === null ? 'PREFECT_API_KEY' : 'PREFECT_API_AUTH_STRING'
    const given = settings.apiKey !== null || settings.authString !== null
    if (answer.status === 401 || !answer.text.includes('detail'))
      throw new HarvesterError(
        'PREFECT_REFUSED',
        `The Prefect server at ${settings.apiUrl} refuses the login (${method} ${path}: ${answer.status})`,
        {
          remedy: given ? `Check ${how}.` : 'Set PREFECT_API_AUTH_STRING (user:password) or PREFECT_API_KEY.',
        },
      )
  }
  const type = String(answer.headers['content-type'] ?? '')
  const page = /text\/html/i.test(type) || isPage(answer.text)
  // Of the proxy before it: the server may be back in a moment, and what it is to be told is told again.
  if (page && answer.status >= 500)
    throw new HarvesterError(
      'PREFECT_UNREACHABLE',
      `The Prefect server at ${settings.apiUrl} cannot be reached (${method} ${path}): what stands before it answers ${answer.status}`,
      { remedy: 'Check that the server runs behind its proxy.' },
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
      { remedy: 'Set PREFECT_API_URL to the address that it redirects to, with https if it says so.' },
    )
  if ((answer.status === 404 || answer.status === 405) && !new URL(settings.apiUrl).pathname.includes('/api'))
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `${settings.apiUrl} is not the address of a Prefect API (${method} ${path}: ${answer.status})`,
      { remedy: 'PREFECT_API_URL usually ends with /api, as http://127.0.0.1:4200/api.' },
    )
  const empty = answer.status === 204 || answer.text === ''
  // A Response with status 204 must have no body, and other empty ones must not be parsed as JSON.
  return new Response(empty ? null : answer.text, {
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

const certificateCodes =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL|EPROTO|HOSTNAME_MISMATCH)/

/** No second attempt mends it: the certificate is wrong, not the line. */
export function isCertificateFault(error: unknown): boolean {
  for (let at = error as { code?: string; cause?: unknown } | undefined; at; at = at.cause as typeof at)
    if (typeof at.code === 'string' && certificateCodes.test(at.code)) return true
  return false
}

export function mistrusted(error: unknown, settings: PrefectSettings): HarvesterError {
  return new HarvesterError(
    'PREFECT_REFUSED',
    `The certificate of the Prefect server at ${settings.apiUrl} is not believed: ${describeError(error)}`,
    {
      remedy:
        'Name the authority that signed it with PREFECT_API_SSL_CERT_FILE (or NODE_EXTRA_CA_CERTS); for a trial, PREFECT_API_TLS_INSECURE_SKIP_VERIFY=true believes any.',
      cause: error,
    },
  )
}

export function unreachable(
  error: unknown,
  method: string,
  url: string,
  settings: PrefectSettings,
): HarvesterError {
  const cause = error as { code?: string; name?: string }
  const what =
    cause.name === 'TimeoutError' || /TIMEOUT/.test(cause.code ?? '')
      ? 'does not answer in time'
      : error instanceof Garbled
        ? 'sends what cannot be read'
        : 'cannot be reached'
  return new HarvesterError(
    'PREFECT_UNREACHABLE',
    `The Prefect server at ${settings.apiUrl} ${what} (${method} ${new URL(url).pathname}): ${cause.code ?? (error instanceof Garbled ? error.message : describeError(error))}`,
    { remedy: 'Check that the server runs and that PREFECT_API_URL names it.', cause: error },
  )
}
