/** Descriptions of datasets on disk, so that they are only sent again when they changed. */

import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { insideFolder } from '../../inside.ts'

const schema = z.object({
  url: z.string(),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  body: z.string(),
})
export type KeptAnswer = z.output<typeof schema>

function fileOf(folder: string, id: string): string {
  return insideFolder(folder, `${id.replace(/[^\w.-]/g, '_')}.json`)
}

/** Null where there is nothing that can be used. */
export async function readKept(folder: string, id: string, url: string): Promise<KeptAnswer | null> {
  try {
    const kept = schema.parse(JSON.parse(await readFile(fileOf(folder, id), 'utf8')))
    return kept.url === url ? kept : null
  } catch {
    return null
  }
}

/** A disk that cannot keep it costs a longer answer the next time, nothing else. */
export async function writeKept(folder: string, id: string, answer: KeptAnswer): Promise<void> {
  let temporary: string | null = null
  try {
    const path = fileOf(folder, id)
    await mkdir(folder, { recursive: true })
    temporary = `${path}.${randomUUID()}.tmp`
    await writeFile(temporary, JSON.stringify(answer))
    await rename(temporary, path)
  } catch {
    if (temporary !== null) await rm(temporary, { force: true }).catch(() => undefined)
  }
}
