/**
 * A worker is an instance: one life of one process under a name. The name comes back after a restart, the instance
 * does not, so that what a predecessor left is told from what a living namesake does.
 */
import { randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { HarvesterError } from '../errors.ts'
import { processLives, processStart } from './slot.ts'

export interface WorkerInstance {
  readonly name: string
  /** UUID. */
  readonly id: string
  readonly host: string
  /** Tells where {@link pid} means something: one boot of one host, one namespace of processes. */
  readonly machine: string
  readonly pid: number
  /** Start time of the process, since pids come again. */
  readonly started: string
}

export async function newInstance(name: string): Promise<WorkerInstance> {
  return {
    name,
    id: randomUUID(),
    host: hostname(),
    machine: await machineId(),
    pid: process.pid,
    started: await processStart(process.pid),
  }
}

/**
 * What is known of an instance by its process: `lives`, `ended`, or `unknown` where only its heartbeats tell, since
 * it is not of this machine.
 */
export async function fateOf(instance: WorkerInstance): Promise<'lives' | 'ended' | 'unknown'> {
  if (instance.machine === '' || instance.machine !== (await machineId())) return 'unknown'
  return (await processLives(instance)) ? 'lives' : 'ended'
}

/** An instance as it was stored; null for what is none. */
export function readInstance(value: unknown): WorkerInstance | null {
  if (typeof value !== 'object' || value === null) return null
  const { name, id, host, machine, pid, started } = value as Record<string, unknown>
  if (typeof name !== 'string' || typeof id !== 'string') return null
  return {
    name,
    id,
    host: String(host ?? ''),
    machine: String(machine ?? ''),
    pid: Number(pid ?? 0),
    started: String(started ?? ''),
  }
}

/** Two that bear one name would take each other's runs for those of a predecessor. */
export function nameTaken(me: WorkerInstance, other: WorkerInstance): HarvesterError {
  return new HarvesterError(
    'USAGE',
    `A worker named ${me.name} lives already: on ${other.host} (process ${other.pid}); this one is on ${me.host} (process ${me.pid})`,
    { remedy: 'Give each worker a WORKER_NAME of its own, or none: then it gets one.' },
  )
}

let known: Promise<string> | null = null

/** Empty where the system does not tell, as on macOS: then no process is judged by its pid. */
function machineId(): Promise<string> {
  known ??= Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readlink('/proc/self/ns/pid')])
    .then(([boot, namespace]) => `${boot.trim()} ${namespace}`)
    .catch(() => '')
  return known
}
