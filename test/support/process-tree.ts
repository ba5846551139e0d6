/** Processes as /proc knows them: who came of whom, and what they hold. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The process and all that came of it. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readOr(`/proc/${name}/stat`)
    if (stat !== '') parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const found: number[] = []
  const visit = (pid: number) => {
    found.push(pid)
    for (const [child, parent] of parents) if (parent === pid) visit(child)
  }
  visit(root)
  return found
}

/** Sends a signal to those that still live. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
}

export interface Held {
  /** Resident memory. */
  megabytes: number
  handles: number
  /** Handles that are sockets. */
  sockets: number
}

/** What a process holds now; null when it has gone. */
export function heldBy(pid: number): Held | null {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readOr(`/proc/${pid}/status`))?.[1]
  if (kilobytes === undefined) return null
  let handles = 0
  let sockets = 0
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      handles += 1
      try {
        if (readlinkSync(`/proc/${pid}/fd/${name}`).startsWith('socket:')) sockets += 1
      } catch {
        // closed meanwhile
      }
    }
  } catch {
    return null
  }
  return { megabytes: Number(kilobytes) / 1024, handles, sockets }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
