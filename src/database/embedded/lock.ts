import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HarvesterError } from '../../errors.ts'
import { writeRemedy } from './folder.ts'

/** Who owns an embedded database. Two engines on one folder destroy it, so the file exists before the engine starts. */
export interface Owner {
  pid: number
  /** Start of the process in clock ticks since boot, where /proc tells: tells apart a pid that was given out again. */
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

const lockName = 'owner.lock'
const takeoverName = 'owner.lock.takeover'
const heartbeatMilliseconds = 10_000
/** An owner of another host or container that gave no sign of life for so long is taken for dead. */
const silentMilliseconds = 60_000

/** The start time of a process in ticks since boot (field 22 of /proc/PID/stat), null where there is no /proc. */
export function processStart(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function pidSpace(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

export function isAlive(pid: number, start: string | null): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return start === null || processStart(pid) === null || processStart(pid) === start
}

export async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(join(folder, lockName), 'utf8')) as Owner
    return typeof owner.pid === 'number' ? owner : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function ownerLives(folder: string, owner: Owner): Promise<boolean> {
  if (owner.pidSpace === pidSpace()) return isAlive(owner.pid, owner.processStart)
  const beat = await stat(join(folder, lockName)).catch(() => undefined)
  return beat !== undefined && Date.now() - beat.mtimeMs < silentMilliseconds
}

export interface HeldLock {
  owner: Owner
  /** Tells others that the folder will be given back soon. */
  announceEnd(): Promise<void>
  /** Gives the folder back. */
  release(): Promise<void>
}

/**
 * Takes the folder, or tells who owns it. A lock whose owner is dead is taken over.
 *
 * @throws HarvesterError WRITE_FAILED when the folder cannot be written
 */
export async function takeLock(folder: string, socketFolder: string): Promise<HeldLock | { heldBy: Owner }> {
  const owner: Owner = {
    pid: process.pid,
    processStart: processStart(process.pid),
    pidSpace: pidSpace(),
    socketFolder,
    since: new Date().toISOString(),
    token: randomUUID(),
  }
  for (let attempt = 0; ; attempt++) {
    if (await createExclusively(join(folder, lockName), JSON.stringify(owner))) return hold(folder, owner)
    const current = await readOwner(folder)
    if (current && (await ownerLives(folder, current))) return { heldBy: current }
    if (!current) {
      // Gone meanwhile, or just being written: an unreadable lock is only believed dead when it stays so.
      await sleep(100)
      if (attempt < 5) continue
    }
    await takeOver(folder, current?.token)
    if (attempt > 20)
      throw new HarvesterError(
        'DATABASE_LOCKED',
        `The lock file ${join(folder, lockName)} cannot be taken over`,
        {
          remedy: 'Make sure that no harvester runs, then remove it.',
        },
      )
  }
}

/** Removes a dead owner's lock, one process at a time, and only if it still is the one that was judged. */
async function takeOver(folder: string, token: string | undefined): Promise<void> {
  const guard = join(folder, takeoverName)
  if (!(await createExclusively(guard, String(process.pid)))) {
    const found = await stat(guard).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > heartbeatMilliseconds) await rm(guard, { force: true })
    else await sleep(50)
    return
  }
  try {
    if ((await readOwner(folder))?.token === token) await rm(join(folder, lockName), { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}

function hold(folder: string, owner: Owner): HeldLock {
  const path = join(folder, lockName)
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, heartbeatMilliseconds)
  beat.unref()
  return {
    owner,
    async announceEnd() {
      if ((await readOwner(folder))?.token !== owner.token) return
      const next = `${path}.${owner.token}`
      await writeFile(next, JSON.stringify({ ...owner, ending: true }), { mode: 0o600 })
      await rename(next, path)
    },
    async release() {
      clearInterval(beat)
      if ((await readOwner(folder))?.token === owner.token) await rm(path, { force: true })
    },
  }
}

async function createExclusively(path: string, content: string): Promise<boolean> {
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
      remedy: writeRemedy,
    })
  }
}
