import { randomBytes } from 'node:crypto'
import type { CopyValue, Database, Session } from '../../database/port.ts'
import { attemptOrder } from '../audit.ts'
import { checkedColumns } from '../contract.ts'
import { json } from '../stored-text.ts'
import { fileExists, readChecked } from './read.ts'
import type { RunFacts } from './run-facts.ts'
import { temporaryTable } from './staging.ts'
import type { RejectedDataset } from './types.ts'

/**
 * Brings the audit of a folder into the database where it is not there yet: a folder may be loaded later, by hand, or
 * after the database was away while it was harvested. What is there already stays, whoever writes it meanwhile.
 */
export async function loadAuditFiles(
  database: Database,
  session: Session,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const token = `stage_${randomBytes(6).toString('hex')}`
  const tables = { harvest_runs: `${token}_runs`, harvest_attempts: `${token}_attempts` } as const
  try {
    const files = ['harvest_runs', 'harvest_attempts'] as const
    await session.query(files.map((file) => temporaryTable(tables[file], checkedColumns[file])).join(';'))
    for (const file of files)
      if (await fileExists(folder, file))
        await database.copyRows(session, tables[file], checkedColumns[file], goodRows(folder, file, signal))
    const runColumns = checkedColumns.harvest_runs.map((column) => column.name)
    const attemptColumns = checkedColumns.harvest_attempts.map((column) => column.name)
    await database.inTransaction(session, async () => {
      await session.query(`
        INSERT INTO cde.harvest_runs (${runColumns.join(', ')})
        SELECT DISTINCT ON (run_id) ${runColumns.join(', ')} FROM ${tables.harvest_runs}
        ON CONFLICT DO NOTHING`)
      await session.query(`
        INSERT INTO cde.harvest_attempts (${attemptColumns.join(', ')})
        SELECT ${attemptColumns.join(', ')} FROM (
          SELECT DISTINCT ON (run_id, erddap_url, dataset_id) * FROM ${tables.harvest_attempts}) s
        WHERE EXISTS (SELECT 1 FROM cde.harvest_runs r WHERE r.run_id = s.run_id)
        ${attemptOrder}
        ON CONFLICT DO NOTHING`)
    })
  } finally {
    await session
      .query(`DROP TABLE IF EXISTS ${tables.harvest_runs}, ${tables.harvest_attempts}`)
      .catch(() => undefined)
  }
}

async function* goodRows(
  folder: string,
  file: 'harvest_runs' | 'harvest_attempts',
  signal: AbortSignal | undefined,
): AsyncGenerator<CopyValue[]> {
  for await (const { cells, faults } of readChecked(folder, file, signal))
    if (faults.length === 0) yield cells
}

/** A run that was cut off from the database still counts as running there: once its folder is loaded it has ended. */
export async function settleRun(session: Session, facts: RunFacts): Promise<void> {
  if (facts.runId === null || facts.status === null || facts.status === 'running') return
  await session.query(
    `UPDATE cde.harvest_runs SET status = $2, finished_at = $3, error_message = $4 WHERE run_id = $1 AND status = 'running'`,
    [facts.runId, facts.status, facts.finishedAt, facts.errorMessage],
  )
}

/** A dataset whose rows were refused did not succeed, whatever its harvest said. */
export async function markRejected(
  session: Pick<Session, 'query'>,
  runId: string,
  datasets: readonly RejectedDataset[],
): Promise<void> {
  if (datasets.length === 0) return
  const keys = [datasets.map((dataset) => dataset.erddapUrl), datasets.map((dataset) => dataset.datasetId)]
  await session.query(
    `UPDATE cde.harvest_attempts a SET status = 'error', reason_code = 'ROWS_REJECTED', error_message = s.message
     FROM unnest($2::text[], $3::text[], $4::text[]) AS s (erddap_url, dataset_id, message)
     WHERE a.run_id = $1 AND a.erddap_url = s.erddap_url AND a.dataset_id = s.dataset_id
       AND (a.status, a.reason_code, a.error_message) IS DISTINCT FROM ('error', 'ROWS_REJECTED', s.message)`,
    [runId, ...keys, datasets.map((dataset) => dataset.message)],
  )
  await session.query(
    `INSERT INTO harvester.attempt_facts (run_id, erddap_url, dataset_id, told, attempted_at)
     SELECT $1, s.erddap_url, s.dataset_id, s.told, a.attempted_at
     FROM unnest($2::text[], $3::text[], $4::jsonb[]) AS s (erddap_url, dataset_id, told)
     JOIN cde.harvest_attempts a
       ON a.run_id = $1 AND a.erddap_url = s.erddap_url AND a.dataset_id = s.dataset_id
     WHERE a.attempted_at IS NOT NULL
     ON CONFLICT (run_id, erddap_url, dataset_id) DO UPDATE SET told = excluded.told`,
    [
      runId,
      ...keys,
      datasets.map(({ refused }) =>
        json({ facts: [{ code: 'ROWS_REJECTED', values: refused }], warnings: [] }),
      ),
    ],
  )
}
