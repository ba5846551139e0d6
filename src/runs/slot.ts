import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { HarvesterError } from '../errors.ts'
import { type NotedProcess, processLives, thisProcess } from '../process/alive.ts'
import { type LockFile, type LockOwner, releaseLockFile, takeLockFile } from '../process/lock-file.ts'

/**
 * Stable names for the workers of a host: `{hostname}-{slot}`, the lowest slot that no living process holds. The
 * name comes back after a restart, so that the worker list does not grow and a predecessor's runs are known.
 */
export interface Slot {
  readonly name: string
  release(): Promise<void>
}

const mostSlots = 1000

export async function takeSlot(folder: string, host: string = hostname()): Promise<Slot> {
  await mkdir(folder, { recursive: true })
  const me = { ...thisProcess(), token: randomUUID() }
  for (let slot = 1; slot <= mostSlots; slot++) {
    const name = `${host}-${slot}`
    const lock: LockFile<LockOwner & NotedProcess> = {
      path: join(folder, `${name}.lock`),
      lives: processLives,
      remedy: 'Make the folder writable, or set WORKER_NAME.',
    }
    if ((await takeLockFile(lock, me)) === null) return { name, release: () => releaseLockFile(lock, me) }
  }
  throw new HarvesterError('USAGE', `${mostSlots} workers hold a slot in ${folder}`, {
    remedy: 'Delete the lock files of workers that are gone, or set WORKER_NAME.',
  })
}
