/** The body of an answer: decompressed, counted, limited, and given back to the pool however its reading ends. */

import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** The stream as its sender meant it. A coding that we never asked for is passed on as it is. */
export function decoded(body: Readable, contentEncoding: string | undefined): Readable {
  const decoder = decoderOf(contentEncoding)
  if (!decoder) return body
  // The callback is needed for pipeline to take over both streams' errors; the reader sees them on the decoder.
  return pipeline(body, decoder, () => {})
}

function decoderOf(contentEncoding: string | undefined) {
  switch (contentEncoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip({ chunkSize: 64 * 1024 })
    case 'deflate':
      return createInflate({ chunkSize: 64 * 1024 })
    case 'br':
      return createBrotliDecompress({ chunkSize: 64 * 1024 })
    default:
      return null
  }
}
