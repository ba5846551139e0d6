import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { readHarvestConfig } from '../../../src/config/harvest.ts'
import { type HarvestAllServices, harvestAllFlow } from '../../../src/flows/harvest-all.ts'
import { createHttpClient } from '../../../src/http/client.ts'
import {
  completed,
  createLocalBackend,
  failed,
  flow,
  type LogLine,
  memoryStore,
  type Standalone,
  startStandalone,
  systemRuntime,
} from '../../../src/runs/index.ts'
import { spec } from '../../support/prefect-flows.ts'

const http = createHttpClient()

/** Stands for the harvest of a source: it ends as its parameters say. */
const source = flow({
  name: 'Harvest Source',
  description: 'A source that is well or not.',
  parameters: z.object({
    fails: z.boolean().default(false),
    triggered_by: z.string().nullable().default(null),
  }),
  runName: () => 'source',
  run: async ({ fails }) => (fails ? failed('the listing failed') : completed('3 harvested')),
})
const other = flow({
  name: 'Other',
  description: 'A flow of somebody else.',
  parameters: z.object({ fails: z.boolean().default(false) }),
  runName: () => 'other',
  run: async ({ fails }) => (fails ? failed('model x failed') : completed('built')),
})

let open: Standalone | undefined
let server: Server | undefined
afterEach(async () => {
  await open?.stop()
  server?.closeAllConnections()
  server?.close()
})

/** Answers 503 so many times, then 200. */
async function hook(broken = 0): Promise<{ url: string; bodies: Record<string, unknown>[] }> {
  const bodies: Record<string, unknown>[] = []
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (data: Buffer) => {
      text += data
    })
    request.on('end', () => {
      bodies.push(JSON.parse(text))
      response.writeHead(bodies.length > broken ? 200 : 503).end()
    })
  })
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies }
}

interface Case {
  settings: Record<string, unknown>
  /** Whether the source `b` fails. */
  fails?: boolean
  parameters?: Record<string, unknown>
  /** Names that another worker registered. */
  registered?: string[]
}

async function harvest({ settings, fails = false, parameters = {}, registered }: Case) {
  const { settings: read } = readHarvestConfig({
    env: { HARVEST_CONFIG_YAML: JSON.stringify(settings) },
    folder: '/nowhere',
    sourcesOptional: true,
  })
  const services: HarvestAllServices = {
    config: { settings: read, sources: [], origin: 'test', warnings: [] },
    http,
    database: null,
    variables: { PATH: process.env.PATH },
    pageOfRun: (id) => `https://ui.example.org/${id}`,
  }
  const all = harvestAllFlow(services)
  const store = memoryStore()
  const log: LogLine[] = []
  // Children are looked at every few seconds; nobody wants to wait for that here.
  const runtime = {
    ...systemRuntime,
    sleep: (ms: number, signal?: AbortSignal) => systemRuntime.sleep(Math.min(ms, 50), signal),
  }
  const backend = createLocalBackend({
    store,
    runtime,
    worker: 'me',
    deployments: [
      spec('harvest-a', source),
      spec('harvest-b', source, { parameters: { fails } }),
      spec('nightly', other),
      spec('harvest-all', all, {
        startsChildren: true,
        parameters: {
          deployments: ['harvest-a', 'harvest-b'],
          ...all.deploymentParameters,
          ...(registered && { after_success: registered }),
        },
      }),
    ],
  })
  // One slot: a run that waits must hold none.
  open = await startStandalone({
    backend,
    runtime,
    limit: 1,
    graceSeconds: 0,
    pollMs: 20,
    onLog: (line) => void log.push(line),
  })
  const { id } = await backend.submit({ deployment: 'harvest-all', parameters })
  await vi.waitFor(async () => expect((await store.run(id))?.endedAt).not.toBeNull(), {
    timeout: 60_000,
    interval: 50,
  })
  const run = await store.run(id)
  const tasks = (await store.taskRuns(id)).map(({ name, state, after }) => ({
    name,
    state: state.name,
    after,
  }))
  return {
    id,
    store,
    end: `${run?.state.name}: ${run?.state.message}`,
    tasks,
    log,
    ran: tasks.map(({ name, state }) => `${name} ${state}`),
  }
}

const echo = (name: string, script = 'true') => ({
  name,
  command: { run: ['sh', '-c', script], folder: '/' },
})

describe('what follows a harvest of all sources', () => {
  it('runs in order when all sources are green, each as a task behind the one before', async () => {
    const { url, bodies } = await hook()
    const { end, tasks, store, id } = await harvest({
      settings: { after_success: [echo('first', 'echo one'), { webhook: { url } }, echo('last')] },
    })
    expect(end).toBe('Completed: 2 sources harvested; first, webhook, last done')
    expect(tasks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'first Completed',
      'webhook Completed',
      'last Completed',
    ])
    const children = (await store.runs({})).filter((run) => run.parentRunId === id).map((run) => run.id)
    const [first, second, last] = await store.taskRuns(id)
    expect([...(first?.after ?? [])].sort()).toEqual(children.sort())
    expect(second?.after).toEqual([first?.id])
    expect(last?.after).toEqual([second?.id])
    expect(bodies).toEqual([
      {
        event: 'harvest-completed',
        run_id: id,
        run_name: 'harvest-all',
        deployment: 'harvest-all',
        started_at: expect.stringMatching(/^\d{4}-.*Z$/),
        finished_at: expect.stringMatching(/^\d{4}-.*Z$/),
        sources: ['harvest-a', 'harvest-b'].map((deployment) => ({
          deployment,
          run_id: expect.any(String),
          state: 'Completed',
          message: '3 harvested',
          link: expect.stringContaining('https://ui.example.org/'),
        })),
        link: `https://ui.example.org/${id}`,
      },
    ])
  })

  it('is skipped when a source failed, and that is said', async () => {
    const { end, ran, log } = await harvest({ settings: { after_success: [echo('first')] }, fails: true })
    expect(end).toBe(
      'Failed: 1 of 2 sources failed: Harvest Source/harvest-b (the listing failed); after_success steps skipped: 1 of 2 sources failed',
    )
    expect(ran).toEqual([])
    expect(log.map(({ level, text }) => `${level} ${text}`)).toContain(
      'warn after_success steps skipped: 1 of 2 sources failed',
    )
  })

  it('is skipped where errors count and nobody knows of any: the audit is in the database', async () => {
    const { end, ran } = await harvest({
      settings: { after_success: [echo('first')], after_success_requires: 'no_errors' },
    })
    expect(end).toBe(
      'Completed: 2 sources harvested; after_success steps skipped: whether datasets failed is not known of harvest-a, harvest-b',
    )
    expect(ran).toEqual([])
  })

  it('stops at a step that fails, which the run names with what to do', async () => {
    const { end, ran } = await harvest({
      settings: { after_success: [echo('first', 'echo no space; exit 3'), echo('second'), echo('third')] },
    })
    expect(end).toBe(
      'Failed: 2 sources harvested, but STEP_FAILED: the step first failed: sh ended with exit code 3: no space. Its output is in the log of this step. Not run after it: second, third.',
    )
    expect(ran).toEqual(['first Failed'])
  })

  it('asks a webhook of a broken server again, twice at most', async () => {
    const passing = await hook(2)
    const well = await harvest({ settings: { after_success: [{ webhook: { url: passing.url } }] } })
    expect(well.end).toBe('Completed: 2 sources harvested; webhook done')
    expect(passing.bodies).toHaveLength(3)
    await open?.stop()
    server?.close()
    const broken = await hook(10)
    const bad = await harvest({ settings: { after_success: [{ webhook: { url: broken.url } }] } })
    expect(bad.end).toMatch(/^Failed: .*the step webhook failed: .* answered 503/)
    expect(broken.bodies).toHaveLength(3)
  })

  it('can be left out of a run by its parameters, and chosen', async () => {
    const settings = { after_success: [echo('first'), echo('second')] }
    const none = await harvest({ settings, parameters: { after_success: [] } })
    expect(none.end).toBe(
      'Completed: 2 sources harvested; after_success steps skipped: the parameter after_success names none',
    )
    expect(none.ran).toEqual([])
    await open?.stop()
    const one = await harvest({ settings, parameters: { after_success: ['second'] } })
    expect(one.ran).toEqual(['second Completed'])
  })

  it('is nothing, and nothing is said, where nothing is configured', async () => {
    const { end, log } = await harvest({ settings: {} })
    expect(end).toBe('Completed: 2 sources harvested')
    expect(log.filter(({ text }) => text.includes('after_success'))).toEqual([])
  })

  it('fails on a worker that lacks a registered step, though the sources are harvested', async () => {
    const { end, ran } = await harvest({
      settings: { after_success: [echo('first')] },
      registered: ['first', 'elsewhere'],
    })
    expect(end).toMatch(/^Failed: .*no step named elsewhere in its configuration \(it has: first\)/)
    expect(ran).toEqual([])
  })

  it('can be the run of another deployment, which takes the slot of the run that waits', async () => {
    const { end, store, id } = await harvest({
      settings: { after_success: [{ deployment: { name: 'nightly' } }, echo('last')] },
    })
    expect(end).toBe('Completed: 2 sources harvested; deployment nightly, last done')
    const child = (await store.runs({ deployment: 'nightly' }))[0]
    expect(child?.parentRunId).toBe(id)
    expect((await store.taskRuns(id))[0]?.after).toEqual([child?.id])
  })

  it('fails with the other deployment', async () => {
    const { end, ran } = await harvest({
      settings: {
        after_success: [{ deployment: { name: 'nightly', parameters: { fails: true } } }, echo('last')],
      },
    })
    expect(end).toMatch(
      /the step deployment nightly failed: the run other of nightly ended as Failed: model x failed/,
    )
    expect(ran).toEqual([])
  })

  it('says that without Prefect only our own deployments exist', async () => {
    const { end } = await harvest({ settings: { after_success: [{ deployment: { name: 'dbt/nightly' } }] } })
    expect(end).toMatch(/There is no deployment "dbt\/nightly".*Without a Prefect server/)
  })

  it('does not start itself', async () => {
    const { end } = await harvest({ settings: { after_success: [{ deployment: { name: 'harvest-all' } }] } })
    expect(end).toMatch(/it would start itself again/)
  })
})

it('is registered by the names of its steps, never by what they do', async () => {
  const { settings } = readHarvestConfig({
    env: {
      HARVEST_CONFIG_YAML: JSON.stringify({
        after_success: [{ command: { run: ['dbt', 'build'] } }],
        flush_redis: true,
      }),
    },
    folder: '/nowhere',
    sourcesOptional: true,
  })
  const all = harvestAllFlow({
    config: { settings, sources: [], origin: 'test', warnings: [] },
  } as unknown as HarvestAllServices)
  expect(all.deploymentParameters).toEqual({ after_success: ['command dbt', 'flush-redis'] })
})
