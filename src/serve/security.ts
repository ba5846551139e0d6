/** What protects the page, the API and the trigger. Pure but for the counters of the rate limit. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { plainAddress } from '../config/networks.ts'

/** The page loads nothing from elsewhere, is framed by nobody and sends no forms. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Answers that are not pages run and load nothing at all. */
export const dataPolicy = "default-src 'none'; frame-ancestors 'none'"

export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cross-origin-opener-policy': 'same-origin',
}

/** Whether a bearer header holds the token; takes the same time whatever it holds, and however long it is. */
export function bearerIs(header: string | undefined, token: string): boolean {
  const text = header?.trim() ?? ''
  const given = /^Bearer\s/i.test(text) ? text.slice('Bearer'.length).trim() : ''
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest()
  return timingSafeEqual(digest(given), digest(token)) && given !== ''
}

/**
 * Whether a request that changes something may come from where it says: no browser at all, our own page, or a listed
 * origin. `*` in the list opens reading only, never this.
 */
export function mayChange(
  headers: { origin: string | undefined; fetchSite: string | undefined; host: string | undefined },
  allowed: readonly string[],
): boolean {
  const { origin, fetchSite, host } = headers
  if (origin === undefined)
    return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none'
  if (allowed.some((one) => one !== '*' && one === origin)) return true
  if (fetchSite !== undefined) return fetchSite === 'same-origin'
  return host !== undefined && originHost(origin) === host.toLowerCase()
}

function originHost(origin: string): string | null {
  try {
    return new URL(origin).host.toLowerCase()
  } catch {
    return null
  }
}

/** The name a trusted proxy gave, if it can be one; otherwise null. */
export function userOf(header: string | undefined): string | null {
  const name = header?.trim() ?? ''
  return name !== '' && name.length <= 200 && !/\p{Cc}/u.test(name) ? name : null
}

/**
 * Counts failures in windows of a minute, by who failed: whoever knows the token is shut out by nobody else. Of IPv6 a
 * network of 64 bits counts as one, since who has one address of it mostly has them all.
 */
export class FailureLimit {
  readonly #perMinute: number
  readonly #now: () => number
  #window = 0
  #counts = new Map<string, number>()

  constructor(perMinute: number, now: () => number = Date.now) {
    this.#perMinute = perMinute
    this.#now = now
  }

  /** Seconds to wait, or 0 where so many failures are not reached. */
  wait(client: string): number {
    const { now, window } = this.#turn()
    const failures = this.#counts.get(whole(client)) ?? 0
    return failures < this.#perMinute ? 0 : Math.max(1, Math.ceil(((window + 1) * 60_000 - now) / 1000))
  }

  failed(client: string): void {
    this.#turn()
    const one = whole(client)
    this.#counts.set(one, (this.#counts.get(one) ?? 0) + 1)
  }

  #turn(): { now: number; window: number } {
    const now = this.#now()
    const window = Math.floor(now / 60_000)
    if (window !== this.#window) {
      this.#window = window
      this.#counts = new Map()
    }
    return { now, window }
  }
}

/** The network of 64 bits that an address of IPv6 is of; anything else as it is. */
function whole(client: string): string {
  if (isIP(client) !== 6) return client
  const [head = '', tail] = new URL(`http://[${client.replace(/%.*/s, '')}]/`).hostname
    .slice(1, -1)
    .split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = new Array<string>(8 - front.length - back.length).fill('0')
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`
}

/**
 * Who asks: the connection's address, or, where that is a trusted proxy, the rightmost address of X-Forwarded-For that
 * is none: what stands left of it may be made up.
 */
export function clientOf(
  connection: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let client = plainAddress(connection)
  const hops = (forwardedFor ?? '').slice(-4096).split(',')
  while (isTrusted(client)) {
    const hop = plainAddress(hops.pop()?.trim() ?? '')
    if (isIP(hop) === 0) break
    client = hop
  }
  return client
}

/** Whether a name can be that of a log file: no folder, no dot in front, ending in .log. */
export function isLogName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.log$/.test(name) && !name.includes('..')
}
