import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { HarvesterError } from '../../errors.ts'
import { type HeldLock, type Owner, readOwner, takeLock } from './lock.ts'
import type { EngineOrders, EngineReport } from './worker.ts'

/** A way to the embedded engine: through the socket, whether this process owns the engine or another does. */
export interface EngineAccess {
  socketFolder: string
  /** Whether the engine lives in this process. */
  owned: boolean
  /** Closes the engine if it is ours. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** The data folder (HARVESTER_DATA_DIR): the engine gets a folder `database` of its own inside. */
  dataFolder: string
  /** Called when the engine starts here: some 8 seconds the first time, 1.5 afterwards. */
  onStarting?: (() => void) | undefined
  signal?: AbortSignal | undefined
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
      remedy: 'Give this user the right to write there, or set HARVESTER_DATA_DIR.',
    })
  }
  const deadline = Date.now() + (options.patienceMilliseconds ?? ownerPatienceMilliseconds)
  for (;;) {
    options.signal?.throwIfAborted()
    const socketFolder = await chooseSocketFolder(folder)
    const lock = await takeLock(folder, socketFolder)
    if (!('heldBy' in lock)) return startEngine(folder, lock, options)
    if (socketFolder !== folder) await rm(socketFolder, { recursive: true, force: true })
    if (await answers(lock.heldBy))
      return { socketFolder: lock.heldBy.socketFolder, owned: false, close: async () => {} }
    if (Date.now() > deadline) throw lockedBy(folder, lock.heldBy)
    await sleep(200, undefined, options.signal ? { signal: options.signal } : undefined)
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
  options.onStarting?.()
  await rm(socketPath, { force: true })
  const worker = startWorker({ engineFolder: join(folder, 'engine'), socketPath })
  try {
    await heard(worker, 'ready')
  } catch (error) {
    await worker.terminate()
    await giveBack()
    throw new HarvesterError('DATABASE_UNREACHABLE', `The embedded database in ${folder} does not start`, {
      cause: error,
      remedy:
        'If it was damaged, move the folder away: a new one is made, and `harvester load FOLDER` fills it.',
    })
  }
  return {
    socketFolder: lock.owner.socketFolder,
    owned: true,
    async close() {
      const closed = heard(worker, 'closed')
      worker.postMessage('close')
      await closed.catch(() => undefined)
      await worker.terminate()
      await giveBack()
    },
  }
}

/** Compiled, the thread runs as it is; from source (tests) it first needs a loader for TypeScript. */
function startWorker(orders: EngineOrders): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./worker.js', import.meta.url), { workerData: orders })
  const loader = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/cjs$/, 'mjs'),
  ).href
  const entry = new URL('./worker.ts', import.meta.url).href
  const start = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(entry)}) })`
  return new Worker(start, { eval: true, workerData: orders, execArgv: [] })
}

function heard(worker: Worker, type: EngineReport['type']): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (report: EngineReport) => {
      if (report.type === type) resolve()
      else if (report.type === 'failed') reject(new Error(report.message))
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`its thread ended with code ${code}`)))
  })
}
