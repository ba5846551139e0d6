/** A file on a server, read by ranges: what a parquet reader needs, with the validators that prove it unchanged. */

import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HttpClient, HttpHeaders, HttpRecord } from '../../http/client.ts'
import { badAnswer } from '../../http/json.ts'
import { insideFolder } from '../../inside.ts'
import { amount } from '../../text.ts'

export interface FileValidators {
  etag: string | null
  lastModified: string | null
  /** Length of the whole file. */
  bytes: number
}

export interface RemoteFile {
  readonly url: string
  readonly validators: FileValidators
  /** The bytes from `start` to `end`, exclusive; whoever asked may keep them. @throws as the HTTP client; HTTP_BAD_ANSWER for another range */
  slice(start: number, end: number): Promise<Uint8Array>
  close(): Promise<void>
}

export interface RemoteFileSettings {
  http: HttpClient
  url: string
  signal: AbortSignal
  /** Where the file goes if the server knows no ranges, and where ranges are kept. */
  folder: string
  /** Ranges read are kept in `folder`/`name`, as long as the file is the same. @default nothing is kept */
  keep?: { name: string; maxBytes: number }
  onRequest?: (record: HttpRecord) => void
  /** A server that knows no ranges may give so much. @default 16 GB */
  mostBytes?: number
}

/** Enough for the footer of most parquet files, so that one request opens them. */
const tailBytes = 256 * 1024
/** No page and no footer is longer: what a file or a server says of lengths is not to fill the memory. */
const mostRangeBytes = 512 * 1024 * 1024
/** Of a file that a server gives only whole: the largest that are published have some gigabytes. */
const mostWholeBytes = 16 * 1024 ** 3

/**
 * Opens the file with one request for its end. A server that answers with the whole file is read once, to disk.
 * Ranges after the first are asked with `If-Match`: a file that is replaced meanwhile is an error, not a mixture.
 *
 * @throws HarvesterError WRITE_FAILED (a link that leads out), HTTP_STATUS (404 and the like), HTTP_CONNECT, HTTP_TIMEOUT, HTTP_BAD_ANSWER,
 * HTTP_TOO_LARGE, CANCELLED
 */
export async function openRemoteFile(settings: RemoteFileSettings): Promise<RemoteFile> {
  const { http, url, signal, onRequest } = settings
  // How long it may take is the dataset's business, whose signal ends it.
  const common = { url, signal, timeouts: { totalMs: null }, ...(onRequest && { onRequest }) }
  const answer = await http.stream({
    ...common,
    headers: { range: `bytes=-${tailBytes}`, 'accept-encoding': 'identity' },
    // A file of no bytes has no end to give.
    accept: [416],
    maxBytes: settings.mostBytes ?? mostWholeBytes,
  })
  if (answer.status === 416) {
    answer.cancel()
    throw badAnswer(url, 'the file is empty')
  }
  if (answer.status !== 206) return wholeFile(settings, answer)
  const range = contentRange(answer.headers['content-range'])
  if (!range) {
    answer.cancel()
    throw badAnswer(
      url,
      `the answer has no usable Content-Range (${answer.headers['content-range'] ?? 'none'})`,
    )
  }
  if (range.end - range.start > mostRangeBytes) {
    answer.cancel()
    throw badAnswer(
      url,
      `the last ${tailBytes} bytes were asked for, ${range.end - range.start} are announced`,
    )
  }
  const tail = await readAll(answer.body, range.end - range.start, url)
  const validators = validatorsOf(answer.headers, range.total)
  const kept = settings.keep ? new KeptRanges(settings.folder, settings.keep, validators) : null
  await kept?.open()
  // A weak validator is none for If-Match.
  const condition: Record<string, string> =
    validators.etag !== null && !validators.etag.startsWith('W/')
      ? { 'if-match': validators.etag }
      : validators.lastModified !== null
        ? { 'if-unmodified-since': validators.lastModified }
        : {}

  return {
    url,
    validators,
    async slice(start, end) {
      if (start < 0 || end > range.total || start >= end)
        throw badAnswer(url, `bytes ${start}–${end} are outside of the file (${amount(range.total, 'byte')})`)
      if (end - start > mostRangeBytes)
        throw badAnswer(url, `${end - start} bytes in one piece are more than any page has`)
      if (start >= range.start) return tail.slice(start - range.start, end - range.start)
      const known = await kept?.get(start, end)
      if (known) return known
      const part = await http.stream({
        ...common,
        headers: { ...condition, range: `bytes=${start}-${end - 1}`, 'accept-encoding': 'identity' },
      })
      const got = part.status === 206 ? contentRange(part.headers['content-range']) : null
      if (got?.start !== start || got.end !== end || got.total !== range.total) {
        part.cancel()
        throw badAnswer(url, `bytes ${start}–${end} were asked for, others came`)
      }
      const bytes = await readAll(part.body, end - start, url)
      await kept?.put(start, bytes)
      return bytes
    },
    async close() {},
  }
}

async function wholeFile(
  settings: RemoteFileSettings,
  answer: { headers: HttpHeaders; body: AsyncIterable<Uint8Array> },
): Promise<RemoteFile> {
  await mkdir(settings.folder, { recursive: true })
  const path = join(
    settings.folder,
    `whole-${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}`,
  )
  const handle = await open(path, 'wx+')
  const close = async () => {
    await handle.close().catch(() => undefined)
    await rm(path, { force: true })
  }
  try {
    let bytes = 0
    for await (const piece of answer.body) {
      await handle.write(piece)
      bytes += piece.length
    }
    const declared = Number(answer.headers['content-length'] ?? bytes)
    if (answer.headers['content-encoding'] === undefined && declared !== bytes)
      throw badAnswer(settings.url, `${amount(declared, 'byte')} were announced, ${bytes} came`)
    return {
      url: settings.url,
      validators: validatorsOf(answer.headers, bytes),
      async slice(start, end) {
        if (start < 0 || end > bytes || start >= end)
          throw badAnswer(
            settings.url,
            `bytes ${start}–${end} are outside of the file (${amount(bytes, 'byte')})`,
          )
        const buffer = Buffer.alloc(end - start)
        await handle.read(buffer, 0, buffer.length, start)
        return buffer
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Ranges of one version of a file on disk. What cannot be kept is asked for again another time. */
class KeptRanges {
  readonly #folder: string
  readonly #maxBytes: number
  readonly #version: string
  #bytes = 0

  constructor(folder: string, keep: { name: string; maxBytes: number }, validators: FileValidators) {
    this.#folder = insideFolder(folder, keep.name.replace(/[^\w.-]/g, '_'))
    this.#maxBytes = keep.maxBytes
    this.#version = JSON.stringify(validators)
  }

  /** Ranges of another version of the file are thrown away. */
  async open(): Promise<void> {
    try {
      const version = join(this.#folder, 'version.json')
      const before = await readFile(version, 'utf8').catch(() => null)
      if (before === this.#version) return
      await rm(this.#folder, { recursive: true, force: true })
      await mkdir(this.#folder, { recursive: true })
      await writeFile(version, this.#version)
    } catch {
      this.#bytes = Number.POSITIVE_INFINITY
    }
  }

  async get(start: number, end: number): Promise<Uint8Array | null> {
    const bytes = await readFile(this.#path(start, end)).catch(() => null)
    if (bytes?.length !== end - start) return null
    this.#bytes += bytes.length
    return bytes
  }

  async put(start: number, bytes: Uint8Array): Promise<void> {
    this.#bytes += bytes.length
    if (this.#bytes > this.#maxBytes) return
    const path = this.#path(start, start + bytes.length)
    const temporary = `${path}.${process.pid}.tmp`
    try {
      await writeFile(temporary, bytes)
      await rename(temporary, path)
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }

  #path(start: number, end: number): string {
    return join(this.#folder, `${start}-${end}.bin`)
  }
}

async function readAll(body: AsyncIterable<Uint8Array>, expected: number, url: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(expected)
  let at = 0
  for await (const piece of body) {
    if (at + piece.length > expected)
      throw badAnswer(url, `more than the ${amount(expected, 'byte')} asked for came`)
    bytes.set(piece, at)
    at += piece.length
  }
  if (at !== expected) throw badAnswer(url, `${amount(expected, 'byte')} were asked for, ${at} came`)
  return bytes
}

function contentRange(header: string | undefined): { start: number; end: number; total: number } | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header?.trim() ?? '')
  if (!match) return null
  const [start, last, total] = match.slice(1).map(Number) as [number, number, number]
  return start <= last && last < total ? { start, end: last + 1, total } : null
}

function validatorsOf(headers: HttpHeaders, bytes: number): FileValidators {
  return { etag: headers.etag ?? null, lastModified: headers['last-modified'] ?? null, bytes }
}
