import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Engine, startEngine } from '../../src/app/engine.ts'
import { noDatabase } from '../../src/app/orchestrator.ts'
import { createProcess, type ProcessParts } from '../../src/app/services.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import { startCkan } from '../../src/demo/ckan.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { silentLog } from '../../src/log/log.ts'
import {
  chooseOrchestrator,
  createPrefectBackend,
  type LogLine,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  triggerDeployment,
} from '../../src/runs/index.ts'
import { harvester, start } from '../acceptance/run.ts'
import { freePort, type PrefectServer, waitUntil } from '../support/prefect.ts'
import { startSharedPrefect } from '../support/shared.ts'

/** A worker of a real Prefect server, and look-alike ERDDAPs of which one starts late. */
describe('waiting on a Prefect server', () => {
  const closing: (() => unknown)[] = []
  const lines: LogLine[] = []
  let prefect: PrefectServer
  let backend: PrefectBackend
  let folder: string
  let ready: ErddapServer
  let latePort: number
  let settings: PrefectSettings
  let parts: ProcessParts
  let engine: Engine

  const serve = async (port = 0): Promise<ErddapServer> => {
    const server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 2 }), port })
    closing.push(() => server.close())
    return server
  }
  const stateOf = async (id: string) => (await backend.readRun(id))?.state

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sensors-'))
    prefect = await startSharedPrefect()
    settings = prefectSettings({ PREFECT_API_URL: prefect.apiUrl }) as PrefectSettings
    backend = createPrefectBackend({ settings, namespaceTag: 'erddap-harvester:sensors' })
    ready = await serve()
    latePort = await freePort()
    const ckan = await startCkan({ records: [] })
    closing.push(() => ckan.close())
    const environment = readEnvironment({
      PREFECT_API_URL: prefect.apiUrl,
      HARVESTER_NAMESPACE: 'sensors',
      HARVESTER_DATA_DIR: join(folder, 'data'),
      HARVESTER_CACHE_DIR: join(folder, 'cache'),
      HARVESTER_LOG_DIR: join(folder, 'logs'),
      RUN_ON_DEPLOY: 'true',
      WORKER_GRACE_SECONDS: '1',
    })
    const config = readHarvestConfig({
      env: {
        HARVEST_CONFIG_YAML: JSON.stringify({
          ckan_url: ckan.url,
          folder: join(folder, 'harvest'),
          // Both, since runs may bring along public servers only.
          erddap_urls: [`http://127.0.0.1:${latePort}/erddap`, ready.url],
        }),
      },
      folder,
    })
    const orchestrator = chooseOrchestrator({ PREFECT_API_URL: prefect.apiUrl })
    parts = await createProcess({
      environment,
      config,
      log: silentLog,
      database: null,
      orchestrator,
      listeners: [],
    })
    let starts = false
    engine = await startEngine(orchestrator, {
      environment,
      database: noDatabase,
      services: parts.services,
      log: silentLog,
      worker: null,
      level: 'info',
      onLog(line) {
        lines.push(line)
        if (starts || !line.text.includes('refuses connections')) return
        starts = true
        setTimeout(() => void serve(latePort), 3000)
      },
      onStop: 'crash',
      signal: new AbortController().signal,
    })
  })
  afterAll(async () => {
    await engine?.stop()
    await parts?.close()
    await backend?.close()
    for (const close of closing.reverse()) await close()
    await prefect?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const wait = (args: readonly string[]) => ['wait', ready.url, '--via-prefect', ...args]
  const env = () => ({ PREFECT_API_URL: prefect.apiUrl, HARVESTER_NAMESPACE: 'sensors' })

  it('the run of a deploy waits for a source that starts later, and harvests it', async () => {
    await waitUntil('the harvest of all sources', async () => {
      const { data } = await backend.client.normal.POST('/flow_runs/filter', {
        body: { limit: 10, offset: 0, sort: 'START_TIME_DESC' },
      })
      return data?.some(({ name, state }) => name === 'harvest-all' && state?.type === 'COMPLETED') ?? false
    })
    const waiting = lines.filter(({ task }) => task === 'wait-for-source').map(({ text }) => text)
    expect(waiting[0]).toBe('waiting until the server answers')
    expect(waiting.at(-1)).toBe('ready: the server answers (ERDDAP 2.31)')
  })

  it('a worker runs the deployment wait-for-source, under a name that says so', async () => {
    const { id } = await triggerDeployment(backend, 'Wait For Source/wait-for-source', {
      source: ready.url,
      dataset_id: 'scale_00000',
      newer_than: '2020-02-28T00:00:00Z',
    })
    await waitUntil('the end', async () => (await stateOf(id))?.type === 'COMPLETED')
    expect((await backend.readRun(id))?.name).toBe(`wait-127-0-0-1-${ready.port}`)
    expect(await stateOf(id)).toMatchObject({
      message: `${ready.url} is ready: the dataset has data up to 2020-02-29T00:00:00Z`,
    })
  })

  it('the parameters must name a source', async () => {
    await expect(triggerDeployment(backend, 'wait-for-source', { dataset_id: 'a' })).rejects.toMatchObject({
      code: 'PARAMETERS_INVALID',
    })
  })

  it('harvester wait --via-prefect follows such a run: 0, 1, and 130 at Ctrl-C, which cancels it', async () => {
    const good = await harvester(wait(['--dataset', 'scale_00001']), folder, env())
    expect(good, good.stderr).toMatchObject({ code: 0 })
    expect(good.stdout).toContain('is ready: the dataset is listed')

    const late = await harvester(wait(['--dataset', 'nowhere', '--timeout', '1']), folder, env())
    expect(late).toMatchObject({ code: 1, stdout: expect.stringContaining('SOURCE_NOT_READY') })

    const looked = new Promise<void>((done) => {
      ready.onRequest(({ path }) => path.includes('elsewhere') && done())
    })
    const running = start(wait(['--dataset', 'elsewhere', '--interval', '600']), folder, env())
    await looked
    running.kill('SIGINT')
    const ended = await running.ended
    expect(ended.code).toBe(130)
    const id = /enqueued: \S+ (\S+)/.exec(ended.stdout)?.[1] ?? ''
    await waitUntil('the cancellation', async () => (await stateOf(id))?.type === 'CANCELLED')
  })
})
