import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { deployParameters } from '../../src/app/engine.ts'
import { createProcess } from '../../src/app/services.ts'
import { loadDeployments } from '../../src/config/deployments-file.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import { startCkan } from '../../src/demo/ckan.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { deploymentSpecs, harvesterFlows } from '../../src/flows/registry.ts'
import { waitForSourceFlow } from '../../src/flows/wait-for-source.ts'
import type { HarvestServices } from '../../src/harvest/services.ts'
import { startWaits } from '../../src/harvest/wait-for-source.ts'
import { silentLog } from '../../src/log/log.ts'
import {
  createLocalBackend,
  type FlowContext,
  memoryStore,
  runFlow,
  startStandalone,
} from '../../src/runs/index.ts'
import { createHarvester, type Harvester } from '../support/harvester.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(port = 0): Promise<ErddapServer> {
  const server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 2 }), port })
  closing.push(() => server.close())
  return server
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function harvester(settings: Record<string, unknown>): Promise<Harvester> {
  const made = await createHarvester({ settings })
  closing.push(() => made.close())
  return made
}

const taskLines = (run: { log: readonly { task: string | null; text: string }[] }) =>
  run.log.filter(({ task }) => task?.startsWith('wait-for-source')).map(({ text }) => text)

describe('a harvest of a source that is to be waited for', () => {
  it('begins when the server is there, and is whole', async () => {
    const server = await serve()
    server.setPhase('unknown')
    let looks = 0
    server.onRequest(({ path }) => {
      if (path.endsWith('/version') && ++looks === 3) server.setPhase('ready')
    })
    const harvest = await harvester({
      erddap_urls: [{ url: server.url, wait_for: { timeout_seconds: 60, interval_seconds: 1 } }],
    })
    const run = await harvest.run()
    expect(run.result).toMatchObject({ state: 'COMPLETED', message: '2 harvested' })
    // A line a change, not one a look.
    expect(taskLines(run)).toEqual([
      'waiting until the server answers',
      'the server is starting: it has no list of datasets yet',
      'the server answers (ERDDAP 2.31)',
      'ready: the server answers (ERDDAP 2.31)',
    ])
  })

  it('fails at the time limit and says what was waited for and what was seen last', async () => {
    const server = await serve()
    const harvest = await harvester({ erddap_urls: [server.url] })
    const run = await harvest.run({
      wait_for: { dataset_id: 'nowhere', timeout_seconds: 1, interval_seconds: 1 },
    })
    const message = `SOURCE_NOT_READY: ${server.url} was not ready within 1 s: waited until dataset nowhere is listed; seen last: the dataset is not listed`
    expect(run.result).toMatchObject({ state: 'FAILED', message })
    expect(run.attempts).toEqual([])
    expect(run.events.at(-1)).toMatchObject({ type: 'run-finished', ok: false, message })
    // Nothing but the one row was asked for.
    expect(server.requests.every(({ path }) => path.includes('datasetID="nowhere"'))).toBe(true)
  })

  it('takes the wish of the run for that of the source, key by key', async () => {
    const server = await serve()
    const harvest = await harvester({
      erddap_urls: [{ url: server.url, wait_for: { dataset_id: 'nowhere', timeout_seconds: 600 } }],
    })
    const run = await harvest.run({ wait_for: { dataset_id: 'scale_00001' } })
    expect(run.result.state).toBe('COMPLETED')
    expect(taskLines(run)[0]).toBe('waiting until dataset scale_00001 is listed')
  })

  it('ends at once when it is cancelled', async () => {
    const server = await serve()
    server.setPhase(0)
    const harvest = await harvester({ erddap_urls: [server.url] })
    const controller = new AbortController()
    server.onRequest(() => setImmediate(() => controller.abort()))
    const run = await harvest.run(
      { wait_for: { dataset_id: 'scale_00000', timeout_seconds: 600, interval_seconds: 600 } },
      { signal: controller.signal },
    )
    expect(run.result.state).toBe('CANCELLED')
    expect(run.attempts).toEqual([])
  })

  it('does not wait for OBIS, whatever the run wants', () => {
    const lines: string[] = []
    const context = { log: { debug: (_: unknown, text: string) => lines.push(text) } }
    const obis = { type: 'obis', url: 'https://obis.org', slug: 'obis', datasetIds: ['a'] } as const
    const waits = startWaits({} as HarvestServices, [obis], {}, context as unknown as FlowContext)
    expect(waits.size).toBe(0)
    expect(lines).toEqual(['OBIS is not waited for'])
  })

  it('among others holds none of them up, and is the only one that fails', async () => {
    const good = await serve()
    const late = await serve()
    late.setPhase('unknown')
    const harvest = await harvester({
      erddap_urls: [good.url, { url: late.url, wait_for: { timeout_seconds: 2, interval_seconds: 1 } }],
    })
    const run = await harvest.run({ source: null })
    expect(run.result.state).toBe('FAILED')
    expect(run.result.message).toContain(
      `1 of 2 sources failed: ${late.url}: SOURCE_NOT_READY: ${late.url} was not ready within 2 s`,
    )
    expect(run.outcomes).toEqual({ scale_00000: 'success', scale_00001: 'success' })
    const finished = run.events.flatMap((event) => (event.type === 'source-finished' ? [event.source] : []))
    expect(finished).toEqual([good.url, late.url])
  })
})

async function processOf(urls: readonly unknown[]) {
  const folder = await mkdtemp(join(tmpdir(), 'sensors-'))
  closing.push(() => rm(folder, { recursive: true, force: true }))
  const ckan = await startCkan({ records: [] })
  closing.push(() => ckan.close())
  const settings = { erddap_urls: urls, ckan_url: ckan.url, folder: join(folder, 'harvest') }
  const config = readHarvestConfig({ env: { HARVEST_CONFIG_YAML: JSON.stringify(settings) }, folder })
  const environment = readEnvironment({
    HARVESTER_CACHE_DIR: join(folder, 'cache'),
    HARVESTER_LOG_DIR: join(folder, 'logs'),
  })
  const parts = await createProcess({
    environment,
    config,
    log: silentLog,
    database: null,
    orchestrator: null,
    listeners: [],
  })
  closing.push(() => parts.close())
  return { ...parts, config, environment }
}

describe('the flow Wait For Source', () => {
  const backend = () => createLocalBackend({ store: memoryStore() })

  it('completes when a configured source is as its configuration wants it', async () => {
    const server = await serve()
    const { services } = await processOf([{ url: server.url, wait_for: { dataset_id: 'scale_00001' } }])
    const slug = services.config.sources[0]!.slug
    const result = await runFlow(backend(), waitForSourceFlow(services), { source: slug })
    expect(result).toMatchObject({
      state: 'COMPLETED',
      name: `wait-${slug}`,
      message: `${server.url} is ready: the dataset is listed`,
    })
  })

  it('takes any address where the worker has no list of sources, and an age before its start', async () => {
    const server = await serve()
    const { services } = await processOf(['https://other.example.org/erddap'])
    const config = { ...services.config, sources: [] }
    const result = await runFlow(backend(), waitForSourceFlow({ ...services, config }), {
      source: `${server.url}/`,
      dataset_id: 'scale_00000',
      newer_than: '90min',
      timeout_seconds: 1,
    })
    expect(result.state).toBe('FAILED')
    expect(result.message).toMatch(
      /^SOURCE_NOT_READY: .*dataset scale_00000 has data after .*; seen last: the dataset has data up to 2020-02-29T00:00:00Z$/,
    )
  })

  it.each([
    [{ source: 'nowhere' }, 'SOURCE_UNKNOWN'],
    [{ source: 'https://a.example.org/erddap', newer_than: '6h' }, 'PARAMETERS_INVALID'],
  ])('refuses %j with %s', async (parameters, code) => {
    const { services } = await processOf(['https://other.example.org/erddap'])
    const result = await runFlow(backend(), waitForSourceFlow(services), parameters)
    expect(result).toMatchObject({ state: 'FAILED', error: expect.objectContaining({ code }) })
  })
})

describe('the run of a deploy', () => {
  it('waits for a source that starts later, and keeps what a source demands itself', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/erddap`
    const demanding = await serve()
    const { services, config, environment } = await processOf([
      url,
      { url: demanding.url, wait_for: { dataset_id: 'scale_00001', interval_seconds: 1 } },
    ])
    const store = memoryStore()
    const lines: string[] = []
    const flows = harvesterFlows(services)
    const local = createLocalBackend({
      store,
      deployments: deploymentSpecs(loadDeployments(environment, config.sources), flows, 'test'),
    })
    const standalone = await startStandalone({
      backend: local,
      pollMs: 20,
      runOnDeploy: { deployment: 'harvest-all', parameters: deployParameters },
      onLog({ task, text, facts }) {
        if (!task?.startsWith('wait')) return
        // Somebody has looked and found nobody: three seconds later the server is up.
        if (text.includes('refuses connections')) setTimeout(() => void serve(port), 3000)
        lines.push(`${String(facts.source)} ${text}`)
      },
    })
    closing.push(() => standalone.stop())
    await vi.waitFor(
      async () => {
        const [parent] = await store.runs({ deployment: 'harvest-all', limit: 1 })
        expect(parent?.state.type).toBe('COMPLETED')
      },
      { timeout: 60_000, interval: 100 },
    )
    expect(lines).toContain(`${url} waiting until the server answers`)
    expect(lines.some((line) => line.startsWith(url) && line.includes('refuses connections'))).toBe(true)
    expect(lines).toContain(`${url} ready: the server answers (ERDDAP 2.31)`)
    expect(lines).toContain(`${demanding.url} waiting until dataset scale_00001 is listed`)
  })
})
