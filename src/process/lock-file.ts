/** A file that one process holds at a time: made by one only, taken over from an owner that died, by one only. */

import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { HarvesterError } from '../errors.ts'

/** What the file says of its owner. */
export interface LockOwner {
  /** Of its process. */
  readonly pid: number
  /** Tells this holding from all others. */
  readonly token: string
}

export interface LockFile<O extends LockOwner> {
  readonly path: string
  /** Whether whoever the file names still holds it. */
  lives(owner: O): boolean | Promise<boolean>
  /** What helps where the file cannot be written. */
  readonly remedy: string
}

/** Whoever judges a lock as dead is done by then, or has died over it. */
const judgedWithinMs = 10_000
/** A file that cannot be read is just being written; it is believed dead when it stays so. */
const unreadable = { looks: 5, everyMs: 100 }
const mostAttempts = 20

/**
 * Takes the file, or tells who holds it.
 * @throws HarvesterError WRITE_FAILED, DATABASE_LOCKED where it can neither be had nor is held
 */
export async function takeLockFile<O extends LockOwner>(
  lock: LockFile<O>,
  owner: O,
): Promise<{ heldBy: O } | null> {
  for (let attempt = 0; attempt <= mostAttempts; attempt++) {
    if (await createExclusively(lock, lock.path, JSON.stringify(owner))) return null
    const judged = await signOf(lock.path)
    const current = await readLockFile<O>(lock.path)
    if (current && (await lock.lives(current))) return { heldBy: current }
    if (!current) {
      // Gone meanwhile, or just being written.
      await sleep(unreadable.everyMs)
      if (attempt < unreadable.looks) continue
    }
    if (judged !== undefined) await clear(lock, judged)
  }
  throw new HarvesterError('DATABASE_LOCKED', `The lock file ${lock.path} cannot be taken over`, {
    remedy: 'Make sure that no harvester is running, then remove it.',
  })
}

/** What the file says; undefined where there is none, or none that can be read. */
export async function readLockFile<O extends LockOwner>(path: string): Promise<O | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as O | null
    return typeof owner?.pid === 'number' ? owner : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Says something else of its owner, if that still holds it. Readers see the old text or the new one. */
export async function rewriteLockFile<O extends LockOwner>(path: string, owner: O): Promise<void> {
  if ((await readLockFile(path))?.token !== owner.token) return
  const draft = `${path}.${owner.token}`
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 })
  await rename(draft, path)
}

/** Gives the file back, if this owner still holds it. */
export async function releaseLockFile({ path }: { path: string }, { token }: LockOwner): Promise<void> {
  if ((await readLockFile(path))?.token === token) await rm(path, { force: true })
}

/**
 * What tells this very file from one that was made in its place since: it may say nothing yet, as one does whose maker
 * died over it. Undefined where there is none.
 */
async function signOf(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true })
    return `${ino} ${mtimeNs} ${size}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Removes a dead owner's file, one process at a time, and only if it still is the one that was judged. */
async function clear<O extends LockOwner>(lock: LockFile<O>, judged: string): Promise<void> {
  const guard = `${lock.path}.takeover`
  if (!(await createExclusively(lock, guard, String(process.pid)))) {
    const found = await stat(guard).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > judgedWithinMs) await rm(guard, { force: true })
    else await sleep(50)
    return
  }
  try {
    if ((await signOf(lock.path)) === judged) await rm(lock.path, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}

async function createExclusively(
  { remedy }: { remedy: string },
  path: string,
  content: string,
): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new HarvesterError('WRITE_FAILED', `The lock file ${path} cannot be written`, {
      cause: error,
      remedy,
    })
  }
}
