import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HarvesterError } from '../errors.ts'

/**
 * Stable names for the workers of a host: `{hostname}-{slot}`, the lowest slot that no living process holds. The
 * name comes back after a restart, so that the worker list does not grow and a predecessor's runs are known.
 */
export interface Slot {
  readonly name: string
  release(): Promise<void>
}

interface Owner {
  pid: number
  /** Start time of the process, since pids come again; empty where the system does not tell. */
  started: string
  nonce: string
}

const staleMs = 10_000
const mostSlots = 1000

export async function takeSlot(folder: string, host: string = hostname()): Promise<Slot> {
  await mkdir(folder, { recursive: true })
  const me: Owner = { pid: process.pid, started: await processStart(process.pid), nonce: randomUUID() }
  for (let slot = 1; slot <= mostSlots; slot++) {
    const name = `${host}-${slot}`
    const path = join(folder, `${name}.lock`)
    if (!(await take(path, me))) continue
    return {
      name,
      async release() {
        const owner = await read(path)
        if (owner?.nonce === me.nonce) await rm(path, { force: true })
      },
    }
  }
  throw new HarvesterError('USAGE', `${mostSlots} workers hold a slot in ${folder}`, {
    remedy: 'Delete the lock files of workers that are gone, or set WORKER_NAME.',
  })
}

async function take(path: string, me: Owner): Promise<boolean> {
  if (await create(path, me)) return true
  if (await held(path)) return false
  // Only one process at a time may judge a lock as dead and replace it.
  const guard = `${path}.guard`
  if (!(await enter(guard))) return false
  try {
    if (await held(path)) return false
    await rm(path, { force: true })
    return await create(path, me)
  } finally {
    await rmdir(guard).catch(() => {})
  }
}

async function create(path: string, me: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(me), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new HarvesterError('WRITE_FAILED', `The lock file ${path} could not be written`, {
      remedy: 'Make the folder writable, or set WORKER_NAME.',
      cause: error,
    })
  }
}

async function enter(guard: string): Promise<boolean> {
  for (let round = 0; round < 100; round++) {
    try {
      await mkdir(guard)
      return true
    } catch {
      if ((await age(guard)) > staleMs) await rmdir(guard).catch(() => {})
      await sleep(50)
    }
  }
  return false
}

async function read(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner
  } catch {
    return null
  }
}

/** Whether a living process holds the lock. A file that was only just created and is not yet written counts as held. */
async function held(path: string): Promise<boolean> {
  const owner = await read(path)
  return owner === null ? (await age(path)) < staleMs : processLives(owner)
}

async function age(path: string): Promise<number> {
  return stat(path).then(
    (found) => Date.now() - found.mtimeMs,
    () => Number.POSITIVE_INFINITY,
  )
}

/** Whether a process that was noted with its start still runs: its pid alone may be another's by now. */
export async function processLives(owner: Pick<Owner, 'pid' | 'started'>): Promise<boolean> {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return (await processStart(owner.pid)) === owner.started
}

/** In clock ticks since boot; empty where the system does not tell. */
export async function processStart(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The command in parentheses may hold blanks: fields are counted from its end.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
