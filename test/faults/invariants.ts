/** What must hold after a fault, whatever it was: each breach is a sentence. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { executionId } from '../../src/inventory/audit.ts'
import { readTable } from '../acceptance/run.ts'
import { contents, datasetsOf } from './content.ts'
import type { RunState, Site } from './site.ts'
import { settledContent, type World } from './world.ts'

const secondLookMs = 5000
const tables = [
  'ckan',
  'datasets',
  'harvest_attempts',
  'harvest_runs',
  'obis_cells',
  'profiles',
  'skipped',
  'verified',
]
const listed = datasetsOf('after').map(({ id }) => id)

/** While and after the disturbed run: nothing half-loaded, pruned, lost or doubled; folders complete or absent. */
export async function afterFault(world: World, site: Site, run: string, state: RunState): Promise<string[]> {
  return [...(await halfLoaded(world, site)), ...(await attemptsOf(site, run, state)), ...foldersOf(site)]
}

/** After the next run, that nothing disturbed. */
export async function afterNextRun(
  world: World,
  site: Site,
  run: string,
  state: RunState,
): Promise<string[]> {
  const found: string[] = []
  if (state.type !== 'COMPLETED') found.push(`the next run is ${state.type}: ${state.message}`)
  found.push(...(await attemptsOf(site, run, state)), ...foldersOf(site))
  found.push(...differences(world.expected.after, await settledContent(site.database)))
  for (const open of await site.openRuns()) found.push(`a run has not ended: ${open}`)
  const { rows } = await site.database.query<{ run_id: string }>(
    `SELECT run_id FROM cde.harvest_runs WHERE status = 'running'`,
  )
  for (const { run_id: id } of rows) found.push(`the audit says that run ${id} is running`)
  for (const { state: left, query } of await sessionsLeft(world, site))
    found.push(`a session is left ${left}: ${query}`)
  return found
}

/** Sessions in a transaction that does not end. The living poll in short ones: left is what is seen twice. */
async function sessionsLeft(world: World, site: Site): Promise<Record<string, unknown>[]> {
  const look = async () =>
    (
      await world.postgres.execute(
        'postgres',
        `SELECT pid, xact_start::text, state, query FROM pg_stat_activity WHERE datname = '${site.databaseName}'
           AND (state LIKE 'idle in transaction%' OR wait_event_type = 'Lock')`,
      )
    ).rows
  const first = await look()
  if (first.length === 0) return []
  await sleep(secondLookMs)
  const second = await look()
  return first.filter((one) => second.some((two) => two.pid === one.pid && two.xact_start === one.xact_start))
}

/** Each dataset is there, as it was or as it is now, with all its profiles. */
async function halfLoaded(world: World, site: Site): Promise<string[]> {
  const found: string[] = []
  const now = byDataset(await settledContent(site.database))
  const wanted = contents.map((content) => byDataset(world.expected[content]))
  for (const id of new Set(wanted.flatMap((one) => [...one.keys()]))) {
    const there = now.get(id)
    if (there === undefined) {
      if (wanted.every((one) => one.has(id))) found.push(`dataset ${id} was pruned`)
    } else if (!wanted.some((one) => one.get(id) === there)) found.push(`dataset ${id} is half-loaded`)
  }
  for (const id of now.keys()) if (!listed.includes(id)) found.push(`dataset ${id} is nobody's`)
  return found
}

/** The profiles of each dataset as text. */
function byDataset(content: Record<string, unknown[]>): Map<string, string> {
  const profiles = new Map<string, string[]>()
  for (const { dataset_id: id } of content.datasets as { dataset_id: string }[]) profiles.set(id, [])
  for (const row of content.profiles as { dataset_id: string }[]) {
    const rows = profiles.get(row.dataset_id)
    if (rows) rows.push(JSON.stringify(row))
    else profiles.set(row.dataset_id, ['a dataset without a row', JSON.stringify(row)])
  }
  return new Map([...profiles].map(([id, rows]) => [id, rows.sort().join('\n')]))
}

/** Every listed dataset once, by the execution that has got to the run's end. */
async function attemptsOf(site: Site, run: string, state: RunState): Promise<string[]> {
  if (state.type !== 'COMPLETED') return []
  const executions = Array.from({ length: 10 }, (_, n) => executionId(run, n + 1))
  const { rows } = await site.database.query<{ run_id: string; ids: string[] }>(
    `SELECT r.run_id, array_remove(array_agg(a.dataset_id), NULL) AS ids
     FROM cde.harvest_runs r LEFT JOIN cde.harvest_attempts a USING (run_id)
     WHERE (r.run_id = ANY($1::uuid[]) OR r.prefect_flow_run_id = $2) AND r.status = 'ok' GROUP BY 1`,
    [executions, run],
  )
  if (rows.length === 0) return [`no execution of run ${run} has ended well in the audit`]
  return rows.flatMap(({ run_id: id, ids }) => setDifferences(`the attempts of run ${id}`, listed, ids))
}

function foldersOf(site: Site): string[] {
  const found: string[] = []
  const { complete, other } = site.folders()
  for (const folder of complete) {
    const there = readdirSync(folder).map((name) => name.replace(/\.csv$/, ''))
    const missing = tables.filter((name) => name !== 'ckan' && !there.includes(name))
    if (missing.length > 0) {
      found.push(`folder ${basename(folder)} lacks ${missing.join(', ')}`)
      continue
    }
    for (const name of there) {
      if (!tables.includes(name)) {
        if (name !== 'rejected') found.push(`folder ${basename(folder)} holds ${name}`)
        continue
      }
      if (!readFileSync(join(folder, `${name}.csv`), 'utf8').endsWith('\n'))
        found.push(`${basename(folder)}/${name}.csv is cut off`)
    }
    const ids = readTable(folder, 'harvest_attempts').map((row) => row.dataset_id ?? '')
    found.push(...doubles(`the attempts of folder ${basename(folder)}`, ids))
  }
  for (const folder of other)
    if (!basename(folder).startsWith('.partial-')) found.push(`folder ${basename(folder)} has no known name`)
  return found
}

/** Temporary folders of runs that are over and were not interrupted. */
export async function abandonedFolders(site: Site): Promise<string[]> {
  const found: string[] = []
  for (const folder of site.folders().other) {
    const run = basename(folder).replace('.partial-', '')
    const state = await site.stateOf(run)
    // What a killed process left waits for its run to be taken up again, and goes with its age.
    if (state?.type !== 'CRASHED' && existsSync(folder))
      found.push(`${basename(folder)} is left of a run that is ${state?.type ?? 'unknown'}`)
  }
  return found
}

/** The first few rows that differ, table by table. */
export function differences(wanted: Record<string, unknown[]>, got: Record<string, unknown[]>): string[] {
  return Object.keys(wanted).flatMap((table) => {
    const texts = (rows: unknown[] = []) => rows.map((row) => JSON.stringify(row))
    const found = setDifferences(`cde.${table}`, texts(wanted[table]), texts(got[table]))
    return found.length <= 3
      ? found
      : [...found.slice(0, 3), `cde.${table}: ${found.length - 3} more differences`]
  })
}

function setDifferences(what: string, wanted: readonly string[], got: readonly string[]): string[] {
  const due = new Set(wanted)
  const there = new Set(got)
  return [
    ...[...due].filter((one) => !there.has(one)).map((one) => `${what} lack ${one}`),
    ...[...there].filter((one) => !due.has(one)).map((one) => `${what} have ${one} beyond`),
    ...doubles(what, got),
  ]
}

function doubles(what: string, all: readonly string[]): string[] {
  const seen = new Set<string>()
  return all.filter((one) => seen.has(one) || !seen.add(one)).map((one) => `${what} have ${one} twice`)
}
