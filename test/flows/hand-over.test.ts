/** A run that one host gives back and another goes on with. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProcess } from '../../src/app/services.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import type { Database } from '../../src/database/port.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { harvestSourceFlow } from '../../src/flows/harvest-source.ts'
import type { HarvestEvent } from '../../src/log/events.ts'
import { silentLog } from '../../src/log/log.ts'
import { type AnyFlow, createLocalBackend, memoryStore, startStandalone } from '../../src/runs/index.ts'
import { openMigrated } from '../support/engine.ts'
import { waitUntil } from '../support/prefect.ts'
import { spec } from '../support/prefect-flows.ts'

const datasets = 12
let folder: string
let database: Database
let erddap: ErddapServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hand-over-'))
  database = await openMigrated()
  erddap = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets }) })
})
afterAll(async () => {
  await erddap?.close()
  await database?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a run handed to another host asks its source for no dataset again', async () => {
  const store = memoryStore()
  /** A host with a disk of its own, on the store and the database of all. */
  const host = async (name: string, onEvent: (event: HarvestEvent) => void) => {
    const own = join(folder, name)
    const config = readHarvestConfig({
      env: {
        HARVEST_CONFIG_YAML: JSON.stringify({
          erddap_urls: [{ url: erddap.url, concurrency: 1 }],
          folder: join(own, 'harvest'),
        }),
      },
      folder: own,
    })
    const parts = await createProcess({
      environment: readEnvironment({
        HARVESTER_CACHE_DIR: join(own, 'cache'),
        HARVESTER_LOG_DIR: join(own, 'logs'),
        HARVESTER_DATA_DIR: own,
      }),
      config,
      log: silentLog,
      database: async () => database,
      orchestrator: null,
      listeners: [onEvent],
    })
    const lines: string[] = []
    const backend = createLocalBackend({
      store,
      worker: name,
      deployments: [
        spec('harvest', harvestSourceFlow(parts.services) as unknown as AnyFlow, {
          parameters: { source: erddap.url },
        }),
      ],
    })
    const running = await startStandalone({
      backend,
      pollMs: 20,
      graceSeconds: 0,
      onLog: ({ text }) => lines.push(text),
    })
    return { backend, running, lines, close: () => parts.close() }
  }

  const asked: string[] = []
  let enough: () => void = () => {}
  const some = new Promise<void>((resolve) => {
    enough = resolve
  })
  const first = await host('first', (event) => {
    if (event.type !== 'dataset-attempted') return
    asked.push(event.attempt.datasetId)
    if (asked.length === 5) enough()
  })
  const { id } = await first.backend.submit({ deployment: 'harvest', parameters: {} })
  await some
  await first.running.stop()
  await first.close()
  expect((await store.run(id))?.state.type).toBe('SCHEDULED')
  expect(asked.length).toBeLessThan(datasets)
  expect(first.lines.join('\n')).toMatch(/in the database, for whoever goes on with it/)

  erddap.clearRequests()
  const attempted: string[] = []
  const second = await host('second', (event) => {
    if (event.type === 'dataset-attempted') attempted.push(event.attempt.datasetId)
  })
  await waitUntil('the end', async () => (await store.run(id))?.endedAt != null, 60_000, 50)
  await second.running.stop()
  await second.close()
  expect(await store.run(id)).toMatchObject({ runCount: 2, state: { type: 'COMPLETED' } })
  expect(second.lines.join('\n')).toMatch(/was taken over from the database/)
  for (const datasetId of asked)
    expect(erddap.requests.filter(({ path }) => path.includes(`/${datasetId}.`))).toEqual([])
  expect(new Set(attempted).size).toBe(datasets)
  const indexed = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM cde.datasets')
  expect(indexed.rows[0]?.n).toBe(datasets)
  // It has ended: nobody needs it any more.
  const left = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM harvester.handed_spools')
  expect(left.rows[0]?.n).toBe(0)
})
