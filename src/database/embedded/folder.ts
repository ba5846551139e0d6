/** The files of the embedded engine: whether there is room for them, and whether they were made whole. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HarvesterError } from '../../errors.ts'

/** What a new engine takes on disk with its extensions and the first tables, and some room to work. */
const newEngineBytes = 150_000_000

export interface EngineFolder {
  path: string
  /** Says that the engine was made whole; until then the next start makes it anew. */
  complete(): Promise<void>
  /** Takes back what was begun and is not complete. */
  discard(): Promise<void>
}

/**
 * Prepares the folder of the engine's files inside the folder of the embedded database. What an earlier start left
 * half made goes.
 *
 * @throws HarvesterError WRITE_FAILED when the disk has too little room for a new engine, or cannot be written
 */
export async function prepareEngineFolder(
  folder: string,
  freeBytes: (folder: string) => Promise<number> = freeBytesOf,
): Promise<EngineFolder> {
  const path = join(folder, 'engine')
  // Beside the engine, since its own folder belongs to PostgreSQL.
  const marker = join(folder, 'engine.unfinished')
  const remove = async () => {
    for (const name of [path, `${path}.unpacking`]) await rm(name, { recursive: true, force: true })
    await rm(marker, { force: true })
  }
  try {
    if (existsSync(marker)) await remove()
    const isNew = !existsSync(join(path, 'PG_VERSION'))
    if (isNew) {
      requireRoom(folder, await freeBytes(folder))
      await writeFile(marker, '')
      await mkdir(path, { recursive: true, mode: 0o700 })
    }
    return {
      path,
      complete: () => rm(marker, { force: true }),
      discard: async () => {
        if (isNew) await remove()
      },
    }
  } catch (error) {
    if (error instanceof HarvesterError) throw error
    throw new HarvesterError(
      'WRITE_FAILED',
      `The folder ${folder} of the embedded database cannot be written`,
      {
        cause: error,
        remedy: writeRemedy,
      },
    )
  }
}

export const writeRemedy =
  'Give this user the right to write there, or set HARVESTER_DATA_DIR to a folder where it may.'
export const roomRemedy =
  'Make room, set HARVESTER_DATA_DIR to a folder on another disk, or DATABASE_URL to a PostgreSQL.'

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function requireRoom(folder: string, free: number): void {
  if (free >= newEngineBytes) return
  const megabytes = (bytes: number) => `${Math.floor(bytes / 1e6)} MB`
  throw new HarvesterError(
    'WRITE_FAILED',
    `There is too little room for the embedded database in ${folder}: it needs ${megabytes(newEngineBytes)}, ${megabytes(free)} are free`,
    { remedy: roomRemedy },
  )
}

/** A text that differs from an earlier one when anything in a folder was written meanwhile. */
export async function signOfWriting(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  let bytes = 0
  let newest = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    bytes += found?.size ?? 0
    newest = Math.max(newest, found?.mtimeMs ?? 0)
  }
  return `${entries.length} ${bytes} ${newest}`
}
