import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { insideFolder } from '../inside.ts'
import { writeFailed } from './writer.ts'

const stampPattern = /^\d{8}_\d{6}$/
const partialPrefix = '.partial-'
/** In the folder of a source that no configuration names: whose it is. */
const ownerFile = '.source'

/** How long an interrupted run's folder waits for the run to be taken up again. */
export const partialLifeHours = 24

/** `YYYYMMDD_HHMMSS` in UTC. */
export function folderStamp(time: Date): string {
  return time.toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15)
}

/**
 * The folder of one run: written under a temporary name and renamed when it is complete, so that whoever finds a
 * folder with a stamp for a name finds all of it.
 */
export class RunFolder {
  readonly parent: string
  readonly path: string

  private constructor(parent: string, path: string) {
    this.parent = parent
    this.path = path
  }

  /**
   * @param base the configured output folder
   * @param name slug of the source, or `full`
   * @param runId names the temporary folder, so that the same run finds it again
   */
  static async open(base: string, name: string, runId: string): Promise<RunFolder> {
    const parent = insideFolder(base, name)
    const path = insideFolder(parent, `${partialPrefix}${runId}`)
    try {
      await mkdir(path, { recursive: true })
    } catch (error) {
      throw writeFailed(path, error)
    }
    return new RunFolder(parent, path)
  }

  file(name: string): string {
    return insideFolder(this.path, name)
  }

  /** Gives the folder its name, that of the run's start; a second run of the same second gets the next one. */
  async complete(startedAt: Date): Promise<string> {
    try {
      for (let at = startedAt.getTime(); ; at += 1000) {
        const target = insideFolder(this.parent, folderStamp(new Date(at)))
        if (await isThere(target)) continue
        try {
          await rename(this.path, target)
          return target
        } catch (error) {
          const code = (error as NodeJS.ErrnoException).code
          if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
        }
      }
    } catch (error) {
      throw writeFailed(this.path, error)
    }
  }

  async discard(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
    // An empty parent that this run made says nothing to anybody.
    await readdir(this.parent).then(
      (names) =>
        names.every((name) => name === ownerFile)
          ? rm(this.parent, { recursive: true, force: true })
          : undefined,
      () => undefined,
    )
  }
}

/**
 * Whether the folder of this name is that of a source; it is from now on if it was nobody's.
 * @throws HarvesterError WRITE_FAILED
 */
export async function claimParent(base: string, name: string, sourceUrl: string): Promise<boolean> {
  const path = insideFolder(base, name, ownerFile)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, sourceUrl, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeFailed(path, error)
  }
  return (await readFile(path, 'utf8')) === sourceUrl
}

export interface FolderRetention {
  /** Newest complete folders to keep. */
  keep: number
  /** A folder younger than this stays too, up to {@link most}. */
  youngestHours: number
  /** Complete folders that stay at most, however young: schedules may be faster than anybody looks. */
  most: number
}

/** Removes old run folders and abandoned temporary ones of a source. Returns what was removed. */
export async function removeOldFolders(
  parent: string,
  retention: FolderRetention,
  now: Date,
): Promise<string[]> {
  const names = await readdir(parent).catch(() => [] as string[])
  const ageHours = async (name: string) =>
    (now.getTime() - (await stat(join(parent, name))).mtimeMs) / 3_600_000
  const removed: string[] = []
  const complete = names
    .filter((name) => stampPattern.test(name))
    .sort()
    .reverse()
  for (const [at, name] of complete.entries()) {
    if (at < retention.keep) continue
    if (at >= retention.most || (await ageHours(name)) >= retention.youngestHours) removed.push(name)
  }
  for (const name of names.filter((name) => name.startsWith(partialPrefix))) {
    // A run that has gone on for days writes into its spool, not beside it.
    const ages = [
      await ageHours(name),
      await ageHours(join(name, 'spool', 'ledger.jsonl')).catch(() => Infinity),
    ]
    if (Math.min(...ages) >= partialLifeHours) removed.push(name)
  }
  for (const name of removed) await rm(join(parent, name), { recursive: true, force: true })
  return removed.map((name) => join(parent, name))
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
