import { isAbsent, removalObstacle } from '../../../rules/evidence/index.ts'
import { runFact, runSentence } from '../../../rules/reasons/run.ts'
import type { RunFacts, SourceFacts } from '../run-facts.ts'
import type { LoadSummary } from '../types.ts'
import { fromTheFuture, type Merge } from './context.ts'
import { chosenTable, removeChosen } from './remove.ts'

/** Excluded by owner or site: removed at once. The first two are never too many; the others may be a mistake. */
const removedAtOnce = ['ON_SKIP_LIST', 'INGEST_FLAG_FALSE', 'CDM_DATA_TYPE_UNSUPPORTED', 'OUT_OF_REGION']
const neverTooMany = ['ON_SKIP_LIST', 'INGEST_FLAG_FALSE']
/** There, but not to be had: it keeps its last good rows. */
const neverMissing = ['TRACK_TOO_LARGE']

export interface PruneInput {
  mode: 'incremental' | 'full'
  sources: readonly SourceFacts[]
  facts: RunFacts
  /** Executions of one flow run count as one; without it each run counts by itself. */
  flowRunId: string | null
  allowPrune: boolean
  /** In full mode: sources that nobody harvested go as well. */
  dropUncovered: boolean
  /** Takes the place of the run's time where the folder has no audit. */
  now: Date
}

type Pruned = Pick<LoadSummary, 'pruned' | 'pruneRefused'> & { cells: number }

/** The temporary tables that pruning reads: sources, and attempts by dataset. */
export async function stageFacts(merge: Merge, input: PruneInput): Promise<void> {
  const { session, tables } = merge
  await session.query(`
    CREATE TEMP TABLE ${tables.pruned}_sources (erddap_url text, complete boolean, restricted boolean) ON COMMIT DROP;
    CREATE TEMP TABLE ${tables.pruned}_attempts
      (erddap_url text, dataset_id text, status text, reason_code text) ON COMMIT DROP;
    ${chosenTable(tables)}`)
  await session.query(
    `INSERT INTO ${tables.pruned}_sources SELECT * FROM unnest($1::text[], $2::boolean[], $3::boolean[])`,
    [
      input.sources.map((source) => source.erddapUrl),
      input.sources.map((source) => source.complete),
      input.sources.map((source) => source.restricted),
    ],
  )
  const attempts = [...input.facts.attempts.values()]
  for (let at = 0; at < attempts.length; at += 5000) {
    const piece = attempts.slice(at, at + 5000)
    await session.query(
      `INSERT INTO ${tables.pruned}_attempts SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])`,
      [
        piece.map((attempt) => attempt.erddapUrl),
        piece.map((attempt) => attempt.datasetId),
        piece.map((attempt) => attempt.status),
        piece.map((attempt) => attempt.reasonCode),
      ],
    )
  }
  if (attempts.length > 0) await session.query(`ANALYZE ${tables.pruned}_attempts`)
}

/**
 * Counts what is missing, chooses what must leave, holds it against the limits and removes it. Nothing leaves a
 * source whose listing failed, nor a dataset that was seen after this run.
 */
export async function prune(merge: Merge, input: PruneInput): Promise<Pruned> {
  const { session, tables } = merge
  await countMissing(merge, input)
  await chooseExcluded(merge, input)
  await chooseMissing(merge, input)
  if (input.mode === 'full') await chooseNoLongerHeld(merge, input)
  // One dataset, one reason: the one that no limit guards, if any.
  await session.query(`
    DELETE FROM ${tables.pruned} a USING ${tables.pruned} b
    WHERE a.pk = b.pk AND (a.is_limited, a.ctid) > (b.is_limited, b.ctid)`)
  const pruneRefused = input.allowPrune ? [] : await refuseTooMany(merge)
  const { pruned, cells } = await removeChosen(merge, input.facts.runId)
  return { pruned, cells, pruneRefused }
}

/** Not newer than this run: what was seen since is not this run's to judge. `d` is the dataset. */
function notSeenSince(merge: Merge, input: PruneInput, time: string): string {
  if (merge.forceOld) return 'true'
  const run = quoted(input.facts.startedAt ?? input.now.toISOString())
  return `(d.verified_at IS NULL OR d.verified_at <= coalesce(${time}, ${run}) OR ${fromTheFuture('d.verified_at')})`
}

function quoted(time: string): string {
  return `'${time.replaceAll("'", '')}'::timestamptz`
}

function list(codes: readonly string[]): string {
  return codes.map((code) => `'${code}'`).join(', ')
}

/** The counters move on complete and unrestricted listings only, and once a flow run. */
async function countMissing(merge: Merge, input: PruneInput): Promise<void> {
  const { runId, startedAt } = input.facts
  if (runId === null || !input.sources.some((source) => source.complete && !source.restricted)) return
  const { session, tables } = merge
  // Never later than the database's clock: a time of the future would silence all runs until then.
  const started = `least(${quoted(startedAt ?? input.now.toISOString())}, clock_timestamp())`
  const notCountedSince = `(a.counted_at <= ${started} OR ${fromTheFuture('a.counted_at')})`
  const flowRun = input.flowRunId ?? runId
  const sources = `(SELECT erddap_url FROM ${tables.pruned}_sources WHERE complete AND NOT restricted)`
  const attempts = `${tables.pruned}_attempts`
  await session.query(`
    DELETE FROM harvester.dataset_absence a USING ${attempts} t
    WHERE a.erddap_url IN ${sources} AND t.erddap_url = a.erddap_url AND t.dataset_id = a.dataset_id
      AND (t.status = 'success' OR t.reason_code = 'UNCHANGED') AND ${notCountedSince}`)
  const missing = `
    SELECT d.erddap_url, d.dataset_id FROM cde.datasets d
    LEFT JOIN ${attempts} t ON t.erddap_url = d.erddap_url AND t.dataset_id = d.dataset_id
    WHERE d.erddap_url IN ${sources} AND ${notSeenSince(merge, input, 'NULL')}
      AND (t.status IS NULL OR t.reason_code = 'NOT_LISTED'
        OR t.status = 'skipped' AND t.reason_code IS DISTINCT FROM 'UNCHANGED'
          AND t.reason_code NOT IN (${list([...removedAtOnce, ...neverMissing])}))`
  await session.query(
    `UPDATE harvester.dataset_absence a SET missing_runs = a.missing_runs + 1, counted_at = ${started}, run_id = $1,
       first_missing_at = least(coalesce(a.first_missing_at, a.counted_at), ${started}),
       flow_run_ids = (array_append(a.flow_run_ids, $2))[greatest(1, cardinality(a.flow_run_ids) + 2 - ${flowRunsKept}):]
     FROM (${missing}) m
     WHERE a.erddap_url = m.erddap_url AND a.dataset_id = m.dataset_id
       AND a.run_id IS DISTINCT FROM $1 AND NOT $2 = ANY(a.flow_run_ids) AND ${notCountedSince}`,
    [runId, flowRun],
  )
  await session.query(
    `INSERT INTO harvester.dataset_absence
       (erddap_url, dataset_id, missing_runs, counted_at, run_id, first_missing_at, flow_run_ids)
     SELECT m.erddap_url, m.dataset_id, 1, ${started}, $1::uuid, ${started}, ARRAY[$2] FROM (${missing}) m
     WHERE NOT EXISTS (SELECT 1 FROM harvester.dataset_absence a WHERE a.erddap_url = m.erddap_url AND a.dataset_id = m.dataset_id)`,
    [runId, flowRun],
  )
}

/** Flow runs that are remembered of a missing dataset, the last ones: a run is resumed soon or never. */
const flowRunsKept = 10

function choose(merge: Merge, reason: string, isLimited: string, from: string): string {
  return `INSERT INTO ${merge.tables.pruned}
    SELECT d.pk, d.erddap_url, d.dataset_id, d.pk_url, d.organizations, ${reason}, ${isLimited} ${from}`
}

async function chooseExcluded(merge: Merge, input: PruneInput): Promise<void> {
  const { session, stage, tables } = merge
  await session.query(
    choose(
      merge,
      'k.reason_code',
      `k.reason_code NOT IN (${list(neverTooMany)})`,
      `FROM ${stage.skipped} k JOIN cde.datasets d ON d.erddap_url = k.erddap_url AND d.dataset_id = k.dataset_id
       LEFT JOIN ${tables.pruned}_sources o ON o.erddap_url = d.erddap_url
       WHERE k.reason_code IN (${list(removedAtOnce)}) AND coalesce(o.complete, true)
         AND NOT EXISTS (SELECT 1 FROM ${tables.datasets} s WHERE s.pk = d.pk)
         AND ${notSeenSince(merge, input, 'k.attempted_at')}`,
    ),
  )
}

/** What was missing is read, and judged by the rule of absence. */
async function chooseMissing(merge: Merge, input: PruneInput): Promise<void> {
  const { session, tables, limits } = merge
  const missing = `FROM harvester.dataset_absence a
    JOIN ${tables.pruned}_sources o ON o.erddap_url = a.erddap_url AND o.complete AND NOT o.restricted
    JOIN cde.datasets d ON d.erddap_url = a.erddap_url AND d.dataset_id = a.dataset_id
    LEFT JOIN ${tables.pruned}_attempts t ON t.erddap_url = d.erddap_url AND t.dataset_id = d.dataset_id`
  const { rows } = await session.query<{
    pk: number
    runs: number
    first: Date | null
    last: Date
    failed: boolean
  }>(
    `SELECT d.pk, a.missing_runs AS runs, a.first_missing_at AS first, a.counted_at AS last,
       coalesce(t.status = 'error' AND t.reason_code <> 'NOT_LISTED' OR t.reason_code IN (${list(neverMissing)}), false) AS failed
     ${missing} WHERE a.missing_runs > 1 OR ${limits.missingRuns} <= 1`,
  )
  const gone = rows.filter(({ runs, first, last, failed }) =>
    isAbsent(
      {
        missingListings: runs,
        firstMissingMs: first === null ? null : first.getTime(),
        lastMissingMs: last.getTime(),
        failed,
      },
      { listings: limits.missingRuns, hours: limits.missingHours },
    ),
  )
  if (gone.length === 0) return
  await session.query(
    `${choose(
      merge,
      `coalesce(t.reason_code, 'NOT_LISTED')`,
      'true',
      `${missing} WHERE d.pk = ANY($1) AND ${notSeenSince(merge, input, 'NULL')}`,
    )}`,
    [gone.map(({ pk }) => pk)],
  )
}

/** A full reload: what the harvest does not hold goes, except what merely failed. */
async function chooseNoLongerHeld(merge: Merge, input: PruneInput): Promise<void> {
  const { session, stage, tables } = merge
  const held = (table: string) =>
    `EXISTS (SELECT 1 FROM ${table} s WHERE s.erddap_url = d.erddap_url AND s.dataset_id = d.dataset_id)`
  await session.query(
    choose(
      merge,
      `coalesce(t.reason_code, k.reason_code, 'NOT_LISTED')`,
      `coalesce(t.reason_code, k.reason_code, '') NOT IN (${list(neverTooMany)})`,
      `FROM cde.datasets d
       JOIN ${tables.pruned}_sources o ON o.erddap_url = d.erddap_url
         AND coalesce(o.complete, true) AND NOT o.restricted
       LEFT JOIN ${tables.pruned}_attempts t ON t.erddap_url = d.erddap_url AND t.dataset_id = d.dataset_id
       LEFT JOIN ${stage.skipped} k ON k.erddap_url = d.erddap_url AND k.dataset_id = d.dataset_id
       WHERE NOT ${held(tables.datasets)} AND NOT ${held(stage.datasets)} AND NOT ${held(stage.verified)}
         AND coalesce(t.status, '') <> 'error'
         AND coalesce(k.reason_code, '') NOT IN (${list(['ROWS_REJECTED', ...neverMissing])})
         AND ${notSeenSince(merge, input, 'NULL')}`,
    ),
  )
  if (!input.dropUncovered) return
  await session.query(
    choose(
      merge,
      `'SOURCE_NOT_COVERED'`,
      'false',
      `FROM cde.datasets d
       WHERE NOT EXISTS (SELECT 1 FROM ${tables.pruned}_sources o WHERE o.erddap_url = d.erddap_url)
         AND ${notSeenSince(merge, input, 'NULL')}`,
    ),
  )
}

async function refuseTooMany(merge: Merge): Promise<LoadSummary['pruneRefused']> {
  const { session, tables, limits } = merge
  const { rows } = await session.query<{ erddap_url: string; lost: number; total: number }>(
    `SELECT l.erddap_url, l.lost, t.total
     FROM (SELECT erddap_url, count(*) AS lost FROM ${tables.pruned} WHERE is_limited GROUP BY erddap_url) l
     CROSS JOIN LATERAL (
       SELECT count(*) AS total FROM cde.datasets d WHERE d.erddap_url = l.erddap_url
         AND NOT EXISTS (SELECT 1 FROM ${tables.datasets} s WHERE s.pk = d.pk AND s.is_new)) t
     ORDER BY 1`,
  )
  const terms = { share: limits.pruneShare, count: limits.pruneCount }
  const refused = rows.flatMap((row) => {
    const obstacle = removalObstacle(row, terms)
    return obstacle === null ? [] : [{ ...row, obstacle }]
  })
  if (refused.length > 0)
    await session.query(`DELETE FROM ${tables.pruned} WHERE is_limited AND erddap_url = ANY($1)`, [
      refused.map((row) => row.erddap_url),
    ])
  return refused.map((row) => {
    const percent = row.obstacle === 'half' ? null : limits.pruneShare * 100
    const { erddap_url: source, lost, total } = row
    return {
      erddapUrl: source,
      wouldLose: lost,
      of: total,
      percent,
      message: runSentence('en', [runFact('PRUNE_REFUSED', { source, lost, total, percent })]),
    }
  })
}
