import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import {
  type AlertRules,
  createPrefectBackend,
  ensureAlertRules,
  ensureSilentRule,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
  startWorker,
  triggerDeployment,
} from '../../src/runs/index.ts'
import { automationNames } from '../../src/runs/prefect/automations.ts'
import { blockName } from '../../src/runs/prefect/webhook-blocks.ts'
import { type PrefectServer, waitUntil } from '../support/prefect.ts'
import { flows, harvestPool, maintenancePool, says, slow, source, spec } from '../support/prefect-flows.ts'
import { startWorkerProcess } from '../support/prefect-worker-process.ts'
import { harvesterProgram } from '../support/program.ts'
import { startSharedPrefect } from '../support/shared.ts'

/** What the server really sends, to a receiver on this machine. */
interface Call {
  path: string
  type: string | undefined
  body: string
}

const namespace = 'tests'
const pools = [harvestPool, maintenancePool].map((name) => ({ name, concurrencyLimit: null }))

let server: PrefectServer
let receiver: Server
let address: string
let backend: PrefectBackend
let folder: string
let calls: Call[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'automations-test-'))
  receiver = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    calls.push({
      path: request.url ?? '',
      type: request.headers['content-type'],
      body: Buffer.concat(parts).toString(),
    })
    response.end('ok')
  })
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  server = await startSharedPrefect()
  backend = createPrefectBackend({
    settings: prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings,
    namespaceTag: `erddap-harvester:${namespace}`,
  })
  await registerDeployments(backend, {
    namespace,
    pools,
    deployments: [
      spec('says', says),
      spec('source', source),
      spec('slow-long', slow, { parameters: { seconds: 600 } }),
    ],
  })
  await registerDeployments(backend, { namespace: 'others', pools, deployments: [spec('says-other', says)] })
})
afterAll(async () => {
  await backend?.close()
  await server?.stop()
  await new Promise((done) => (receiver ? receiver.close(done) : done(undefined)))
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  calls = []
})

function rules(more: Partial<AlertRules> = {}): AlertRules {
  return {
    namespace,
    uiUrl: 'https://prefect.example.org',
    dashboardUrl: 'https://data.example.org',
    channels: { webhook: `${address}/hook?token=s3cret-1`, slack: null },
    tell: ['failed', 'crashed'],
    staleHours: 0,
    harvestFlows: ['Test Source'],
    ...more,
  }
}

async function automation(name: string) {
  const { data } = await backend.client.normal.POST('/automations/filter', {
    body: {
      automations: { operator: 'and_', name: { any_: [name] } },
      sort: 'NAME_ASC',
      limit: 10,
      offset: 0,
    },
  })
  expect(data?.length ?? 0).toBeLessThan(2)
  return data?.[0] ?? null
}

async function block(channel: 'webhook' | 'slack') {
  const { data } = await backend.client.normal.GET(
    '/block_types/slug/{slug}/block_documents/name/{block_document_name}',
    { params: { path: { slug: 'webhook', block_document_name: blockName(channel, namespace) } } },
  )
  return data ?? null
}

async function trigger(deployment: string, key: string, parameters: Record<string, unknown> = {}) {
  return (await triggerDeployment(backend, deployment, parameters, { idempotencyKey: key })).id
}

/** Work with an in-process worker. */
async function withWorker<T>(work: () => Promise<T>): Promise<T> {
  const worker = await startWorker({
    backend,
    flows: flowRegistry(flows),
    pools: pools.map(({ name }) => name),
    limit: 4,
    name: 'automations-1',
    slotFolder: folder,
    registration: null,
    graceSeconds: 1,
    pollMs: 300,
  })
  try {
    return await work()
  } finally {
    await worker.stop()
  }
}

const ended = (id: string) =>
  waitUntil('the end of a run', async () => (await backend.readRun(id))?.endedAt != null)

function about(runId: string): { run: { id: string } }[] {
  return calls
    .flatMap(({ body }) => JSON.parse(body).alerts as { run: { id: string } }[])
    .filter(({ run }) => run.id === runId)
}

function slackText(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

it('changes nothing when deployed a second time, and follows what changes', async () => {
  const first = await ensureAlertRules(backend, rules({ staleHours: 48 }))
  const names = [
    blockName('webhook', namespace),
    automationNames.failures(namespace),
    automationNames.stale(namespace),
  ]
  expect(first.created).toEqual(names)
  const before = await automation(automationNames.failures(namespace))
  const blockBefore = await block('webhook')

  const second = await ensureAlertRules(backend, rules({ staleHours: 48 }))
  expect(second).toEqual({ created: [], updated: [], unchanged: names, deleted: [], off: [] })
  expect((await ensureSilentRule(backend, namespace)).unchanged).toEqual([automationNames.silent(namespace)])
  expect(await automation(automationNames.failures(namespace))).toEqual(before)
  expect(await block('webhook')).toEqual(blockBefore)
  expect(JSON.stringify(blockBefore)).not.toContain('s3cret-1')

  // Another address: the same block, so the automations stay.
  const moved = rules({ channels: { webhook: `${address}/moved`, slack: null }, staleHours: 24 })
  const third = await ensureAlertRules(backend, moved)
  expect(third.updated).toEqual([blockName('webhook', namespace), automationNames.stale(namespace)])
  expect((await block('webhook'))?.id).toBe(blockBefore?.id)
  expect(await automation(automationNames.stale(namespace))).toMatchObject({ trigger: { within: 24 * 3600 } })

  const both = rules({ channels: { webhook: `${address}/moved`, slack: `${address}/slack` }, staleHours: 24 })
  expect((await ensureAlertRules(backend, both)).created).toEqual([blockName('slack', namespace)])
  expect((await automation(automationNames.failures(namespace)))?.actions).toHaveLength(2)
  expect((await automation(automationNames.failures(namespace)))?.id).toBe(before?.id)

  const none = await ensureAlertRules(backend, rules({ channels: { webhook: null, slack: null } }))
  expect(none.deleted).toEqual([
    automationNames.failures(namespace),
    automationNames.stale(namespace),
    blockName('webhook', namespace),
    blockName('slack', namespace),
  ])
  expect(await automation(automationNames.failures(namespace))).toBeNull()
  expect(await block('webhook')).toBeNull()
})

it('leaves a rule off that somebody switched off, corrects one that was edited, and merges doubles', async () => {
  const name = automationNames.silent(namespace)
  await ensureSilentRule(backend, namespace)
  const known = await automation(name)
  if (!known) throw new Error('no rule')
  await backend.client.normal.PATCH('/automations/{id}', {
    params: { path: { id: known.id } },
    body: { enabled: false },
  })
  expect(await ensureSilentRule(backend, namespace)).toMatchObject({ unchanged: [name], off: [name] })
  expect(await ensureSilentRule(backend, namespace, 300)).toMatchObject({ updated: [name], off: [name] })
  expect(await automation(name)).toMatchObject({ id: known.id, enabled: false, trigger: { within: 300 } })
  await backend.client.normal.PATCH('/automations/{id}', {
    params: { path: { id: known.id } },
    body: { enabled: true },
  })
  const {
    id: _,
    created: __,
    updated: ___,
    ...body
  } = (await automation(name)) as never as Record<string, unknown>
  await backend.client.normal.POST('/automations/', { body: body as never })
  expect(await ensureSilentRule(backend, namespace)).toMatchObject({ updated: [name], off: [] })
  expect((await automation(name))?.id).toBe(known.id)
})

it('tells of a run that failed, as JSON whatever the message holds, and of no run of another namespace', async () => {
  await ensureAlertRules(
    backend,
    rules({ channels: { webhook: `${address}/hook`, slack: `${address}/slack` } }),
  )
  const message = 'He said "no"\nat C:\\temp\tünïcode 🐟 <b> & {{ flow.name }} \'quoted\' </script>'
  // What would break a line is made visible where the state is set.
  const told = message.replaceAll('\n', '\\n').replaceAll('\t', '\\t')
  await withWorker(async () => {
    const other = await trigger('Test Says/says-other', 'other', { message: 'of another site' })
    await ended(other)
    const id = await trigger('says', 'own', { message })
    await ended(id)
    await waitUntil('both calls', () => calls.length >= 2)
    const hook = calls.filter(({ path }) => path === '/hook')
    expect(hook).toHaveLength(1)
    expect(hook[0]?.type).toBe('application/json')
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect(JSON.parse(hook[0]?.body ?? '')).toEqual({
      version: 1,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sender: 'prefect',
      namespace,
      host: 'prefect.example.org',
      sent_at: time,
      test: false,
      summary: 'says failed',
      alerts: [
        {
          status: 'open',
          kind: 'failed',
          name: 'says',
          source: null,
          deployment: 'says',
          flow: 'Test Says',
          message: told,
          since: time,
          last_at: time,
          recovered_at: null,
          told_before: null,
          occurrences: 1,
          datasets: null,
          last_success_at: null,
          run: { id, name: 'says' },
          links: { prefect: `https://prefect.example.org/runs/flow-run/${id}`, run: null, source: null },
        },
      ],
    })
    const slack = calls.filter(({ path }) => path === '/slack')
    expect(slack).toHaveLength(1)
    expect(JSON.parse(slack[0]?.body ?? '')).toEqual({
      text: `:red_circle: *says* failed: ${slackText(told)}\n<https://prefect.example.org/runs/flow-run/${id}|Run in Prefect>`,
    })
    // What ended before it was seen before it: the other site's run is told nowhere.
    expect(calls.filter(({ body }) => body.includes('another site'))).toEqual([])
  })
})

it('settles and tells of a run whose worker was killed, though no process of ours is left', async () => {
  // Beats every second, silence of 12: a run that beats lives on, however long it takes.
  await ensureSilentRule(backend, namespace, 12)
  await ensureAlertRules(backend, rules({ channels: { webhook: `${address}/hook`, slack: null } }))
  const worker = await startWorkerProcess(server.apiUrl, {
    TEST_SLOTS: folder,
    TEST_WORKER: 'doomed',
    TEST_HEARTBEAT: '1',
  })
  let id: string
  let short: string
  try {
    id = await trigger('slow-long', 'zombie')
    short = await trigger('source', 'short')
    await waitUntil('the run to run', async () => (await backend.readRun(id))?.state.type === 'RUNNING')
    await ended(short)
    const since = Date.now()
    await waitUntil('longer than the silence allowed', () => Date.now() - since > 18_000, 60_000, 1000)
    expect((await backend.readRun(id))?.state.name).toBe('Running')
  } finally {
    await worker.kill('SIGKILL')
  }
  await waitUntil(
    'the server to settle the run',
    async () => (await backend.readRun(id))?.state.type === 'CRASHED',
    90_000,
    500,
  )
  expect((await backend.readRun(id))?.state.message).toBe('No sign of life for 12 seconds')
  await waitUntil('the server to tell of it', () => about(id).length > 0)
  expect(about(id)).toMatchObject([
    {
      kind: 'crashed',
      deployment: 'slow-long',
      message: 'No sign of life for 12 seconds',
      links: { prefect: `https://prefect.example.org/runs/flow-run/${id}` },
    },
  ])
  // The short one ended between two beats, and nobody took it for silent.
  expect((await backend.readRun(short))?.state.type).toBe('COMPLETED')
  expect(about(short)).toEqual([])
})

it('tells when no harvest has completed for long, and not while one does', async () => {
  await ensureAlertRules(
    backend,
    rules({
      channels: { webhook: `${address}/stale`, slack: `${address}/slack` },
      staleHours: 20 / 3600,
    }),
  )
  await withWorker(async () => {
    // A success every few seconds for longer than the span; begun anew where a busy machine takes longer for one.
    let [began, last] = [Date.now(), Date.now()]
    for (let i = 0; Date.now() - began < 30_000; i++) {
      await ended(await trigger('source', `fresh-${i}`))
      if (Date.now() - last > 10_000) began = Date.now()
      last = Date.now()
      // What is told of a longer pause comes a moment later.
      if (last - began < 8_000) calls = []
    }
  })
  const stale = () => calls.filter(({ path }) => path === '/stale').map(({ body }) => JSON.parse(body))
  expect(stale()).toEqual([])
  await waitUntil('the server to tell', () => stale().length > 0 && calls.length > 1)
  expect(stale()[0]).toMatchObject({
    sender: 'prefect',
    namespace,
    summary: expect.stringContaining('no harvest of tests has completed for'),
    alerts: [
      {
        kind: 'stale',
        name: 'tests',
        run: null,
        last_success_at: expect.stringMatching(/^\d{4}-/),
        links: { prefect: 'https://prefect.example.org/runs' },
      },
    ],
  })
  expect(calls.filter(({ path }) => path === '/slack').map(({ body }) => JSON.parse(body))[0]).toEqual({
    text: ':warning: no harvest of tests has completed for 0.01 hours\n<https://prefect.example.org/runs|Runs in Prefect>',
  })
})

it('does all that by command, says what it did, and never the address', async () => {
  const secret = `${address}/hook?token=s3cret-2`
  const deploy = async (args: string[], env: Record<string, string> = {}) => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [...harvesterProgram, 'deploy', ...args],
      {
        env: {
          PATH: process.env.PATH,
          PREFECT_API_URL: server.apiUrl,
          HARVESTER_NAMESPACE: 'by-command',
          HARVESTER_DATA_DIR: folder,
          HARVEST_CONFIG_YAML: 'erddap_urls: [https://erddap.example.org/erddap]',
          ...env,
        },
      },
    )
    expect(stdout + stderr).not.toContain('s3cret-2')
    return stdout.trim().split('\n')
  }
  const [silent, failures, stale] = [
    'erddap-harvester-crash-silent-runs-by-command',
    'erddap-harvester-tell-failures-by-command',
    'erddap-harvester-tell-nothing-harvested-by-command',
  ]
  const hook = 'erddap-harvester-by-command-webhook'
  expect(await deploy(['--alerts'])).toEqual([
    `alerts created: ${silent}`,
    expect.stringMatching(
      /^alerts: no channel: neither ALERT_WEBHOOK_URL nor ALERT_SLACK_WEBHOOK_URL is set/,
    ),
  ])
  const env = { ALERT_WEBHOOK_URL: secret }
  expect(await deploy(['--alerts'], env)).toEqual([
    `alerts created: ${hook}, ${failures}, ${stale}`,
    `alerts unchanged: ${silent}`,
  ])
  const withAll = await deploy(['--all', '--alerts'], env)
  expect(withAll).toContain(`alerts unchanged: ${silent}, ${hook}, ${failures}, ${stale}`)
  expect(withAll.some((line) => line.startsWith('created: ') && line.includes('harvest-all'))).toBe(true)
  // Without the flag, what the server has stays.
  expect((await deploy(['--all'], env)).filter((line) => line.startsWith('alerts'))).toEqual([])
  expect(await automation(failures as string)).not.toBeNull()
  expect(await deploy(['--no-alerts'], env)).toEqual([
    `alerts unchanged: ${silent}`,
    `alerts deleted: ${failures}, ${stale}, ${hook}`,
    'alerts: the server tells nobody any more; it still settles runs that went silent',
  ])
})
