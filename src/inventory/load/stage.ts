import type { CopyValue, Database, Session } from '../../database/port.ts'
import { amount } from '../../text.ts'
import { fileExists, unreadable } from './read.ts'
import { cellRows, datasetRows, plainRows, profileRows, type Reading, trackRows } from './staged-rows.ts'
import { keyOf, refuseCell, type Stage, type StageNames, stageColumns, temporaryTable } from './staging.ts'

/**
 * Reads a folder into temporary tables, checking every cell on the way: constant memory, no lock. A dataset with a
 * refused row is marked and will keep what it has.
 *
 * @param attemptTimes when each skipped dataset was met, by {@link keyOf}
 * @throws HarvesterError FOLDER_UNREADABLE, DATABASE_FAILED, CANCELLED
 */
export async function stageFolder(
  database: Database,
  session: Session,
  folder: string,
  names: StageNames,
  attemptTimes: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
): Promise<Stage> {
  await session.query(together(names, (part, name) => temporaryTable(name, stageColumns[part])))
  const stage: Stage = {
    names,
    datasets: [],
    hasCkan: await fileExists(folder, 'ckan'),
    counts: { profiles: 0, cells: 0, verified: 0, skipped: 0, rows: 0 },
    rejects: [],
    rejectedRows: 0,
    warnings: [],
  }
  const reading: Reading = {
    folder,
    signal,
    stage,
    byKey: new Map(),
    obisById: new Map(),
    attemptTimes,
  }
  const copy = (part: keyof StageNames, rows: AsyncIterable<CopyValue[]> | Iterable<CopyValue[]>) =>
    database.copyRows(session, names[part], stageColumns[part], rows)

  for (const file of ['datasets', 'profiles'] as const)
    if (!(await fileExists(folder, file)))
      throw unreadable(folder, `has no ${file}.csv: it is no complete run folder`)
  await copy('datasets', datasetRows(reading))
  await copy('profiles', profileRows(reading))
  if (await fileExists(folder, 'obis_cells')) await copy('cells', cellRows(reading))
  else if (reading.obisById.size > 0) throw unreadable(folder, 'has OBIS datasets, but no obis_cells.csv')
  if (await fileExists(folder, 'tracks')) await copy('tracks', trackRows(reading))
  if (stage.hasCkan) await copy('ckan', plainRows(reading, 'ckan', new Set()))
  const verified = new Set<string>()
  if (await fileExists(folder, 'verified'))
    stage.counts.verified = await copy('verified', plainRows(reading, 'verified', verified))
  const skipped = new Set<string>()
  if (await fileExists(folder, 'skipped'))
    stage.counts.skipped = await copy('skipped', plainRows(reading, 'skipped', skipped))

  await rejectDoubles(session, stage, 'profiles', ["coalesce(timeseries_id, '')", "coalesce(profile_id, '')"])
  await rejectDoubles(session, stage, 'cells', ['latitude', 'longitude'])
  judgeCounts(stage)

  await copy(
    'verdicts',
    stage.datasets.map((dataset) => [
      dataset.number,
      dataset.rows === 'obis_cells' ? dataset.cells : dataset.profiles,
      dataset.rejected !== null,
    ]),
  )
  const isRejected = stage.datasets.filter((dataset) => dataset.rejected !== null)
  await copy(
    'skipped',
    isRejected
      .filter((dataset) => !skipped.has(keyOf(dataset.erddapUrl, dataset.datasetId)))
      .map((dataset) => [dataset.erddapUrl, dataset.datasetId, 'ROWS_REJECTED', null]),
  )
  // What the planner must know: statistics of every column of the large tables would take longer than they save.
  const keysOf = (part: keyof StageNames) =>
    part === 'profiles' || part === 'cells' ? ['n'] : stageColumns[part].slice(0, 2).map(({ name }) => name)
  await session.query(together(names, (part, name) => `ANALYZE ${name} (${keysOf(part).join(', ')})`))
  return stage
}

/** A statement for each table, all in one message: the embedded engine answers one nearly as soon as eight. */
function together(names: StageNames, statement: (part: keyof StageNames, name: string) => string): string {
  return (Object.entries(names) as [keyof StageNames, string][])
    .map(([part, name]) => statement(part, name))
    .join(';')
}

/** Rows that say the same thing twice: the second of them is refused. */
async function rejectDoubles(
  session: Session,
  stage: Stage,
  part: 'profiles' | 'cells',
  identity: string[],
): Promise<void> {
  if (stage.counts[part] === 0) return
  const key = ['n', ...identity].join(', ')
  const doubled = await session.query(
    `SELECT 1 FROM ${stage.names[part]} GROUP BY ${key} HAVING count(*) > 1 LIMIT 1`,
  )
  if (doubled.count === 0) return
  const { rows } = await session.query<{ n: number; first: number; lines: number[]; value: string }>(`
    SELECT n, min(line) AS first, (array_agg(line ORDER BY line))[2:1000] AS lines, concat_ws(', ', ${identity.join(', ')}) AS value
    FROM ${stage.names[part]} GROUP BY ${key} HAVING count(*) > 1 ORDER BY 2 LIMIT 10000`)
  const [file, column] =
    part === 'profiles'
      ? ['profiles.csv', 'timeseries_id, profile_id']
      : ['obis_cells.csv', 'latitude, longitude']
  for (const row of rows)
    for (const at of row.lines)
      refuseCell(
        stage,
        {
          file: file!,
          line: at,
          column: column!,
          value: row.value,
          reason: `is given in line ${row.first} already`,
        },
        stage.datasets[row.n - 1],
      )
}

/** A dataset that names rows of which not one is there was cut off; a number that is merely off is worth a word. */
function judgeCounts(stage: Stage): void {
  let off = 0
  for (const dataset of stage.datasets) {
    const found = dataset.rows === 'obis_cells' ? dataset.cells : dataset.profiles
    if (dataset.rejected !== null || dataset.statedRows === null || dataset.statedRows === found) continue
    if (found === 0) {
      refuseCell(
        stage,
        {
          file: 'datasets.csv',
          line: dataset.line,
          column: 'n_profiles',
          value: String(dataset.statedRows),
          reason: `rows are stated, but ${dataset.rows}.csv has none`,
        },
        dataset,
      )
    } else off += 1
  }
  if (off > 0)
    stage.warnings.push(
      `${amount(off, 'dataset states', 'datasets state')} another n_profiles than there are rows; the rows were counted`,
    )
}

/** The stage goes with its connection on PostgreSQL; the embedded engine keeps it until it is told. */
export async function dropStage(session: Session, names: StageNames): Promise<void> {
  await session.query(`DROP TABLE IF EXISTS ${Object.values(names).join(', ')}`)
}
