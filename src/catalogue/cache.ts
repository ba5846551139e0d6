/** CKAN answers on disk: one file a catalogue, replaced whole or not at all. */

import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { insideFolder } from '../inside.ts'
import type { CkanPage } from './client.ts'

/** Raised when what is stored of a record changes; older files are then asked for anew. */
const formatVersion = 2

export interface CachedCkan {
  ckanUrl: string
  /** When the catalogue last confirmed this answer, epoch milliseconds. */
  fetchedAt: number
  pages: CkanPage[]
}

const text = z.string().nullable()
const fileSchema = z.object({
  formatVersion: z.literal(formatVersion),
  ckanUrl: z.string(),
  fetchedAt: z.number(),
  pages: z.array(
    z.object({
      start: z.number(),
      etag: text,
      lastModified: text,
      count: z.number().nullable(),
      returned: z.number(),
      ids: z.array(z.string()),
      records: z.array(
        z.object({
          id: z.string(),
          titleEn: text,
          titleFr: text,
          organizations: z.array(z.string()),
          resourceUrls: z.array(z.string()),
          xmlLocationUrl: text,
        }),
      ),
      warnings: z.array(z.string()),
    }),
  ),
})

/** Where the answer of a catalogue is kept. @throws HarvesterError WRITE_FAILED where a link leads out of the folder */
export function ckanCacheFile(cacheDir: string, ckanUrl: string): string {
  const name = createHash('sha256').update(ckanUrl).digest('hex').slice(0, 16)
  return insideFolder(cacheDir, 'ckan', `${name}.json`)
}

/** What is kept of a catalogue. Null where there is nothing, or nothing that can be read: both mean asking anew. */
export async function readCkanCache(cacheDir: string, ckanUrl: string): Promise<CachedCkan | null> {
  try {
    const parsed = fileSchema.parse(JSON.parse(await readFile(ckanCacheFile(cacheDir, ckanUrl), 'utf8')))
    const { fetchedAt, pages } = parsed
    return parsed.ckanUrl === ckanUrl ? { ckanUrl, fetchedAt, pages } : null
  } catch {
    return null
  }
}

/** Replaces what is kept of a catalogue. Throws what the file system throws, leaving what was there. */
export async function writeCkanCache(cacheDir: string, cached: CachedCkan): Promise<void> {
  const file = ckanCacheFile(cacheDir, cached.ckanUrl)
  const temporary = `${file}.${randomUUID()}.tmp`
  await mkdir(dirname(file), { recursive: true })
  try {
    await writeFile(temporary, JSON.stringify({ formatVersion, ...cached }), { flush: true })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
