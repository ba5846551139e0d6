import type { Database } from '../database/port.ts'
import { describeError } from '../errors.ts'
import {
  type AuditAttempt,
  addAttempts,
  finishRun,
  type StoredTold,
  settleFlowRun,
  startRun,
} from '../inventory/audit.ts'
import { markRejected } from '../inventory/load/audit-files.ts'
import type { RejectedDataset } from '../inventory/load/types.ts'
import { saveProgress } from '../inventory/run-progress.ts'
import type { HarvestListener } from '../log/events.ts'
import type { Log } from '../log/log.ts'
import type { Attempt } from '../rules/attempt.ts'
import type { Verdict } from '../rules/verdict.ts'
import { scrub } from '../secrets.ts'
import { ProgressTrail } from './progress-trail.ts'
import type { HarvestRun } from './run.ts'
import type { HarvestServices } from './services.ts'

/** Attempts written together, and how long the first of them waits at most. */
const attemptsAtOnce = 100
const longestWaitMs = 2000

/** The audit rows of a run: it exists as running from its first second, and its attempts arrive while it harvests. */
export interface AuditTrail {
  start(run: HarvestRun): Promise<void>
  listen: HarvestListener
  /** Writes the attempts that wait. */
  flush(run: HarvestRun): Promise<void>
  /** Datasets whose rows the load refused are failed attempts after all. */
  reject(run: HarvestRun, datasets: readonly RejectedDataset[]): Promise<void>
  finish(run: HarvestRun, verdict: Verdict): Promise<void>
}

/** Nothing where there is no database. A database that is lost in the middle costs audit rows, not the harvest. */
export function openAudit(database: Database | null, services: HarvestServices, log: Log): AuditTrail {
  if (!database)
    return {
      start: async () => {},
      listen: () => {},
      flush: async () => {},
      reject: async () => {},
      finish: async () => {},
    }
  let waiting: AuditAttempt[] = []
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> = Promise.resolve()
  let lost = false
  const trail = new ProgressTrail()
  let of: { runId: string; flowRunId: string; startedAt: Date } | null = null
  let told = ''

  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!lost)
        log.error(
          { error },
          `audit rows could not be written (${describeError(error)}); they are in the CSVs of the run`,
        )
      lost = true
    }
  }
  const flush = (runId: string): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const attempts = waiting
    waiting = []
    // One statement at a time, in order: a later row of a dataset replaces the earlier one.
    if (attempts.length > 0) last = last.then(() => attempt(() => addAttempts(database, runId, attempts)))
    tellProgress()
    return last
  }

  /** How far the run is; whoever watches it is not told twice. */
  const tellProgress = (): void => {
    if (!of) return
    const run = of
    const { state } = trail
    const text = JSON.stringify(state)
    if (text === told) return
    told = text
    last = last.then(() => attempt(() => saveProgress(database, run, state)))
  }

  return {
    async start(run) {
      // An execution of this flow run that was killed is over, now that the run was taken up again.
      await settleFlowRun(database, run.flowRunId, {
        at: new Date(),
        message: 'Crashed: the run was taken up again',
      })
      await startRun(database, {
        runId: run.runId,
        startedAt: run.startedAt,
        gitSha: services.gitSha,
        prefectFlowRunId: services.runsAtServer ? run.flowRunId : null,
        scope: run.scope,
        triggeredSource: run.triggeredSource,
        triggeredBy: run.triggeredBy,
      })
    },
    listen(event) {
      if (event.type === 'run-started')
        of = { runId: event.runId, flowRunId: event.flowRunId, startedAt: event.at }
      if (trail.take(event) === 'phase') tellProgress()
      if (event.type !== 'dataset-attempted') return
      waiting.push({ ...event.attempt, told: toldOf(event.attempt) })
      if (waiting.length >= attemptsAtOnce) void flush(event.runId)
      else timer ??= setTimeout(() => void flush(event.runId), longestWaitMs)
    },
    flush: (run) => flush(run.runId),
    async reject(run, datasets) {
      // The load has marked them, but an attempt that came after it said success again.
      await flush(run.runId)
      await attempt(() => markRejected(database, run.runId, datasets))
    },
    async finish(run, verdict) {
      await flush(run.runId)
      await attempt(() =>
        finishRun(database, run.runId, {
          finishedAt: new Date(),
          status: verdict.ok ? 'ok' : 'failed',
          errorMessage: verdict.ok ? null : scrub(verdict.message),
          facts: verdict.facts,
        }),
      )
    },
  }
}

/** What is stored of an attempt besides its row. */
function toldOf({ facts, warnings, remedies, about }: Attempt): StoredTold {
  return {
    facts: [...facts],
    warnings: [...warnings],
    remedies: [...remedies],
    title: about.title,
    organizations: [...about.organizations],
  }
}
