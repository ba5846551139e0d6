import { rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { isTransient } from '../../database/failure.ts'
import type { Database, Session } from '../../database/port.ts'
import { describeError, HarvesterError, isHarvesterError } from '../../errors.ts'
import { amount, Tally } from '../../text.ts'
import { loadAuditFiles, markRejected, settleRun } from './audit-files.ts'
import { takeLoaderLock } from './lock.ts'
import { compareCells, writeCells } from './merge/cells.ts'
import { generatedColumns, type Merge, mergeTables } from './merge/context.ts'
import { keepCoverage, promiseCoverage } from './merge/coverage.ts'
import {
  boundTimes,
  chooseDatasets,
  removeOrganizations,
  updateDatasets,
  verifyDatasets,
} from './merge/datasets.ts'
import { fewestRowsAside, type IndexesAside, setIndexesAside } from './merge/indexes-aside.ts'
import { makePlaces, rememberLeftPoints, removeLeftPlaces } from './merge/places.ts'
import { compareProfiles, writeProfiles } from './merge/profiles.ts'
import { type PruneInput, prune, stageFacts } from './merge/prune.ts'
import { mergeSkipped } from './merge/skipped.ts'
import { writeTracks } from './merge/tracks.ts'
import { unreadable } from './read.ts'
import { type RunFacts, readRunFacts, type SourceFacts, sourcesOf } from './run-facts.ts'
import { dropStage, stageFolder } from './stage.ts'
import { type Stage, stageNames } from './staging.ts'
import { defaultLimits, type LoadLimits, type LoadOptions, type LoadSummary } from './types.ts'
import { refreshNames } from './views.ts'

/** From so many changed rows on, the planner's statistics of a table are renewed at once. */
const analyzeRows = 5_000

/**
 * Loads a run folder: stages and checks it without a lock, then merges it in one transaction that touches only what
 * differs. Readers see the old state or the new one; when anything fails the old one stays.
 *
 * @throws HarvesterError FOLDER_UNREADABLE, LOAD_REJECTED, DATABASE_FAILED, DATABASE_LOCKED, CANCELLED
 */
export async function loadFolder(
  database: Database,
  folder: string,
  options: LoadOptions,
): Promise<LoadSummary> {
  const began = Date.now()
  const { signal, log } = options
  const limits = { ...defaultLimits, ...options.limits }
  await refuseUnfinished(folder)
  const facts = await readRunFacts(folder, signal)
  const names = stageNames()
  const { summary, analyze, cellsChanged } = await database
    .session(
      async (session) => {
        try {
          await prepare(database, session)
          const unaudited = await bringAudit(database, session, folder, signal)
          const stage = await stageFolder(database, session, folder, names, attemptTimes(facts), signal)
          if (unaudited !== null) stage.warnings.push(unaudited)
          const staged = Date.now()
          await reportRejects(folder, stage, log)
          refuseTooManyRejects(folder, stage, limits)
          const sources = sourcesOf(stage.datasets, facts, options.listings)
          const merged = await database.inTransaction(session, () =>
            mergeStage(database, session, stage, facts, sources, limits, options),
          )
          merged.summary.folder = folder
          merged.summary.milliseconds.stage = staged - began
          return merged
        } finally {
          await dropStage(session, names).catch(() => undefined)
        }
      },
      { signal },
    )
    .finally(async () => {
      // A cancelled session takes no more statements, and a shared back end keeps what it leaves.
      if (signal?.aborted && !database.ownBackEnds)
        await database.session((session) => dropStage(session, names)).catch(() => undefined)
    })
  await auditAfterCommit(database, facts, summary)
  await refreshAfterCommit(database, analyze, cellsChanged, summary)
  summary.milliseconds.total = Date.now() - began
  return summary
}

/** The audit is beside the load: what is wrong with it is told, and costs nobody his datasets. */
async function bringAudit(
  database: Database,
  session: Session,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    await loadAuditFiles(database, session, folder, signal)
    return null
  } catch (error) {
    // A connection that was lost is lost for the load as well.
    if (!isHarvesterError(error, 'DATABASE_FAILED') || isTransient(error)) throw error
    return `the audit of the folder could not be brought in: ${describeError(error)}`
  }
}

/** The load is done by now, and a cancellation comes too late: what it means for the audit is written all the same. */
async function auditAfterCommit(database: Database, facts: RunFacts, summary: LoadSummary): Promise<void> {
  try {
    await database.session(async (session) => {
      try {
        if (facts.runId) await markRejected(session, facts.runId, summary.rejectedDatasets)
      } finally {
        await settleRun(session, facts)
      }
    })
  } catch (error) {
    summary.warnings.push(`the load is complete, but not its audit: ${describeError(error)}`)
  }
}

/** The load is done by now: what is only derived from it must not make it look failed. */
async function refreshAfterCommit(
  database: Database,
  analyze: readonly string[],
  cellsChanged: boolean,
  summary: LoadSummary,
): Promise<void> {
  try {
    for (const table of analyze) await database.query(`ANALYZE ${table}`)
    if (cellsChanged) await refreshNames(database)
    await database.tidy()
  } catch (error) {
    summary.warnings.push(
      `the load is complete, but statistics or the names of OBIS are old, or its room was not given back: ${describeError(error)}`,
    )
  }
}

async function refuseUnfinished(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: unknown) => {
    throw unreadable(folder, 'cannot be read', error)
  })
  if (!found.isDirectory()) throw unreadable(folder, 'is no folder')
  if (basename(folder).startsWith('.partial'))
    throw unreadable(folder, 'is the folder of a run that has not ended')
}

/** Settings of the back end that the work lives on. One that is everybody's is left alone. */
async function prepare(database: Database, session: Session): Promise<void> {
  if (!database.ownBackEnds) return
  await session.query(`SET work_mem = '64MB'; SET jit = off; SET TimeZone = 'UTC'`)
  // A loader that was killed is noticed while its statement still runs, so that its lock goes.
  if (database.serverVersion >= 140_000) await session.query(`SET client_connection_check_interval = '2s'`)
}

function attemptTimes(facts: RunFacts): Map<string, string> {
  const times = new Map<string, string>()
  for (const [key, attempt] of facts.attempts)
    if (attempt.attemptedAt !== null) times.set(key, attempt.attemptedAt)
  return times
}

async function reportRejects(folder: string, stage: Stage, log: LoadOptions['log']): Promise<void> {
  const path = join(folder, 'rejected.csv')
  if (stage.rejects.length === 0) {
    await rm(path, { force: true }).catch(() => undefined)
    return
  }
  const told = new Tally()
  for (const reject of stage.rejects)
    told.add(
      `${reject.datasetId || 'no dataset'}: ${reject.file} line ${reject.line}: ${reject.column} "${reject.value}" ${reject.reason}`,
    )
  const said = told.sentence(
    (example) => `a row was refused: ${example}`,
    (_count, examples) =>
      `${amount(stage.rejectedRows, 'row was', 'rows were')} refused, for example ${examples}`,
  )
  if (said !== null) log?.('warn', said, { rows: stage.rejectedRows, file: path })
  const columns = [
    { key: 'erddapUrl', header: 'erddap_url' },
    { key: 'datasetId', header: 'dataset_id' },
    ...['file', 'line', 'column', 'value', 'reason'].map((key) => ({ key, header: key })),
  ]
  await writeFile(path, stringify(stage.rejects, { header: true, columns })).catch((error: unknown) => {
    log?.('warn', `${path} cannot be written`, { error: String(error) })
  })
}

function refuseTooManyRejects(folder: string, stage: Stage, limits: LoadLimits): void {
  const { rejectedRows, counts } = stage
  if (rejectedRows <= limits.rejectCount || rejectedRows <= limits.rejectShare * counts.rows) return
  const first = stage.rejects[0]!
  throw new HarvesterError(
    'LOAD_REJECTED',
    `${rejectedRows} of ${amount(counts.rows, 'row')} in ${folder} ${rejectedRows === 1 ? 'is' : 'are'} bad, the first in ${first.file} line ${first.line} (${first.column} "${first.value}" ${first.reason}): nothing was loaded`,
    { remedy: `See ${join(folder, 'rejected.csv')}; correct the source or the harvest.` },
  )
}

/** On a back end that is everybody's, who would wait for a lock of its own transaction waits for ever. */
async function indexesAside(
  database: Database,
  session: Session,
  stage: Stage,
): Promise<IndexesAside | undefined> {
  const rows = stage.counts.profiles + stage.counts.cells
  return !database.ownBackEnds || rows < fewestRowsAside ? undefined : setIndexesAside(session)
}

interface Merged {
  summary: LoadSummary
  /** Tables whose statistics are out of date now. */
  analyze: string[]
  cellsChanged: boolean
}

/** The part under the lock, inside the transaction. */
async function mergeStage(
  database: Database,
  session: Session,
  stage: Stage,
  facts: RunFacts,
  sources: SourceFacts[],
  limits: LoadLimits,
  options: LoadOptions,
): Promise<Merged> {
  const lockWait = await takeLoaderLock(database, session, limits, options.log, options.signal)
  const began = Date.now()
  await promiseCoverage(session)
  const now = options.now?.() ?? new Date()
  const merge: Merge = {
    session,
    stage: stage.names,
    hasCkan: stage.hasCkan,
    forceOld: options.forceOld === true,
    limits,
    generated: await generatedColumns(session),
    tables: mergeTables(stage.names),
  }
  const pruning: PruneInput = {
    mode: options.mode,
    sources: await withVerifiedSources(session, stage, sources),
    facts,
    flowRunId: options.flowRunId ?? null,
    allowPrune: options.allowPrune === true,
    dropUncovered: options.allowFullReload === true,
    now,
  }
  if (options.mode === 'full' && options.allowFullReload !== true)
    await refuseFewerSources(session, pruning.sources)

  await session.query(
    `CREATE TEMP TABLE ${merge.tables.changed} (pk int, organizations text[]) ON COMMIT DROP`,
  )
  const seenAt = new Date(facts.finishedAt ?? facts.startedAt ?? now)
  const future = await boundTimes(merge)
  if (future > 0)
    stage.warnings.push(
      `${amount(future, 'dataset was', 'datasets were')} harvested by a clock that is ahead of the database's, and ${future === 1 ? 'counts' : 'count'} as seen now`,
    )
  const chosen = await chooseDatasets(merge, seenAt)
  await compareProfiles(merge)
  const differentCells = await compareCells(merge)
  const aside = await indexesAside(database, session, stage)
  const made = await makePlaces(merge)
  await rememberLeftPoints(merge)
  const profiles = await writeProfiles(merge)
  const cells = await writeCells(merge, differentCells)
  await writeTracks(merge)
  await aside?.restore()
  await session.query(`
    INSERT INTO ${merge.tables.changed} (pk) SELECT DISTINCT dataset_pk FROM ${merge.tables.profiles}
    UNION SELECT DISTINCT dataset_pk FROM ${merge.tables.cells}`)
  const updated = await updateDatasets(merge)
  const verified = await verifyDatasets(merge)
  await stageFacts(merge, pruning)
  await mergeSkipped(merge, pruning)
  const { pruned, pruneRefused, cells: prunedCells } = await prune(merge, pruning)
  const left = await removeLeftPlaces(merge)
  await removeOrganizations(merge)
  await keepCoverage(
    session,
    `SELECT dataset_pk FROM ${merge.tables.profiles} UNION ALL SELECT dataset_pk FROM ${merge.tables.cells}
     UNION ALL SELECT pk FROM ${merge.tables.pruned}`,
    merge.tables.coverage,
  )

  const touched = (counts: { inserted: number; updated: number; deleted: number }) =>
    counts.inserted + counts.updated + counts.deleted
  const analyze: string[] = []
  if (touched(profiles) >= analyzeRows) analyze.push('cde.profiles')
  if (touched(cells) >= analyzeRows) analyze.push('cde.obis_cells')
  if (made.points + left.points >= analyzeRows) analyze.push('cde.points')
  if (made.hexagons + left.hexagons >= analyzeRows) analyze.push('cde.hexes_zoom_0', 'cde.hexes_zoom_1')
  if (analyze.length > 0) analyze.push('cde.datasets')
  const rejectedDatasets = stage.datasets.filter((dataset) => dataset.rejected !== null)
  const summary: LoadSummary = {
    folder: '',
    mode: options.mode,
    datasets: {
      staged: chosen.staged,
      inserted: chosen.inserted,
      updated: updated.updated + verified.updated,
      deleted: pruned.length,
      older: chosen.older + verified.older,
      verified: verified.verified,
      unknown: verified.unknown,
      changed: chosen.inserted + updated.updated + verified.updated,
    },
    profiles: { staged: stage.counts.profiles, ...profiles },
    cells: { staged: stage.counts.cells, ...cells },
    points: { inserted: made.points, deleted: left.points },
    hexagons: { inserted: made.hexagons, deleted: left.hexagons },
    rejectedDatasets: rejectedDatasets.map(({ erddapUrl, datasetId, rejected, refused }) => ({
      erddapUrl,
      datasetId,
      message: rejected!,
      refused: refused!,
    })),
    rejectedRows: stage.rejectedRows,
    pruned,
    pruneRefused,
    warnings: stage.warnings,
    milliseconds: { stage: 0, lockWait, merge: Date.now() - began, total: 0 },
  }
  return { summary, analyze, cellsChanged: touched(cells) + prunedCells > 0 }
}

/** A source whose datasets are all unchanged is in verified.csv alone. */
async function withVerifiedSources(
  session: Session,
  stage: Stage,
  sources: SourceFacts[],
): Promise<SourceFacts[]> {
  const known = new Set(sources.map((source) => source.erddapUrl))
  const { rows } = await session.query<{ erddap_url: string }>(
    `SELECT DISTINCT erddap_url FROM ${stage.names.verified}`,
  )
  const more = rows.filter((row) => !known.has(row.erddap_url))
  return [
    ...sources,
    ...more.map((row) => ({ erddapUrl: row.erddap_url, complete: null, restricted: false })),
  ]
}

/** A full reload that saw fewer sources than there are would empty the others. */
async function refuseFewerSources(session: Session, sources: readonly SourceFacts[]): Promise<void> {
  const covered = sources.filter((source) => source.complete !== false).map((source) => source.erddapUrl)
  const { rows } = await session.query<{ erddap_url: string }>(
    'SELECT DISTINCT erddap_url FROM cde.datasets WHERE erddap_url <> ALL($1) ORDER BY 1',
    [covered],
  )
  if (rows.length === 0) return
  throw new HarvesterError(
    'LOAD_REJECTED',
    `A full reload would remove ${rows.length} source${rows.length === 1 ? '' : 's'} that this harvest does not cover: ${rows.map((row) => row.erddap_url).join(', ')}`,
    { remedy: 'Harvest them too; or set CDE_ALLOW_FULL_RELOAD=true if they are meant to go.' },
  )
}
