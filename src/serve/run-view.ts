/** A run as the API tells it: from the audit, or from the engine where it has no audit row yet. */

import type { StoredFact } from '../inventory/audit.ts'
import { findRun } from '../inventory/queries/find-run.ts'
import type { RunRow } from '../inventory/queries/recent-runs.ts'
import type { RunAttemptRow as AuditAttempt } from '../inventory/queries/run-attempts.ts'
import type { Language } from '../rules/reasons/index.ts'
import { factsOf } from '../rules/reasons/run-message.ts'
import { defaultSourceType } from '../rules/source-types.ts'
import { iso } from './iso.ts'
import type { Settings } from './options.ts'
import type { RunView } from './ports.ts'
import type { RunAttemptRow, RunDetailRow } from './schemas.ts'
import { messageOf } from './told.ts'

/** The run with this id, or of the flow run with this id; null when nobody knows it. */
export async function readRun(settings: Settings, id: string): Promise<RunDetailRow | null> {
  const row = await findRun(settings.database, id)
  if (row === null) {
    const view = (await settings.runs?.find(id)) ?? null
    return view === null ? null : unstartedRun(view, settings)
  }
  return {
    ...row,
    ...(await endAsTold(settings, row)),
    started_at: iso(row.started_at),
    finished_at: iso(row.finished_at),
    prefect_url: pageAt(settings, row.prefect_flow_run_id),
  }
}

/**
 * What the engine says of a run that the audit still takes for running: a process that was killed could not write how
 * its run ended. Nothing where the audit is right, or the engine cannot be asked.
 */
export async function settledState(
  settings: Settings,
  run: Pick<RunRow, 'run_id' | 'status' | 'error_message' | 'flow_run_id'>,
): Promise<{ status?: 'ok' | 'failed'; error_message?: string | null }> {
  if (run.status !== 'running') return {}
  const view = await settings.runs?.find(run.flow_run_id ?? run.run_id).catch(() => null)
  if (!view?.final) return {}
  const ok = view.state === 'Completed'
  return { status: ok ? 'ok' : 'failed', error_message: ok ? run.error_message : endOf(view) }
}

/** How a run ended, with the facts of its message where these are its own. */
export async function endAsTold(
  settings: Settings,
  run: Pick<RunRow, 'run_id' | 'status' | 'error_message' | 'flow_run_id' | 'facts'>,
): Promise<{ status?: 'ok' | 'failed'; error_message?: string | null; facts: StoredFact[] | null }> {
  const settled = await settledState(settings, run)
  const message = 'error_message' in settled ? (settled.error_message ?? null) : run.error_message
  return { ...settled, facts: ownFacts(message, run.facts) }
}

/** Facts that a message is made of; null where somebody settled the run otherwise. */
export function ownFacts(message: string | null, facts: StoredFact[] | null): StoredFact[] | null {
  return factsOf(message, facts) === null ? null : facts
}

/** The state of an end that is none of its own making comes first: `Cancelled: by …`. */
function endOf(view: RunView): string {
  return view.message && view.state === 'Failed'
    ? view.message
    : [view.state, view.message].filter(Boolean).join(': ')
}

function statusOf(view: RunView): RunDetailRow['status'] {
  if (view.final) return view.state === 'Completed' ? 'ok' : 'failed'
  return view.state === 'Running' ? 'running' : 'queued'
}

/**
 * A run without an audit row: it waits, is about to begin, ended before it had begun, or harvests all sources by
 * starting a run for each.
 */
function unstartedRun(view: RunView, settings: Pick<Settings, 'pageOfRun'>): RunDetailRow {
  return {
    run_id: view.runId,
    started_at: iso(view.startedAt),
    finished_at: iso(view.endedAt ?? null),
    git_sha: null,
    status: statusOf(view),
    error_message: view.final && view.state !== 'Completed' ? endOf(view) : view.message,
    facts: null,
    scope: view.source === null ? 'full' : 'single',
    triggered_source: view.source,
    triggered_by: view.triggeredBy,
    duration_s:
      view.startedAt && view.endedAt
        ? Math.max(0, (view.endedAt.getTime() - view.startedAt.getTime()) / 1000)
        : null,
    n_success: 0,
    n_unchanged: 0,
    n_skipped: 0,
    n_error: 0,
    n_total: 0,
    prefect_flow_run_id: view.runId,
    flow_run_id: view.runId,
    prefect_url: pageAt(settings, view.runId),
  }
}

function pageAt({ pageOfRun }: Pick<Settings, 'pageOfRun'>, flowRunId: string | null): string | null {
  return pageOfRun === null || flowRunId === null ? null : pageOfRun(flowRunId)
}

export function runAttemptOf(row: AuditAttempt, language: Language = 'en'): RunAttemptRow {
  return {
    ...row,
    error_message: messageOf(language, row),
    source: row.source ?? defaultSourceType,
    attempted_at: iso(row.attempted_at),
  }
}
