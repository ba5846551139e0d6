/**
 * What it costs to fetch names: `npx tsx bench/vernaculars/run.ts [--names 2000] [--latency 50] [--workers 8]`.
 *
 * A WoRMS look-alike that answers after a fixed time; the limit is the number of requests times that time over the
 * workers. Aim: at most 1.2 times that. Then the search of names over 200,000 of them: aim under 50 ms.
 */
import { fork } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { populateVernacularsFlow } from '../../src/flows/populate-vernaculars.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { refreshNameIndex, searchNames } from '../../src/inventory/vernaculars/name-index.ts'
import { createLocalBackend, memoryStore, runFlow } from '../../src/runs/index.ts'
import { startPostgres } from '../../test/support/postgres.ts'

const { values } = parseArgs({
  options: {
    names: { type: 'string', default: '2000' },
    latency: { type: 'string', default: '50' },
    workers: { type: 'string', default: '8' },
    'search-names': { type: 'string', default: '200000' },
  },
})
const names = Number(values.names)
const latency = Number(values.latency)
const workers = Number(values.workers)

const server = await startPostgres([])
await server.createDatabase('bench')
const database = await server.open('bench')
try {
  await migrate(database)
  if (names > 0) await fetching(database)
  await searching(database, Number(values['search-names']))
} finally {
  await database.close()
  await server.stop()
}

async function fetching(db: Database): Promise<void> {
  await db.query(
    `INSERT INTO cde.obis_cells (dataset_id, latitude, longitude, scientific_names, n_records)
     SELECT 'bench', cell, 0, array_agg('Species number ' || n), 1
     FROM generate_series(1, $1::int) AS n CROSS JOIN LATERAL (SELECT (n % 80)::float8 AS cell) AS c GROUP BY cell`,
    [names],
  )
  await refreshViews(db)
  // A process of its own, as WoRMS is a machine of its own.
  const worms = fork(new URL('./worms.ts', import.meta.url), [String(latency)], {
    execArgv: ['--import', 'tsx'],
  })
  const url = await new Promise<string>((resolve) =>
    worms.once('message', (message) => resolve(String(message))),
  )
  const http = createHttpClient()
  let requests = 0
  try {
    const start = performance.now()
    const result = await runFlow(
      createLocalBackend({ store: memoryStore(), tagLimits: { database: 3 } }),
      populateVernacularsFlow({
        config: readHarvestConfig({
          env: {
            HARVEST_CONFIG_YAML: JSON.stringify({
              erddap_urls: ['https://x.example/erddap'],
              worms_url: url,
            }),
          },
          folder: process.cwd(),
        }),
        http,
        database: async () => db,
      }),
      { workers },
    )
    const seconds = (performance.now() - start) / 1000
    for (const host of http.gate?.summary() ?? []) requests += host.requests
    const limit = (requests * latency) / 1000 / workers
    const table = new Table({
      head: ['names', 'requests', 'latency ms', 'workers', 'limit s', 'took s', 'ratio', 'peak MB'],
    })
    table.push([
      names,
      requests,
      latency,
      workers,
      limit.toFixed(1),
      seconds.toFixed(1),
      `${(seconds / limit).toFixed(2)} ×`,
      Math.round(process.resourceUsage().maxRSS / 1024),
    ])
    process.stdout.write(`${result.state}: ${result.message}\n${table.toString()}\n`)
  } finally {
    await http.close()
    worms.kill()
  }
}

async function searching(db: Database, count: number): Promise<void> {
  // A tree of life: ten classes of a hundred genera each, species below, every third with common names.
  await db.query('TRUNCATE cde.obis_cells, cde.scientific_name_vernaculars')
  await db.query(
    `INSERT INTO cde.scientific_name_vernaculars
     SELECT initcap(md5('g' || genus)) || ' ' || md5('s' || n), 1000000 + n, 'Species', ARRAY[1, 10 + genus % 10, 1000 + genus],
       CASE WHEN n % 3 = 0 THEN ARRAY[(ARRAY['Atlantic','Pacific','Arctic','common','northern','spotted'])[1 + n % 6] || ' ' ||
         (ARRAY['cod','whale','shrimp','crab','herring','sea star','kelp','urchin'])[1 + n % 8] || ' ' || left(md5('e' || n), 6)] ELSE '{}' END,
       CASE WHEN n % 4 = 0 THEN ARRAY[(ARRAY['morue','baleine','crevette','crabe','hareng','étoile de mer','algue','oursin'])[1 + n % 8] || ' à ' || left(md5('f' || n), 6)] ELSE '{}' END,
       now(), 'ok'
     FROM generate_series(1, $1::int) AS n CROSS JOIN LATERAL (SELECT n % 1000 AS genus) AS g`,
    [count],
  )
  await db.query(
    `INSERT INTO cde.scientific_name_vernaculars
     SELECT 'Classis ' || c, 10 + c, 'Class', ARRAY[1], ARRAY['class of ' || c], '{}', now(), 'ok' FROM generate_series(0, 9) AS c`,
  )
  await db.query(
    `INSERT INTO cde.obis_cells (dataset_id, latitude, longitude, scientific_names, n_records)
     SELECT 'bench', row_number % 80, row_number / 80, array_agg(scientific_name), 1 + row_number FROM (
       SELECT scientific_name, (row_number() OVER (ORDER BY scientific_name)) / 50 AS row_number FROM cde.scientific_name_vernaculars
     ) AS numbered GROUP BY row_number`,
  )
  await refreshViews(db)
  let start = performance.now()
  await refreshNameIndex(db)
  const filled = performance.now() - start
  start = performance.now()
  await refreshNameIndex(db)
  const again = performance.now() - start
  await db.query('ANALYZE harvester.name_index, harvester.name_labels')
  process.stdout.write(
    `index of ${count} names: filled in ${(filled / 1000).toFixed(1)} s, refreshed without a change in ${(again / 1000).toFixed(1)} s\n`,
  )
  const table = new Table({ head: ['text', 'found', 'below', 'median ms', 'worst ms'] })
  for (const text of [
    'cod',
    'Morue',
    'etoile',
    'atlantic cod',
    'classis 3',
    'class of',
    'whale a',
    'a',
    'ab',
    'abc',
    'zzzzzz',
    'e',
  ]) {
    const times: number[] = []
    let found = await searchNames(db, text, 20)
    for (let nth = 0; nth < 15; nth += 1) {
      const began = performance.now()
      found = await searchNames(db, text, 20)
      times.push(performance.now() - began)
    }
    times.sort((a, b) => a - b)
    table.push([
      text,
      found.length,
      found.filter(({ below }) => below !== null).length,
      times[7]!.toFixed(1),
      times.at(-1)!.toFixed(1),
    ])
  }
  process.stdout.write(`${table.toString()}\n`)
}

async function refreshViews(db: Database): Promise<void> {
  await db.query('REFRESH MATERIALIZED VIEW cde.obis_scientific_names')
  await db.query('REFRESH MATERIALIZED VIEW cde.obis_scientific_name_popularity')
  await db.query('ANALYZE cde.obis_scientific_names, cde.obis_scientific_name_popularity')
}
