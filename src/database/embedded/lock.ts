import { randomUUID } from 'node:crypto'
import { stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { pidSpace, processLives, thisProcess } from '../../process/alive.ts'
import {
  type LockFile,
  readLockFile,
  releaseLockFile,
  rewriteLockFile,
  takeLockFile,
} from '../../process/lock-file.ts'
import { writeRemedy } from './folder.ts'

/** Who owns an embedded database. Two engines on one folder destroy it, so the file exists before the engine starts. */
export interface Owner {
  pid: number
  /** Start of the process, where the system tells: tells apart a pid that was given out again. */
  processStart: string | null
  /** Where the pid means something: another container has pids of its own. */
  pidSpace: string
  /** The folder of the Unix socket. */
  socketFolder: string
  since: string
  token: string
  /** The owner was told to stop, and will give the folder back once its work is done. */
  ending?: boolean
}

const heartbeatMilliseconds = 10_000
/** An owner of another host or container that gave no sign of life for so long is taken for dead. */
const silentMilliseconds = 60_000

export interface HeldLock {
  owner: Owner
  /** Tells others that the folder will be given back soon. */
  announceEnd(): Promise<void>
  /** Gives the folder back. */
  release(): Promise<void>
}

export async function readOwner(folder: string): Promise<Owner | undefined> {
  return readLockFile<Owner>(lockOf(folder).path)
}

/**
 * Takes the folder, or tells who owns it. A lock whose owner is dead is taken over.
 *
 * @throws HarvesterError WRITE_FAILED when the folder cannot be written
 */
export async function takeLock(folder: string, socketFolder: string): Promise<HeldLock | { heldBy: Owner }> {
  const { pid, started } = thisProcess()
  const owner: Owner = {
    pid,
    processStart: started || null,
    pidSpace: pidSpace(),
    socketFolder,
    since: new Date().toISOString(),
    token: randomUUID(),
  }
  const lock = lockOf(folder)
  return (await takeLockFile(lock, owner)) ?? hold(lock, owner)
}

function lockOf(folder: string): LockFile<Owner> {
  const path = join(folder, 'owner.lock')
  return {
    path,
    remedy: writeRemedy,
    async lives(owner) {
      if (owner.pidSpace === pidSpace())
        return processLives({ pid: owner.pid, started: owner.processStart ?? '' })
      const beat = await stat(path).catch(() => undefined)
      return beat !== undefined && Date.now() - beat.mtimeMs < silentMilliseconds
    },
  }
}

function hold(lock: LockFile<Owner>, owner: Owner): HeldLock {
  const beat = setInterval(() => {
    const now = new Date()
    utimes(lock.path, now, now).catch(() => undefined)
  }, heartbeatMilliseconds)
  beat.unref()
  return {
    owner,
    announceEnd: () => rewriteLockFile(lock.path, { ...owner, ending: true }),
    release() {
      clearInterval(beat)
      return releaseLockFile(lock, owner)
    },
  }
}
