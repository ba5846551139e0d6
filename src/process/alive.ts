/** Whether a process lives, told from its number: which comes again, and means something in one namespace only. */

import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process as it is noted for others. */
export interface NotedProcess {
  readonly pid: number
  /** Its start, since numbers come again; empty where the system did not tell. */
  readonly started: string
}

/** In clock ticks since boot; empty where the system does not tell. */
export function processStart(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command in parentheses may hold blanks: fields are counted from its end.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** This process, as others are to note it. */
export function thisProcess(): NotedProcess {
  return { pid: process.pid, started: processStart(process.pid) }
}

/** Whether a process of this namespace still runs, and not another one under its number. */
export function processLives({ pid, started }: NotedProcess): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // It is there, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = processStart(pid)
  return started === '' || now === '' || now === started
}

/** The namespace of this process's number: containers have numbers of their own. Empty where the system has none. */
function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** Where a number means something, among those who share a disk: one host or container. */
export function pidSpace(): string {
  return `${hostname()} ${namespace()}`.trim()
}

let machine: string | undefined

/**
 * The same among all hosts, whose names need not differ: one boot, one namespace. Empty where the system does not tell,
 * as on macOS: then no process is judged by its number.
 */
export function machineId(): string {
  if (machine !== undefined) return machine
  const space = namespace()
  try {
    machine = space && `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${space}`
  } catch {
    machine = ''
  }
  return machine
}
