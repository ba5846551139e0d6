/** Where a flow run is settled, its row in the audit is settled too, whichever engine settled it. */
import type { Database } from '../database/port.ts'
import { describeError } from '../errors.ts'
import { settleFlowRun } from '../inventory/audit.ts'
import type { Log } from '../log/log.ts'
import type { EngineEvent } from '../runs/index.ts'
import { scrub } from '../secrets.ts'

/** The word with which the message of a run begins that did not come to its own end. */
const words: Partial<Record<Extract<EngineEvent, { type: 'run-finished' }>['state'], string>> = {
  CRASHED: 'Crashed',
  CANCELLED: 'Cancelled',
  FAILED: 'Failed',
}

/**
 * Listens to an engine. A run that ended by itself has told the audit; of one whose process died, or that was given
 * up, `harvest_runs` still says `running`.
 */
export function settleAudit(database: () => Promise<Database>, log: Log): (event: EngineEvent) => void {
  return (event) => {
    if (event.type !== 'run-finished') return
    const word = words[event.state]
    if (word === undefined) return
    const message = event.message === '' ? word : `${word}: ${event.message}`
    database()
      .then((open) => settleFlowRun(open, event.run.id, { at: new Date(), message: scrub(message) }))
      .then((count) => {
        if (count > 0)
          log.warn(
            { run: event.run.name, flowRunId: event.run.id },
            `the audit of the run was settled: ${message}`,
          )
      })
      .catch((error: unknown) =>
        log.warn(
          { run: event.run.name, flowRunId: event.run.id, error },
          `the audit of the run could not be settled: ${describeError(error)}`,
        ),
      )
  }
}
