/** The body of an answer, decompressed as its sender meant it. */

import { pipeline, type Readable } from 'node:stream'
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzipSync,
  inflateSync,
} from 'node:zlib'

/** Up to so many compressed bytes are gathered and decompressed in one call: most answers, and a tenth of the work. */
const gatheredBytes = 64 * 1024
/** What decompresses to more than this goes through a stream, where limits are seen piece by piece. */
const decodedAtOnceBytes = 1024 * 1024

/**
 * Small bodies that unpack to much are cut off: beyond the first of these amounts no more than so many bytes may come
 * of one. Deflate reaches a thousand, the most repetitive of tables some dozens.
 */
const freeBytes = 64 * 1024 * 1024
const mostBytesOfOne = 250

const nothing = new Uint8Array(0)

/** A body that was made to unpack to as much as possible. */
class DecompressionBomb extends Error {
  readonly code = 'Z_BOMB'

  constructor(packed: number, unpacked: number) {
    super(`${packed} compressed bytes unpack to more than ${unpacked}`)
  }
}

interface Coding {
  atOnce(body: Uint8Array): Uint8Array
  stream(): NodeJS.ReadWriteStream & Readable
}

const limit = { maxOutputLength: decodedAtOnceBytes }
const pieces = { chunkSize: 64 * 1024 }
const gzip: Coding = { atOnce: (body) => gunzipSync(body, limit), stream: () => createGunzip(pieces) }
const codings: Readonly<Record<string, Coding>> = {
  gzip,
  'x-gzip': gzip,
  deflate: { atOnce: (body) => inflateSync(body, limit), stream: () => createInflate(pieces) },
  br: { atOnce: (body) => brotliDecompressSync(body, limit), stream: () => createBrotliDecompress(pieces) },
}

/**
 * The pieces of a body. One that ends before its first byte is empty whatever its coding is said to be: answers to HEAD,
 * 204, 205 and 304 name the coding of what they stand for and have no body (RFC 9110, 9.3.2, 15.3.5, 15.3.6, 15.4.5),
 * and some servers name one for empty pages too. A coding that we never asked for is passed on as it is. While a short body is gathered, an
 * empty piece stands for each that came, so that whoever waits sees that the server is alive.
 *
 * @throws whatever the stream or the decompression throws, after the pieces that were good; {@link DecompressionBomb}
 */
export async function* decoded(
  body: Readable,
  contentEncoding: string | undefined,
): AsyncGenerator<Uint8Array> {
  const name = contentEncoding?.trim().toLowerCase() ?? ''
  const coding = Object.hasOwn(codings, name) ? codings[name] : undefined
  if (!coding) {
    yield* body as AsyncIterable<Uint8Array>
    return
  }
  const incoming = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  const gathered: Uint8Array[] = []
  let failure: { error: unknown } | undefined
  for (let bytes = 0; bytes <= gatheredBytes; ) {
    let next: IteratorResult<Uint8Array>
    try {
      next = await incoming.next()
    } catch (error) {
      failure = { error }
      break
    }
    if (next.done) {
      if (bytes === 0) return
      const whole = decodedAtOnce(coding, gathered)
      if (whole === null) break
      yield whole
      return
    }
    gathered.push(next.value)
    bytes += next.value.length
    yield nothing
  }
  yield* decodedInPieces(coding, gathered, incoming, failure)
}

/** @returns null where the body is broken, cut or long: as a stream it gives what is good of it */
function decodedAtOnce(coding: Coding, gathered: readonly Uint8Array[]): Uint8Array | null {
  try {
    return coding.atOnce(gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered))
  } catch {
    return null
  }
}

async function* decodedInPieces(
  coding: Coding,
  gathered: readonly Uint8Array[],
  incoming: AsyncIterator<Uint8Array>,
  failure: { error: unknown } | undefined,
): AsyncGenerator<Uint8Array> {
  let packed = gathered.reduce((bytes, piece) => bytes + piece.length, 0)
  async function* rest() {
    yield* gathered
    if (failure) throw failure.error
    for (;;) {
      const next = await incoming.next()
      if (next.done) return
      packed += next.value.length
      yield next.value
    }
  }
  // The callback is needed for pipeline to take over both streams' errors; the reader sees them on the decoder.
  const unpacked = pipeline(rest, coding.stream(), () => {}) as unknown as AsyncIterable<Uint8Array>
  let bytes = 0
  for await (const piece of unpacked) {
    bytes += piece.length
    if (bytes > freeBytes + packed * mostBytesOfOne) throw new DecompressionBomb(packed, bytes)
    yield piece
  }
}
