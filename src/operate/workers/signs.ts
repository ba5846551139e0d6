/** Signs of life of the workers of a data folder, a file each; and who supervises them. */

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { HarvesterError } from '../../errors.ts'
import { machineId, type NotedProcess, processLives, thisProcess } from '../../process/alive.ts'
import { amount } from '../../text.ts'

export interface SignOfLife extends NotedProcess {
  name: string
  host: string
  /** Where its process can be looked for. */
  machine: string
  at: Date
}

export interface Supervisor extends NotedProcess {
  workers: number
  at: string
}

/** How old the sign of life of a worker may be. */
const aliveSeconds = 90
const everyMs = 20_000
const ending = '.alive.json'
const forgottenMs = 24 * 3_600_000

/** Where slots, signs of life and the supervisor's file are. */
export const workersFolder = (dataFolder: string) => join(dataFolder, 'workers')

/** Gives signs of life until the returned function is called, which removes the file. */
export function giveSigns(dataFolder: string, name: string): () => void {
  const folder = workersFolder(dataFolder)
  const path = join(folder, `${fileName(name)}${ending}`)
  const me = { name, host: hostname(), machine: machineId(), ...thisProcess() }
  const write = () => replace(path, { ...me, at: new Date().toISOString() })
  mkdirSync(folder, { recursive: true })
  forgetOld(folder)
  write()
  const timer = setInterval(() => {
    try {
      write()
    } catch {
      // A full disk: the check will say that the worker is silent, and the worker goes on.
    }
  }, everyMs)
  return () => {
    clearInterval(timer)
    rmSync(path, { force: true })
  }
}

/** By name. */
export function readSigns(dataFolder: string): SignOfLife[] {
  const folder = workersFolder(dataFolder)
  return list(folder).flatMap((file) => {
    const sign = file.endsWith(ending) ? readJson<SignOfLife & { at: string }>(join(folder, file)) : null
    return sign ? [{ ...sign, at: new Date(sign.at) }] : []
  })
}

/** Whether a worker lives: its sign is young, and the process is there where it can be seen from here. */
export function lives(sign: SignOfLife, now: Date): boolean {
  if (now.getTime() - sign.at.getTime() > aliveSeconds * 1000) return false
  const here = sign.host === hostname() && sign.machine === machineId()
  return !here || processLives(sign)
}

/**
 * Notes this process as the supervisor of the folder's workers. The returned function takes the note back.
 * @throws HarvesterError USAGE when another one lives
 */
export function superviseHere(dataFolder: string, workers: number): () => void {
  const other = readSupervisor(dataFolder)
  if (other)
    throw new HarvesterError(
      'USAGE',
      `process ${other.pid} supervises ${amount(other.workers, 'worker')} of ${dataFolder} already`,
      { remedy: 'Stop them with `harvester workers stop`, or set another HARVESTER_DATA_DIR.' },
    )
  const path = supervisorFile(dataFolder)
  mkdirSync(workersFolder(dataFolder), { recursive: true })
  const me: Supervisor = { ...thisProcess(), workers, at: new Date().toISOString() }
  replace(path, me)
  return () => rmSync(path, { force: true })
}

/** The living supervisor of the folder's workers, if there is one. */
export function readSupervisor(dataFolder: string): Supervisor | null {
  const found = readJson<Supervisor>(supervisorFile(dataFolder))
  return found && processLives(found) ? found : null
}

const supervisorFile = (dataFolder: string) => join(workersFolder(dataFolder), 'supervisor.json')

/** A name of a person's choice as the name of a file. */
function fileName(name: string): string {
  return encodeURIComponent(name).replaceAll('*', '%2A').slice(0, 200)
}

/** Readers see the old text or the new one, never a half. */
function replace(path: string, value: object): void {
  const draft = `${path}.${process.pid}.tmp`
  writeFileSync(draft, JSON.stringify(value))
  // The age of a file is told by the clock of its writer, which need not be that of the disk.
  const now = new Date()
  utimesSync(draft, now, now)
  renameSync(draft, path)
}

/** Containers leave files under names that do not come again. */
function forgetOld(folder: string): void {
  for (const file of list(folder)) {
    if (!file.endsWith(ending) && !file.endsWith('.tmp')) continue
    const path = join(folder, file)
    try {
      if (Date.now() - statSync(path).mtimeMs > forgottenMs) rmSync(path, { force: true })
    } catch {
      // Another process removed it first.
    }
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch {
    return null
  }
}
