/** One request and its answer on the wire, and the time limits upon it. */

import { setMaxListeners } from 'node:events'
import type { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { HarvesterError, isHarvesterError } from '../errors.ts'
import { amount } from '../text.ts'
import { decoded } from './body.ts'
import type { HttpCache } from './cache.ts'
import { connectionError } from './faults.ts'
import { abortReason } from './gate.ts'
import type { HttpHeaders, HttpRequest } from './types.ts'

/** Ends a call when its caller gives up or its total time is over. */
export class Deadline {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined
  readonly #caller: AbortSignal | undefined
  readonly #onAbort: () => void

  constructor(request: HttpRequest, defaultTotalMs: number | null) {
    this.signal = this.#controller.signal
    this.#caller = request.signal
    // One signal ends all requests of a run: many listeners are no leak, each goes with its request.
    if (this.#caller) setMaxListeners(0, this.#caller)
    this.#onAbort = () => this.#controller.abort(abortReason(this.#caller!))
    if (this.#caller?.aborted) this.#onAbort()
    else this.#caller?.addEventListener('abort', this.#onAbort, { once: true })
    const total = request.timeouts?.totalMs === undefined ? defaultTotalMs : request.timeouts.totalMs
    if (total !== null)
      this.#timer = setTimeout(
        () => this.#controller.abort(timeoutError(request.method ?? 'GET', request.url, 'total', total)),
        Math.max(0, total),
      )
  }

  end() {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#onAbort)
  }
}

type TimedPhase = 'headers' | 'body' | 'total'

function timeoutError(method: string, url: string, phase: TimedPhase, ms: number): HarvesterError {
  const what = {
    headers: 'no answer came',
    body: 'nothing more of the body came',
    total: 'the answer was not complete',
  }[phase]
  return new HarvesterError('HTTP_TIMEOUT', `${method} ${url}: ${what} within ${ms / 1000} s`, {
    remedy: 'Ask for less, or raise timeout_seconds of the source.',
    facts: { method, url, host: hostOfUrl(url), phase, seconds: ms / 1000 },
  })
}

export function tooLarge(method: string, url: string, maxBytes: number): HarvesterError {
  return new HarvesterError(
    'HTTP_TOO_LARGE',
    `${method} ${url}: the answer is larger than ${sizeText(maxBytes)} and was cut off`,
    { facts: { method, url, maxBytes } },
  )
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024 ? amount(bytes, 'byte') : `${Math.round(bytes / 1024 / 1024)} MB`
}

/** Most tables are smaller; ten of them at once are no memory. */
const readAheadBytes = 256 * 1024

/** A new connection costs less than a body that drips. */
const drainMs = 2_000

interface ExchangeSetup {
  method: string
  url: string
  attempt: number
  release: () => void
  deadline: Deadline
  request: HttpRequest
}

/** One request and its answer. Whatever ends it, the slot is given back and the record written, once. */
export class Exchange implements AsyncIterable<Uint8Array> {
  readonly method: string
  readonly url: string
  readonly controller = new AbortController()
  status = 0
  headers: HttpHeaders = {}
  /** Of another host than the one on whose behalf it was asked. */
  foreign = false
  maxBytes: number | null
  readonly #setup: ExchangeSetup
  readonly #startedAt = performance.now()
  readonly #onDeadline: () => void
  #timer: NodeJS.Timeout | undefined
  #wholeTimer: NodeJS.Timeout | undefined
  #raw: Readable | undefined
  #pieces: AsyncIterator<Uint8Array> | undefined
  /** Read and not handed out yet. */
  readonly #ahead: Uint8Array[] = []
  #complete = false
  #idleMs = 0
  #bytes = 0
  #ended = false
  #onEnd: (() => void) | undefined
  #keeper: { write(piece: Uint8Array): Promise<void>; commit(): Promise<void>; discard(): void } | undefined

  constructor(setup: ExchangeSetup) {
    this.#setup = setup
    this.method = setup.method
    this.url = setup.url
    this.maxBytes = setup.request.maxBytes ?? null
    const { signal } = setup.deadline
    this.#onDeadline = () => {
      this.controller.abort(signal.reason)
      // Also when nobody is reading: the slot must not wait for a reader who has gone.
      if (this.#raw) this.#end(abortReason(signal))
    }
    if (signal.aborted) this.controller.abort(signal.reason)
    else signal.addEventListener('abort', this.#onDeadline, { once: true })
  }

  startTimer(ms: number, phase: TimedPhase) {
    this.#timer = setTimeout(() => this.controller.abort(timeoutError(this.method, this.url, phase, ms)), ms)
  }

  /** The limit of the whole answer; null for none. */
  endAfter(ms: number | null) {
    if (ms === null || this.#ended) return
    this.#wholeTimer = setTimeout(() => {
      const late = timeoutError(this.method, this.url, 'total', ms)
      this.controller.abort(late)
      if (this.#raw) this.#end(late)
    }, ms)
  }

  stopTimer() {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  answered(status: number, headers: HttpHeaders, body: Readable, idleMs: number) {
    this.status = status
    this.headers = headers
    this.#raw = body
    this.#idleMs = idleMs
    // Errors reach the reader through the iterator; without a listener an early one would end the process.
    this.#raw.on('error', () => {})
    this.#pieces = decoded(body, headers['content-encoding'])
  }

  keepIn(cache: HttpCache, url: string) {
    this.#keeper = cache.writer(url, { status: this.status, url: this.url, headers: this.headers })
  }

  /** Calls back when the exchange is over; at once if it is. */
  whenOver(callback: () => void) {
    if (this.#ended) callback()
    else this.#onEnd = callback
  }

  /** Reads a body that is of no interest, so that the connection can be used again; a long or slow one is cut. */
  async drain(): Promise<void> {
    const cutOff = setTimeout(() => this.finish(), drainMs)
    try {
      while (this.#bytes < 64 * 1024 && (await this.#pull()) !== null);
    } catch (error) {
      if (this.#setup.deadline.signal.aborted) throw error
    } finally {
      clearTimeout(cutOff)
    }
    this.finish()
  }

  /**
   * Reads ahead, so that what fails in the beginning of a body can be tried again unseen, and so that a small answer
   * is read whole and gives its slot back whatever its reader does.
   */
  async readAhead(): Promise<void> {
    for (let bytes = 0; bytes < readAheadBytes; ) {
      const piece = await this.#pull()
      if (piece === null) return
      this.#ahead.push(piece)
      bytes += piece.length
    }
  }

  /** The next piece, or null at the end. */
  async read(): Promise<Uint8Array | null> {
    const piece = this.#ahead.shift() ?? (await this.#pull())
    if (piece) await this.#keeper?.write(piece)
    else {
      await this.#keeper?.commit()
      this.#keeper = undefined
    }
    return piece
  }

  async #pull(): Promise<Uint8Array | null> {
    if (this.#complete) return null
    if (this.#ended || !this.#pieces) {
      if (this.controller.signal.aborted) throw abortReason(this.controller.signal)
      return null
    }
    this.startTimer(this.#idleMs, 'body')
    try {
      // A piece may be empty: that is not the end.
      for (;;) {
        const next = await this.#pieces.next()
        this.#timer?.refresh()
        if (next.done) {
          this.#complete = true
          // The pool takes a connection back one turn later: whoever is next in line shall get it, not open another.
          await turn()
          this.#end(null)
          return null
        }
        this.#bytes += next.value.length
        if (this.maxBytes !== null && this.#bytes > this.maxBytes)
          throw tooLarge(this.method, this.url, this.maxBytes)
        if (next.value.length > 0) return next.value
      }
    } catch (error) {
      throw this.fail(error)
    } finally {
      this.stopTimer()
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const piece = await this.read()
        return piece ? { done: false, value: piece } : { done: true, value: undefined }
      },
      return: async () => {
        this.finish()
        return { done: true, value: undefined }
      },
    }
  }

  /** Ends the exchange, and what of the body was not read is not. */
  finish() {
    this.#end(null)
    this.#keeper?.discard()
    this.#keeper = undefined
  }

  /** Ends the exchange for a failure, and says it in our words. */
  fail(error: unknown): HarvesterError {
    const { signal } = this.controller
    const reason = signal.aborted
      ? abortReason(signal)
      : isHarvesterError(error)
        ? error
        : connectionError(error, this.method, this.url, this.status === 0 ? null : this.#bytes)
    this.#end(reason)
    return reason
  }

  #end(error: HarvesterError | null) {
    if (this.#ended) return
    this.#ended = true
    this.stopTimer()
    clearTimeout(this.#wholeTimer)
    const { deadline, release, request, attempt } = this.#setup
    deadline.signal.removeEventListener('abort', this.#onDeadline)
    this.#onEnd?.()
    const unread = this.#raw !== undefined && !this.#raw.readableEnded
    if (unread) {
      this.#raw?.destroy()
    }
    if (error || unread) {
      this.#keeper?.discard()
      this.#keeper = undefined
    }
    release()
    request.onRequest?.({
      method: this.method,
      url: this.url,
      status: this.status === 0 ? null : this.status,
      ms: performance.now() - this.#startedAt,
      bytes: this.#bytes,
      attempt,
      ...(error ? { error: error.message } : {}),
    })
  }
}

export function hostOfUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}
