/**
 * What a load costs: `npx tsx bench/load/run.ts [--engine postgres|embedded|both] [--sizes 10000,100000,1000000]`.
 *
 * Prints, for each size, the full load and incremental loads of 100 and 10,000 changed rows: time of the whole
 * process, its peak memory, that of the server's back end, and the ratio to the floor: plain COPY of the same rows, indexes and
 * foreign keys made after them, in one transaction of the same run.
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import Table from 'cli-table3'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import { setIndexesAside } from '../../src/inventory/load/merge/indexes-aside.ts'
import { startPostgres, type TestServer } from '../../test/support/postgres.ts'
import { writeBenchFolder } from './generate.ts'
import { timePortal } from './portal.ts'

interface Measure {
  load: string
  rows: number
  wholeSeconds: number
  loadSeconds: number
  processMb: number
  backendMb: number | null
  /** Processor time of the back end: what a busy machine changes least. */
  backendSeconds: number | null
  /** Against the floor: COPY of rows first, indexes after. */
  ratio: number | null
}

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'both' },
    sizes: { type: 'string', default: '10000,100000,1000000' },
  },
})
const sizes = values.sizes.split(',').map(Number)
const base = await mkdtemp(join(tmpdir(), 'harvester-bench-'))

try {
  for (const size of sizes) {
    await writeBenchFolder(join(base, `full-${size}`), { profiles: size, at: '2026-01-01T00:00:00Z' })
    for (const [nth, changed] of [100, 10_000].entries())
      if (changed < size)
        await writeBenchFolder(join(base, `changed-${size}-${changed}`), {
          profiles: size,
          changed,
          at: `2026-01-0${nth + 2}T00:00:00Z`,
        })
  }
  if (values.engine !== 'embedded') await benchPostgres()
  if (values.engine !== 'postgres') await benchEmbedded()
} finally {
  await rm(base, { recursive: true, force: true })
}

async function benchPostgres(): Promise<void> {
  const server = await startPostgres(['max_wal_size=4GB'])
  try {
    for (const size of sizes) {
      const name = `bench_${size}`
      await server.createDatabase(name)
      const database = await server.open(name)
      await migrate(database)
      await database.close()
      const environment = {
        DATABASE_URL: `postgresql://postgres@127.0.0.1:${server.port}/${name}?sslmode=disable`,
      }
      const measures = await measureAll(size, environment, server)
      const reader = await server.open(name)
      const portal = await timePortal(reader)
      await reader.close()
      const floor = await floorSeconds(server, name)
      measures[0]!.ratio = measures[0]!.loadSeconds / floor
      print(`PostgreSQL, ${size} profiles (floor, COPY rows first: ${floor.toFixed(1)} s)`, measures)
      printPortal(portal)
    }
  } finally {
    await server.stop()
  }
}

async function benchEmbedded(): Promise<void> {
  for (const size of sizes.filter((candidate) => candidate <= 100_000)) {
    const folder = join(base, `embedded-${size}`)
    const database = await openDatabase({ kind: 'embedded', dataFolder: folder })
    await migrate(database)
    await database.close()
    const measures = await measureAll(size, { DATABASE: 'embedded', HARVESTER_DATA_DIR: folder }, undefined)
    print(`the embedded engine, ${size} profiles (the process holds the engine)`, measures)
  }
}

async function measureAll(
  size: number,
  environment: Record<string, string>,
  server: TestServer | undefined,
): Promise<Measure[]> {
  const folders: [string, string][] = [['full', `full-${size}`]]
  for (const changed of [100, 10_000])
    if (changed < size) folders.push([`${changed} changed`, `changed-${size}-${changed}`])
  folders.push(['the same again', folders.at(-1)![1]])
  const measures: Measure[] = []
  for (const [load, folder] of folders)
    measures.push(await measure(load, join(base, folder), environment, server))
  return measures
}

async function measure(
  load: string,
  folder: string,
  environment: Record<string, string>,
  server: TestServer | undefined,
): Promise<Measure> {
  const backend: Usage = { mb: 0, seconds: 0 }
  const watch = server ? setInterval(() => void watchBackend(server, backend), 100) : undefined
  const began = performance.now()
  const script = fileURLToPath(new URL('load-once.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, folder], {
    env: { ...process.env, ...environment },
  })
  const wholeSeconds = (performance.now() - began) / 1000
  clearInterval(watch)
  const told = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
    loadMs: number
    peakMb: number
    changes: { inserted: number; updated: number; deleted: number }
  }
  const seen = backend.mb > 0
  return {
    load,
    rows: told.changes.inserted + told.changes.updated + told.changes.deleted,
    wholeSeconds,
    loadSeconds: told.loadMs / 1000,
    processMb: told.peakMb,
    backendMb: seen ? backend.mb : null,
    backendSeconds: seen ? backend.seconds : null,
    ratio: null,
  }
}

interface Usage {
  mb: number
  seconds: number
}

/** The most memory that a back end of the loader had of its own, without shared buffers, and its processor time. */
async function watchBackend(server: TestServer, usage: Usage): Promise<void> {
  const { rows } = await server.execute(
    'postgres',
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'erddap-harvester' AND backend_type = 'client backend'`,
  )
  for (const { pid } of rows as { pid: number }[]) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      // After the name in parentheses: state and numbers; user and system time, in hundredths of a second.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
      usage.mb = Math.max(usage.mb, Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1000)
      usage.seconds = Math.max(usage.seconds, (Number(stat[11]) + Number(stat[12])) / 100)
    } catch {
      // It has ended meanwhile.
    }
  }
}

/**
 * The floor: plain COPY of what the load left, rows first and the secondary indexes and foreign keys after them, in one
 * transaction. It checks nothing, compares nothing, and is given the points and hexagons.
 */
async function floorSeconds(server: TestServer, name: string): Promise<number> {
  const tables = ['hexes_zoom_0', 'hexes_zoom_1', 'points', 'datasets', 'profiles']
  const columns = new Map<string, string>()
  for (const table of tables) {
    const { rows } = await server.execute(
      name,
      `SELECT string_agg(attname, ', ' ORDER BY attnum) AS list FROM pg_attribute
       WHERE attrelid = 'cde.${table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    )
    columns.set(table, (rows[0] as { list: string }).list)
    await server.execute(
      name,
      `COPY cde.${table} (${columns.get(table)}) TO '${server.socketFolder}/${table}.copy'`,
    )
  }
  await server.execute(name, `TRUNCATE ${tables.map((table) => `cde.${table}`).join(', ')} CASCADE`)
  await server.execute(name, 'CHECKPOINT')
  const database = await server.open(name)
  try {
    const began = performance.now()
    await database.session((session) =>
      database.inTransaction(session, async () => {
        const aside = await setIndexesAside(session)
        for (const table of tables)
          await session.query(
            `COPY cde.${table} (${columns.get(table)}) FROM '${server.socketFolder}/${table}.copy'`,
          )
        await aside?.restore()
      }),
    )
    return (performance.now() - began) / 1000
  } finally {
    await database.close()
  }
}

function print(title: string, measures: Measure[]): void {
  const table = new Table({
    head: [
      'load',
      'rows changed',
      'process, s',
      'load, s',
      'process, MB',
      'back end, MB',
      'back end, CPU s',
      'times floor',
    ],
    style: { head: [], border: [] },
  })
  for (const m of measures)
    table.push([
      m.load,
      m.rows,
      m.wholeSeconds.toFixed(2),
      m.loadSeconds.toFixed(2),
      m.processMb.toFixed(0),
      m.backendMb?.toFixed(0) ?? '–',
      m.backendSeconds?.toFixed(2) ?? '–',
      m.ratio?.toFixed(2) ?? '–',
    ])
  process.stdout.write(`\n${title}, load average ${loadavg()[0]!.toFixed(1)}\n${table.toString()}\n`)
}

function printPortal(timed: Awaited<ReturnType<typeof timePortal>>): void {
  for (const { name, milliseconds, indexed } of timed)
    process.stdout.write(`  ${name}: ${milliseconds.toFixed(1)} ms${indexed ? '' : ' (reads everything)'}\n`)
}
