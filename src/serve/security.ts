/** What protects the page, the API and the trigger. Pure but for the counters of the rate limit. */
import { createHash, timingSafeEqual } from 'node:crypto'

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

/** Counts attempts in windows of a minute, by asker. */
export class RateLimit {
  readonly #perMinute: number
  readonly #now: () => number
  #window = 0
  #counts = new Map<string, number>()

  constructor(perMinute: number, now: () => number = Date.now) {
    this.#perMinute = perMinute
    this.#now = now
  }

  /** Seconds to wait, or 0 when this attempt is within the limit. */
  take(asker: string): number {
    const now = this.#now()
    const window = Math.floor(now / 60_000)
    if (window !== this.#window) {
      this.#window = window
      this.#counts = new Map()
    }
    const count = (this.#counts.get(asker) ?? 0) + 1
    this.#counts.set(asker, count)
    return count <= this.#perMinute ? 0 : Math.max(1, Math.ceil(((window + 1) * 60_000 - now) / 1000))
  }
}

/** Whether a name can be that of a log file: no folder, no dot in front, ending in .log. */
export function isLogName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.log$/.test(name) && !name.includes('..')
}
