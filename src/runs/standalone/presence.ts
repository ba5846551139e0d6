/** Which processes share a run store, and which of them take whatever is due. */
import { hostname } from 'node:os'
import { goneAfterMs } from './executor.ts'

interface Seen {
  readonly name: string
  readonly seenAt: Date
}

const oneShot = /^backfill@(.*):(\d+)$/

/** The name of a process that executes the runs of one command only. */
export function oneShotWorker(): string {
  return `backfill@${hostname()}:${process.pid}`
}

/** Whether this is the name of such a process. */
export const isOneShotWorker = (name: string): boolean => oneShot.test(name)

/** Whether a process gave a sign of life lately and will take any run that is due. */
export function takesAnyRun({ name, seenAt }: Seen, now: Date): boolean {
  return !isOneShotWorker(name) && now.getTime() - seenAt.getTime() < goneAfterMs
}

/** Whether a process certainly ended: one of this host, whose number is no longer in use. */
export function hasEnded(name: string, exists: (pid: number) => boolean = processExists): boolean {
  const [, host, pid] = oneShot.exec(name) ?? []
  return host === hostname() && !exists(Number(pid))
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
