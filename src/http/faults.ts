/** What went wrong below HTTP, in words: names, routes, TLS, connections that broke, bodies that make no sense. */

import { proxyFor } from '../config/proxy.ts'
import { variables } from '../config/variables.ts'
import { describeError, HarvesterError, isHarvesterError } from '../errors.ts'
import { amount } from '../text.ts'

/** Codes of undici, zlib and the parser that mean: bytes came, but they are no proper answer. */
const badAnswerCodes =
  /^(HPE_|Z_|ERR_BROTLI|ERR_PADDING|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RESPONSE)/

/** The certificate is wrong, not the line. */
const certificateCodes =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL|EPROTO|HOSTNAME_MISMATCH)/

/** Faults that no second attempt mends: the name or the certificate is wrong, not the line. */
const isPermanent = (code: string) =>
  certificateCodes.test(code) || /^(ENOTFOUND|ERR_INVALID_URL|UND_ERR_INVALID_ARG)/.test(code)

/**
 * @param bytesRead decoded bytes of the body that had come, or null if no answer had begun
 * @returns HTTP_CONNECT, HTTP_TIMEOUT (phase `connect`) or HTTP_BAD_ANSWER
 */
export function connectionError(
  cause: unknown,
  method: string,
  url: string,
  bytesRead: number | null,
): HarvesterError {
  const code = codeOf(cause)
  const host = URL.canParse(url) ? new URL(url).host : url
  const what = describeError(cause)
  const proxy = proxyAtFault(cause, url)
  // In words of both languages.
  const where = proxy ? `${proxy.url.host} (proxy, ${proxy.name})` : host
  const facts = { method, url, host, cause: code, ...(proxy && { proxy: where }) }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return new HarvesterError('HTTP_TIMEOUT', `${method} ${url}: no connection to ${where} in time`, {
      cause,
      remedy: 'Check address, firewall and proxy.',
      facts: { ...facts, phase: 'connect' },
    })
  if (badAnswerCodes.test(code)) {
    const said =
      code === 'Z_BUF_ERROR'
        ? 'the compressed answer is truncated'
        : code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
          ? 'the answer is not as long as its Content-Length says'
          : `the answer cannot be read (${what})`
    return new HarvesterError('HTTP_BAD_ANSWER', `${method} ${url}: ${said}`, { cause, facts })
  }
  if (bytesRead !== null)
    return new HarvesterError(
      'HTTP_CONNECT',
      `${method} ${url}: the connection broke after ${amount(bytesRead, 'byte')} of the answer (${what})`,
      { cause, facts: { ...facts, broke: true } },
    )
  const permanent = isPermanent(code)
  return new HarvesterError('HTTP_CONNECT', `${method} ${url}: ${explanation(code, where, what)}`, {
    cause,
    remedy: `Check ${proxy ? proxy.name : 'the address'}, and that the ${proxy ? 'proxy' : 'server'} is up and can be reached from here.`,
    facts: { ...facts, permanent },
  })
}

/** Whether an error says that a host could not be reached: what the breaker counts. */
export function isConnectionFault(error: unknown): error is HarvesterError {
  if (!(error instanceof HarvesterError)) return false
  if (error.code === 'HTTP_TIMEOUT') return error.facts.phase === 'connect' || error.facts.phase === 'headers'
  return error.code === 'HTTP_CONNECT'
}

/** Whether an error says that the other side has no certificate that is believed. */
export function isCertificateFault(error: unknown): boolean {
  return isHarvesterError(error, 'HTTP_CONNECT') && certificateCodes.test(String(error.facts.cause))
}

function explanation(code: string, host: string, what: string): string {
  switch (code) {
    case 'ENOTFOUND':
      return `the name ${host} does not resolve`
    case 'EAI_AGAIN':
      return `the name ${host} cannot be looked up at the moment`
    case 'ECONNREFUSED':
      return `${host} refuses connections (${what})`
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return `${host} closed the connection before it answered (${what})`
    default:
      return `${host} cannot be reached (${what})`
  }
}

/** The proxy, where it is that and not the host which could not be reached. */
function proxyAtFault(cause: unknown, text: string): ReturnType<typeof proxyFor> {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const proxy = proxyFor(variables, url.protocol)
  if (proxy === null) return null
  const { hostname, port } = faultOf(cause)
  const proxyPort = portOf(proxy.url)
  const isIt =
    port === undefined
      ? hostname === proxy.url.hostname || describeError(cause).includes(`${proxy.url.hostname}:${proxyPort}`)
      : port === proxyPort && port !== portOf(url)
  return isIt ? proxy : null
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : protocol === 'http:' ? 80 : 1080
}

/** What is known of a connection that failed. */
interface Fault {
  code: string
  /** The name that was looked up. */
  hostname?: unknown
  port?: unknown
}

function codeOf(error: unknown): string {
  return faultOf(error).code
}

/** The first with a code along the causes; for several addresses tried, that of the first. */
function faultOf(error: unknown): Fault {
  for (let at = error, depth = 0; at && depth < 5; depth += 1) {
    const { code, errors, cause, name } = at as {
      code?: unknown
      errors?: unknown[]
      cause?: unknown
      name?: unknown
    }
    if (typeof code === 'string') return at as Fault
    // undici gives the parser's errors a code only sometimes.
    if (name === 'HTTPParserError') return { code: 'HPE_' }
    at = cause ?? errors?.[0]
  }
  return { code: '' }
}
