/**
 * Answers on disk (`cache: true`): for development, so that a rule can be changed and tried again without asking
 * anybody. Never a proof that something is unchanged.
 *
 * An answer is two files, `KEY-N.body` and `KEY.json`. The latter is written last, by rename, and holds length and
 * SHA-256 of the former: half-written or damaged entries are found out and count as absent.
 */

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'

export interface CachedAnswer {
  status: number
  url: string
  headers: Readonly<Record<string, string | undefined>>
  bytes: number
  body: AsyncIterable<Uint8Array>
}

export interface CacheWriter {
  write(piece: Uint8Array): Promise<void>
  commit(): Promise<void>
  discard(): void
}

export interface HttpCache {
  get(url: string): Promise<CachedAnswer | null>
  /** Keeps an answer while it is read; nothing is kept before `commit`. A cache that cannot write keeps nothing. */
  writer(url: string, answer: Pick<CachedAnswer, 'status' | 'url' | 'headers'>): CacheWriter
}

export interface DiskCacheSettings {
  folder: string
  /** @default one day */
  maxAgeMs?: number
  /** Of all bodies; the oldest go first. @default 1 GB */
  maxBytes?: number
  now?: () => number
}

interface Entry {
  key: string
  file: string
  status: number
  url: string
  headers: Record<string, string | undefined>
  bytes: number
  sha256: string
  storedAt: number
}

/** The folder, with the limits of what is kept in it. */
type Disk = Required<DiskCacheSettings>

export function createDiskCache(settings: DiskCacheSettings): HttpCache {
  const disk: Disk = { maxAgeMs: 24 * 3600_000, maxBytes: 1024 ** 3, now: Date.now, ...settings }
  return {
    get: (url) => readAnswer(disk, url),
    writer: (url, answer) => answerWriter(disk, url, answer),
  }
}

const keyOf = (url: string) => createHash('sha256').update(url).digest('hex').slice(0, 40)

async function readAnswer(disk: Disk, url: string): Promise<CachedAnswer | null> {
  const { folder, maxAgeMs, now } = disk
  const key = keyOf(url)
  const entry = await readEntry(folder, key)
  if (!entry) return null
  if (now() - entry.storedAt > maxAgeMs || !(await isWhole(folder, entry))) {
    await remove(folder, key, entry.file)
    return null
  }
  const { status, headers, bytes } = entry
  return {
    status,
    url: entry.url,
    headers,
    bytes,
    body: createReadStream(join(folder, entry.file), { highWaterMark: 64 * 1024 }),
  }
}

function answerWriter(
  disk: Disk,
  url: string,
  answer: Pick<CachedAnswer, 'status' | 'url' | 'headers'>,
): CacheWriter {
  const { folder, maxBytes, now } = disk
  const key = keyOf(url)
  const file = `${key}-${randomUUID()}.body`
  const path = join(folder, file)
  const hash = createHash('sha256')
  let bytes = 0
  let failed = false
  let stream: ReturnType<typeof createWriteStream> | undefined

  async function start() {
    await mkdir(folder, { recursive: true })
    // Discarded meanwhile: nobody would close it any more.
    if (failed) return undefined
    stream = createWriteStream(path)
    stream.on('error', () => {
      failed = true
    })
    return stream
  }

  function discard() {
    failed = true
    if (!stream) return
    const removeFile = () => void rm(path, { force: true }).catch(() => undefined)
    // Not before it is closed: a file that is about to be opened would come into being after its removal.
    if (stream.closed) removeFile()
    else stream.once('close', removeFile).destroy()
  }

  return {
    async write(piece) {
      if (failed) return
      try {
        const target = stream ?? (await start())
        if (!target) return
        hash.update(piece)
        bytes += piece.length
        if (bytes > maxBytes) return discard()
        if (!target.write(piece) && !target.destroyed)
          await new Promise<void>((resolve) => {
            target.once('drain', resolve)
            target.once('close', resolve)
            target.once('error', () => resolve())
          })
      } catch {
        discard()
      }
    },

    async commit() {
      // What a full disk took half of is of no use, and takes the room that others need.
      if (failed) return discard()
      try {
        const target = stream ?? (await start())
        if (!target) return
        target.end()
        await finished(target)
        const entry: Entry = {
          ...answer,
          headers: { ...answer.headers },
          key,
          file,
          bytes,
          sha256: hash.digest('hex'),
          storedAt: now(),
        }
        const before = await readEntry(folder, key)
        const temporary = join(folder, `${key}-${randomUUID()}.tmp`)
        await writeFile(temporary, JSON.stringify(entry))
        await rename(temporary, join(folder, `${key}.json`))
        if (before) await rm(join(folder, before.file), { force: true })
        await tidy(disk)
      } catch {
        discard()
      }
    },

    discard,
  }
}

async function readEntry(folder: string, key: string): Promise<Entry | null> {
  try {
    const entry = JSON.parse(await readFile(join(folder, `${key}.json`), 'utf8')) as Entry
    const known = typeof entry.file === 'string' && /^[0-9a-f-]+\.body$/.test(entry.file)
    return known && typeof entry.storedAt === 'number' && typeof entry.bytes === 'number' ? entry : null
  } catch {
    return null
  }
}

async function isWhole(folder: string, entry: Entry): Promise<boolean> {
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of createReadStream(join(folder, entry.file))) {
      hash.update(piece as Buffer)
      bytes += (piece as Buffer).length
    }
    return bytes === entry.bytes && hash.digest('hex') === entry.sha256
  } catch {
    return false
  }
}

async function remove(folder: string, key: string, file: string): Promise<void> {
  await Promise.all([
    rm(join(folder, `${key}.json`), { force: true }),
    rm(join(folder, file), { force: true }),
  ])
}

/** Removes what is too old, belongs to nothing or is more than the limit. */
async function tidy({ folder, maxAgeMs, maxBytes, now }: Disk): Promise<void> {
  const names = await readdir(folder)
  const entries: Entry[] = []
  for (const name of names) {
    if (!name.endsWith('.json')) continue
    const entry = await readEntry(folder, name.slice(0, -5))
    if (entry) entries.push({ ...entry, key: name.slice(0, -5) })
    else await rm(join(folder, name), { force: true })
  }
  const owned = new Set(entries.map((entry) => entry.file))
  for (const name of names) {
    if (!name.endsWith('.body') || owned.has(name)) continue
    // One that another writer is filling is young.
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: now() }))
    if (now() - mtimeMs > 3600_000) await rm(join(folder, name), { force: true })
  }
  entries.sort((a, b) => b.storedAt - a.storedAt)
  let total = 0
  for (const entry of entries) {
    total += entry.bytes
    if (total > maxBytes || now() - entry.storedAt > maxAgeMs) await remove(folder, entry.key, entry.file)
  }
}
