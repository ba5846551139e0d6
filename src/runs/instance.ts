/**
 * A worker is an instance: one life of one process under a name. The name comes back after a restart, the instance
 * does not, so that what a predecessor left is told from what a living namesake does.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { HarvesterError } from '../errors.ts'
import { machineId, processLives, thisProcess } from '../process/alive.ts'

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

export function newInstance(name: string): WorkerInstance {
  return {
    name,
    id: randomUUID(),
    host: hostname(),
    machine: machineId(),
    ...thisProcess(),
  }
}

/**
 * What is known of an instance by its process: `lives`, `ended`, or `unknown` where only its heartbeats tell, since
 * it is not of this machine.
 */
export function fateOf(instance: WorkerInstance): 'lives' | 'ended' | 'unknown' {
  if (instance.machine === '' || instance.machine !== machineId()) return 'unknown'
  return processLives(instance) ? 'lives' : 'ended'
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
