import { createReadStream } from 'node:fs'

/**
 * The lines of a UTF-8 file, split at LF alone (Node's readline also splits at U+2028, which JSON leaves as it is),
 * with the byte at which each begins. A last line without LF was cut off by a crash and is not given.
 */
export async function* readLines(
  path: string,
): AsyncGenerator<{ text: string; offset: number; length: number }> {
  let rest: Buffer = Buffer.alloc(0)
  let offset = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    let at = 0
    for (let end = bytes.indexOf(10, at); end >= 0; end = bytes.indexOf(10, at)) {
      yield { text: bytes.toString('utf8', at, end), offset: offset + at, length: end - at + 1 }
      at = end + 1
    }
    offset += at
    rest = bytes.subarray(at)
  }
}
