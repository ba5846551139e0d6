import { createHash } from 'node:crypto'
import type { Database } from '../database/port.ts'
import { storableText } from '../rules/limits.ts'
import type { SourceType } from '../rules/source-types.ts'
import { json } from './stored-text.ts'

/** A run as it is known in its first second. */
export interface RunStart {
  /** UUID. */
  runId: string
  startedAt: Date
  gitSha: string | null
  prefectFlowRunId: string | null
  scope: 'full' | 'single'
  /** The source's URL, of a run of one source. */
  triggeredSource: string | null
  triggeredBy: string | null
}

export interface RunEnd {
  finishedAt: Date
  status: 'ok' | 'failed'
  errorMessage: string | null
  /** What the run says of itself. */
  facts?: readonly StoredFact[]
}

/** What became of one dataset, as the audit keeps it. */
export interface AuditAttempt {
  erddapUrl: string
  datasetId: string
  source: SourceType
  status: 'success' | 'skipped' | 'error'
  reason: string | null
  message: string | null
  durationMs: number
  attemptedAt: Date
  queryUrls: readonly string[]
  /** Reason, warnings and remedy as codes and values; the English sentence alone where there is none. */
  told?: StoredTold
}

/** A code and its values, as they are stored: another version may have written them. */
export interface StoredFact {
  code: string
  values: unknown
}

/** What `harvester.attempt_facts` holds of an attempt. */
export interface StoredTold {
  facts: StoredFact[]
  warnings: StoredFact[]
  remedies?: (StoredFact & { of: string })[]
  title?: string
  organizations?: string[]
}

/** Says that a run runs. Again for the same run (a resumed one), it runs again. @throws HarvesterError DATABASE_… */
export async function startRun(database: Database, run: RunStart): Promise<void> {
  await database.query(
    `INSERT INTO cde.harvest_runs
       (run_id, started_at, git_sha, status, prefect_flow_run_id, scope, triggered_source, triggered_by)
     VALUES ($1, $2, $3, 'running', $4, $5, $6, $7)
     ON CONFLICT (run_id) DO UPDATE SET status = 'running', finished_at = NULL, error_message = NULL`,
    [
      run.runId,
      run.startedAt,
      run.gitSha,
      run.prefectFlowRunId,
      run.scope,
      run.triggeredSource,
      run.triggeredBy,
    ],
  )
}

/** Writers of the same rows take them in the same order: none waits for another that waits for it. */
export const attemptOrder = 'ORDER BY erddap_url COLLATE "C", dataset_id COLLATE "C"'

/** Attempts, as many as there are; a later one of the same dataset replaces the earlier. @throws HarvesterError DATABASE_… */
export async function addAttempts(
  database: Database,
  runId: string,
  attempts: readonly AuditAttempt[],
): Promise<void> {
  const latest = [
    ...new Map(attempts.map((attempt) => [`${attempt.erddapUrl} ${attempt.datasetId}`, attempt])).values(),
  ]
  if (latest.length === 0) return
  const text = (value: string | null) => (value === null ? null : storableText(value))
  await database.query(
    `INSERT INTO cde.harvest_attempts
       (run_id, erddap_url, dataset_id, source, status, reason_code, error_message, duration_ms, attempted_at, query_urls)
     SELECT $1, s.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
       $9::timestamptz[], $10::text[]) AS s (erddap_url, dataset_id)
     ${attemptOrder}
     ON CONFLICT (run_id, erddap_url, dataset_id) DO UPDATE SET
       source = excluded.source, status = excluded.status, reason_code = excluded.reason_code,
       error_message = excluded.error_message, duration_ms = excluded.duration_ms,
       attempted_at = excluded.attempted_at, query_urls = excluded.query_urls`,
    [
      runId,
      latest.map((attempt) => attempt.erddapUrl),
      latest.map((attempt) => attempt.datasetId),
      latest.map((attempt) => attempt.source),
      latest.map((attempt) => attempt.status),
      latest.map((attempt) => attempt.reason),
      latest.map((attempt) => text(attempt.message)),
      latest.map((attempt) => Math.min(Math.round(attempt.durationMs), 2_147_483_647)),
      latest.map((attempt) => attempt.attemptedAt.toISOString()),
      latest.map((attempt) => text(attempt.queryUrls.join('\n'))),
    ],
  )
  await addFacts(database, runId, latest)
}

/** The facts of attempts, in the place of those that an earlier attempt of the run left. */
async function addFacts(database: Database, runId: string, attempts: readonly AuditAttempt[]): Promise<void> {
  const told = attempts.filter((attempt) => attempt.told && hasFacts(attempt.told))
  const silent = attempts.filter((attempt) => !told.includes(attempt))
  if (silent.length > 0)
    await database.query(
      `DELETE FROM harvester.attempt_facts f USING unnest($2::text[], $3::text[]) AS s (erddap_url, dataset_id)
       WHERE f.run_id = $1 AND f.erddap_url = s.erddap_url AND f.dataset_id = s.dataset_id`,
      [runId, silent.map((attempt) => attempt.erddapUrl), silent.map((attempt) => attempt.datasetId)],
    )
  if (told.length === 0) return
  await database.query(
    `INSERT INTO harvester.attempt_facts (run_id, erddap_url, dataset_id, told, attempted_at)
     SELECT $1, s.* FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::timestamptz[]) AS s
     ON CONFLICT (run_id, erddap_url, dataset_id) DO UPDATE SET
       told = excluded.told, attempted_at = excluded.attempted_at`,
    [
      runId,
      told.map((attempt) => attempt.erddapUrl),
      told.map((attempt) => attempt.datasetId),
      told.map((attempt) => json(attempt.told)),
      told.map((attempt) => attempt.attemptedAt.toISOString()),
    ],
  )
}

function hasFacts({ facts, warnings }: StoredTold): boolean {
  return facts.length > 0 || warnings.length > 0
}

/**
 * The id of one execution of a flow run, by which its row in `harvest_runs` is known: that of the flow run itself the
 * first time; each later one (a retry, a run that was taken up again) has its own, which is always the same.
 */
export function executionId(flowRunId: string, runCount: number): string {
  if (runCount <= 1) return flowRunId
  const hash = createHash('sha256').update(`${flowRunId}:${runCount}`).digest('hex')
  // A name-based UUID (RFC 9562, version 8).
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

/** So many executions of one flow run are looked for; a run that was taken up more often has other troubles. */
const executionsLooked = 50

/**
 * Settles the rows of a flow run that still say `running`: whoever settles the flow run (crashed, cancelled, given
 * up) settles them too, since the process that would have is gone. Again, it changes nothing.
 *
 * @param end its message begins with the word `Crashed` or `Cancelled`
 * @returns how many said so
 * @throws HarvesterError DATABASE_…
 */
export async function settleFlowRun(
  database: Database,
  flowRunId: string,
  end: { at: Date; message: string },
): Promise<number> {
  if (!uuid.test(flowRunId)) return 0
  const executions = Array.from({ length: executionsLooked }, (_, n) => executionId(flowRunId, n + 1))
  const { count } = await database.query(
    `UPDATE cde.harvest_runs SET status = 'failed', finished_at = $3, error_message = $4
     WHERE status = 'running' AND (run_id = ANY($2::uuid[]) OR prefect_flow_run_id = $1)`,
    [flowRunId, executions, end.at, end.message],
  )
  return count
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Settles runs that nobody settled: a host that never came back, a command that was killed. They began more than a day
 * ago, and no attempt of theirs is younger.
 * @returns how many
 * @throws HarvesterError DATABASE_…
 */
export async function settleSilentRuns(database: Database, now: Date): Promise<number> {
  const { count } = await database.query(
    `UPDATE cde.harvest_runs r SET status = 'failed', finished_at = $1,
       error_message = 'Crashed: nothing was heard of the run for a day'
     WHERE status = 'running' AND started_at < $2
       AND NOT EXISTS (SELECT 1 FROM cde.harvest_attempts a WHERE a.run_id = r.run_id AND a.attempted_at >= $2)`,
    [now, new Date(now.getTime() - silentMs)],
  )
  return count
}

const silentMs = 86_400_000

/** Says how a run ended. @throws HarvesterError DATABASE_… */
export async function finishRun(database: Database, runId: string, end: RunEnd): Promise<void> {
  await database.query(
    'UPDATE cde.harvest_runs SET finished_at = $2, status = $3, error_message = $4 WHERE run_id = $1',
    [runId, end.finishedAt, end.status, end.errorMessage],
  )
  if (end.facts === undefined) return
  await database.query(
    `INSERT INTO harvester.run_facts (run_id, facts, finished_at) VALUES ($1, $2, $3)
     ON CONFLICT (run_id) DO UPDATE SET facts = excluded.facts, finished_at = excluded.finished_at`,
    [runId, json(end.facts), end.finishedAt],
  )
}

/**
 * Forgets attempts that are older than the retention, and runs of that age that have none left. What a young run says
 * is young, whatever time it bears: the clock of its process may have been set back while it ran.
 *
 * @returns how many attempts went
 */
export async function forgetAttempts(database: Database, olderThan: Date): Promise<number> {
  const forget = (table: string, time: string) =>
    database.query(
      `DELETE FROM ${table} old WHERE ${time} < $1
         AND NOT EXISTS (SELECT 1 FROM cde.harvest_runs r WHERE r.run_id = old.run_id AND r.started_at >= $1)`,
      [olderThan],
    )
  const gone = await forget('cde.harvest_attempts', 'attempted_at')
  await forget('harvester.attempt_facts', 'attempted_at')
  await forget('harvester.run_progress', 'updated_at')
  await forget('harvester.run_facts', 'finished_at')
  await database.query(
    `DELETE FROM cde.harvest_runs r WHERE r.started_at < $1 AND r.status <> 'running'
       AND NOT EXISTS (SELECT 1 FROM cde.harvest_attempts a WHERE a.run_id = r.run_id)`,
    [olderThan],
  )
  return gone.count
}
