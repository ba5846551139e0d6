/** The runs of either back end, as `harvester runs` shows and changes them. */

import { HarvesterError } from '../../errors.ts'
import type { FlowRun, TaskRun } from '../../runs/index.ts'
import { amount } from '../../text.ts'

export interface LogEntry {
  at: Date
  level: string
  message: string
}

export interface ArtifactEntry {
  type: string
  key: string | null
  description: string | null
}

export interface Ledger {
  /** The newest first. */
  list(options: { limit: number; deployment?: string }): Promise<FlowRun[]>
  /** By the whole id or its beginning. @throws USAGE when none or several match */
  find(id: string): Promise<FlowRun>
  tasks(id: string): Promise<Pick<TaskRun, 'name' | 'state' | 'runningSeconds'>[]>
  artifacts(id: string): Promise<ArtifactEntry[]>
  /** The end of the log, oldest first. */
  lastLog(id: string, lines: number): Promise<LogEntry[]>
  /** Each call gives what came since the last one; the first gives all. */
  follow(id: string): () => Promise<LogEntry[]>
  cancel(id: string): Promise<void>
  /** Makes a run that has ended due again. @throws USAGE when the back end refuses */
  retry(run: FlowRun): Promise<void>
}

/** The one run among `candidates` whose id begins so. */
export function onlyMatch(candidates: readonly FlowRun[], id: string): FlowRun {
  const found = candidates.filter((run) => run.id.startsWith(id.toLowerCase()))
  if (found.length === 1) return found[0]!
  throw new HarvesterError(
    'USAGE',
    found.length === 0 ? `there is no run ${id}` : `${id} is the beginning of ${amount(found.length, 'run')}`,
    { remedy: '`harvester runs` lists the newest.' },
  )
}

export const isWholeId = (id: string): boolean => /^[0-9a-f-]{36}$/i.test(id)
