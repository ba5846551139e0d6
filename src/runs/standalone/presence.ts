/** Which processes share a run store, and which of them take whatever is due. */
import { hostname } from 'node:os'
import { processLives } from '../../process/alive.ts'
import { goneAfterMs } from '../decide.ts'
import { fateOf } from '../instance.ts'
import type { SeenWorker } from '../orchestrator.ts'
import type { StoredWorker } from './store.ts'

type Seen = Pick<StoredWorker, 'name' | 'seenAt'>

/** What is known of a process by its last sign of life, and by the process itself where it is of this machine. */
export function fateOfStored(stored: StoredWorker, now: Date): SeenWorker['fate'] {
  const fate = stored.instance === null ? 'unknown' : fateOf(stored.instance)
  if (fate === 'ended') return 'ended'
  return now.getTime() - stored.seenAt.getTime() < goneAfterMs ? 'lives' : 'silent'
}

const oneShot = /^backfill@(.*):(\d+)$/

/** The name of a process that executes the runs of one command only. */
export function oneShotWorker(): string {
  return `backfill@${hostname()}:${process.pid}`
}

/** Whether this is the name of such a process. */
const isOneShotWorker = (name: string): boolean => oneShot.test(name)

/** Whether a process gave a sign of life lately and will take any run that is due. */
export function takesAnyRun({ name, seenAt }: Seen, now: Date): boolean {
  return !isOneShotWorker(name) && now.getTime() - seenAt.getTime() < goneAfterMs
}

/** Whether a process certainly ended: one of this host, whose number is no longer in use. */
export function hasEnded(name: string): boolean {
  const [, host, pid] = oneShot.exec(name) ?? []
  return host === hostname() && !processLives({ pid: Number(pid), started: '' })
}
