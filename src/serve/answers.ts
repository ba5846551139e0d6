/**
 * Answers as they are sent: body, ETag and compressed form, made once and told again for a moment to everybody who
 * asks the same. Equal questions at one time are one question to the database.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Context } from 'hono'
import { LRUCache } from 'lru-cache'

const compress = promisify(gzip)
const unpack = promisify(gunzip)
/** Under this many bytes compression costs more than it saves. */
const leastCompressed = 1024
/** Over this many bytes only the compressed form is kept: it is a twentieth, and who cannot read it is rare. */
const mostPlain = 16_384

export interface Answer {
  contentType: string
  /** Null where it is kept compressed only: see {@link plainBody}. */
  body: Buffer | null
  gzipped: Buffer | null
  etag: string
}

export interface SendOptions {
  contentType?: string
  /** @default 'no-cache': may be kept, but is asked about each time. */
  cacheControl?: string
  /** How long the answer is told again. @default the cache's */
  freshSeconds?: number
  /** How long after that it is still told while a new one is made. @default twice as long as it is fresh */
  staleSeconds?: number
  /**
   * A cheap question whose answer changes whenever this answer does: while it stays, so does what is kept, though
   * never longer than ten minutes.
   */
  version?: () => Promise<string>
  headers?: Record<string, string>
}

interface Kept {
  answer: Answer
  version: string | null
  madeAt: number
  /** When it was last known to be right. */
  checkedAt: number
}

const longestMs = 600_000

export class Answers {
  readonly #freshSeconds: number
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: 96_000_000,
    sizeCalculation: ({ answer }) => (answer.body?.length ?? 0) + (answer.gzipped?.length ?? 0) + 500,
  })
  readonly #making = new Map<string, Promise<Answer>>()

  constructor(freshSeconds: number) {
    this.#freshSeconds = freshSeconds
  }

  /** Sends what `make` gives (text, or a value as JSON), compressed where the asker can read it; 304 if it is known. */
  async send(c: Context, make: () => Promise<unknown>, options: SendOptions = {}): Promise<Response> {
    const url = new URL(c.req.url)
    const key = `${url.pathname}?${url.searchParams}`
    return this.respond(c, await this.answer(key, make, options), options)
  }

  async respond(c: Context, answer: Answer, options: SendOptions): Promise<Response> {
    const headers: Record<string, string> = {
      'content-type': answer.contentType,
      'cache-control': options.cacheControl ?? 'no-cache',
      etag: answer.etag,
      vary: 'accept-encoding, origin',
      ...options.headers,
    }
    if (matchesTag(c.req.header('if-none-match'), answer.etag)) return c.body(null, 304, headers)
    const zipped = acceptsGzip(c.req.header('accept-encoding')) ? answer.gzipped : null
    if (zipped !== null) headers['content-encoding'] = 'gzip'
    return c.body((zipped ?? (await plainBody(answer))) as unknown as ArrayBuffer, 200, headers)
  }

  /**
   * The kept answer while it is fresh. A little later it is still given, while a new one is made behind it, so that
   * nobody waits for an expensive question that many ask; after that one waits.
   */
  async answer(key: string, make: () => Promise<unknown>, options: SendOptions = {}): Promise<Answer> {
    const freshMs = (this.#freshSeconds === 0 ? 0 : (options.freshSeconds ?? this.#freshSeconds)) * 1000
    const kept = freshMs === 0 ? undefined : this.#kept.get(key)
    if (!kept) return this.#renew(key, undefined, make, options)
    const age = performance.now() - kept.checkedAt
    if (age < freshMs) return kept.answer
    const renewing = this.#renew(key, kept, make, options)
    const staleMs = options.staleSeconds === undefined ? freshMs * 2 : options.staleSeconds * 1000
    if (age >= freshMs + staleMs) return renewing
    renewing.catch(() => {})
    return kept.answer
  }

  /** One at a time for each key. */
  #renew(
    key: string,
    kept: Kept | undefined,
    make: () => Promise<unknown>,
    options: SendOptions,
  ): Promise<Answer> {
    const under = this.#making.get(key)
    if (under) return under
    const started = (async () => {
      const now = performance.now()
      // Asked before the answer is made: what changes meanwhile is seen the next time.
      const version = this.#freshSeconds === 0 ? null : ((await options.version?.()) ?? null)
      if (kept && version !== null && kept.version === version && now - kept.madeAt < longestMs) {
        kept.checkedAt = now
        return kept.answer
      }
      const answer = await seal(await make(), options.contentType ?? 'application/json; charset=utf-8')
      this.#kept.set(key, { answer, version, madeAt: now, checkedAt: performance.now() })
      return answer
    })().finally(() => this.#making.delete(key))
    this.#making.set(key, started)
    return started
  }
}

export async function seal(value: unknown, contentType: string): Promise<Answer> {
  const body = Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  const packed = body.length < leastCompressed ? null : await compress(body, { level: 5 })
  const gzipped = packed !== null && packed.length < body.length ? packed : null
  return {
    contentType,
    body: gzipped !== null && body.length > mostPlain ? null : body,
    gzipped,
    etag: `W/"${createHash('sha1').update(body).digest('base64url')}"`,
  }
}

export async function plainBody({ body, gzipped }: Answer): Promise<Buffer> {
  return body ?? (gzipped === null ? Buffer.alloc(0) : unpack(gzipped))
}

export function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '').split(',').some((offer) => {
    const [coding = '', weight = 'q=1'] = offer.split(';').map((part) => part.trim().toLowerCase())
    return (
      (coding === 'gzip' || coding === '*') && /^q=[\d.]{1,9}$/.test(weight) && Number(weight.slice(2)) > 0
    )
  })
}

/** Weak comparison, as RFC 9110 asks for If-None-Match. */
export function matchesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  const bare = (tag: string) => tag.trim().replace(/^W\//, '')
  return header.trim() === '*' || header.split(',').some((tag) => bare(tag) === bare(etag))
}
