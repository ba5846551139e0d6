import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HarvesterError } from '../../errors.ts'
import { prepareEngineFolder, writeRemedy } from './folder.ts'
import { type HeldLock, type Owner, readOwner, takeLock } from './lock.ts'
import { startEngineThread } from './start.ts'

/** A way to the embedded engine: through the socket, whether this process owns the engine or another does. */
export interface EngineAccess {
  socketFolder: string
  /** Whether the engine lives in this process. */
  owned: boolean
  /** Tells others that the engine, if it is ours, will be closed soon: who comes to stay waits for that. */
  announceEnd(): Promise<void>
  /** Closes the engine if it is ours. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** The data folder (HARVESTER_DATA_DIR): the engine gets a folder `database` of its own inside. */
  dataFolder: string
  /** Called when the engine starts here, which takes seconds, more of them the first time. */
  onStarting?: (() => void) | undefined
  /** For a process that stays: called once when the owner is about to end, which is then waited for. */
  onWaiting?: ((owner: Owner) => void) | undefined
  /** Called when another process has the engine, and this one uses it there. */
  onJoined?: ((owner: Owner) => void) | undefined
  signal?: AbortSignal | undefined
  /** How long the start of the engine may show no sign of life. */
  stallMilliseconds?: number | undefined
  /** Where the free room of a folder's disk is told. @default the file system */
  freeBytes?: ((folder: string) => Promise<number>) | undefined
  /** How long an owner may take to answer. @default 60 s, since a first start takes a while */
  patienceMilliseconds?: number | undefined
}

export const socketPort = 5432
const socketName = `.s.PGSQL.${socketPort}`
/** The kernel's limit of a socket's path is 107 bytes; less one for good measure. */
const maxSocketPathBytes = 106
const ownerPatienceMilliseconds = 60_000

/**
 * Opens the embedded database of a folder: starts the engine when nobody owns it, else uses the owner's.
 *
 * @throws HarvesterError DATABASE_LOCKED when its owner does not answer, DATABASE_UNREACHABLE when it does not start,
 * WRITE_FAILED when the folder cannot be written
 */
export async function openEngine(options: EngineOptions): Promise<EngineAccess> {
  const folder = join(resolve(options.dataFolder), 'database')
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
  } catch (error) {
    throw new HarvesterError('WRITE_FAILED', `The folder ${folder} of the embedded database cannot be made`, {
      cause: error,
      remedy: writeRemedy,
    })
  }
  const patience = options.patienceMilliseconds ?? ownerPatienceMilliseconds
  let deadline = Date.now() + patience
  let told = false
  for (;;) {
    options.signal?.throwIfAborted()
    const socketFolder = await chooseSocketFolder(folder)
    const lock = await takeLock(folder, socketFolder)
    if (!('heldBy' in lock)) return startEngine(folder, lock, options)
    if (socketFolder !== folder) await rm(socketFolder, { recursive: true, force: true })
    const owner = lock.heldBy
    if (owner.ending && options.onWaiting) {
      if (!told) options.onWaiting(owner)
      told = true
      // It takes as long as its grace time says, and lives.
      deadline = Date.now() + patience
    } else if (await answers(owner)) {
      options.onJoined?.(owner)
      const { socketFolder } = owner
      return { socketFolder, owned: false, announceEnd: async () => {}, close: async () => {} }
    }
    if (Date.now() > deadline) throw lockedBy(folder, owner)
    await sleep(200, undefined, options.signal && { signal: options.signal }).catch(() => undefined)
  }
}

/** Who owns the embedded database of a data folder, if anybody does. */
export function engineOwner(dataFolder: string): Promise<Owner | undefined> {
  return readOwner(join(resolve(dataFolder), 'database'))
}

function lockedBy(folder: string, owner: Owner): HarvesterError {
  return new HarvesterError(
    'DATABASE_LOCKED',
    `The embedded database in ${folder} belongs to process ${owner.pid} (since ${owner.since}), which does not answer`,
    { remedy: `Stop process ${owner.pid}, or use another HARVESTER_DATA_DIR.` },
  )
}

async function chooseSocketFolder(folder: string): Promise<string> {
  if (Buffer.byteLength(join(folder, socketName)) <= maxSocketPathBytes) return folder
  return mkdtemp(join(tmpdir(), 'harvester-'))
}

function answers(owner: Owner): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(join(owner.socketFolder, socketName))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function startEngine(folder: string, lock: HeldLock, options: EngineOptions): Promise<EngineAccess> {
  const socketPath = join(lock.owner.socketFolder, socketName)
  const giveBack = async () => {
    await rm(socketPath, { force: true })
    await lock.release()
    if (lock.owner.socketFolder !== folder)
      await rm(lock.owner.socketFolder, { recursive: true, force: true })
  }
  try {
    const files = await prepareEngineFolder(folder, options.freeBytes)
    options.onStarting?.()
    await rm(socketPath, { force: true })
    try {
      // A thread that ends by itself leaves the folder to whoever asks next.
      const orders = { engineFolder: files.path, socketPath }
      const thread = await startEngineThread(orders, folder, { ...options, onLost: giveBack })
      await files.complete()
      return {
        socketFolder: lock.owner.socketFolder,
        owned: true,
        announceEnd: () => lock.announceEnd(),
        async close() {
          await thread.close()
          await giveBack()
        },
      }
    } catch (error) {
      await files.discard().catch(() => undefined)
      throw error
    }
  } catch (error) {
    await giveBack()
    throw error
  }
}
