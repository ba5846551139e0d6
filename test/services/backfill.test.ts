import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { backfillEngine } from '../../src/operate/backfill/engine.ts'
import { planBackfill } from '../../src/operate/backfill/plan.ts'
import type { JsonReport } from '../../src/operate/backfill/report.ts'
import { type BackfillOptions, runBackfill } from '../../src/operate/backfill/run.ts'
import { parseEach } from '../../src/operate/backfill/values.ts'
import {
  type AnyFlow,
  completed,
  createPrefectBackend,
  failed,
  flow,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectOrchestrator,
  prefectSettings,
  registerDeployments,
  startWorker,
  type Worker,
} from '../../src/runs/index.ts'
import { type PrefectServer, waitUntil } from '../support/prefect.ts'
import { harvestPool, spec } from '../support/prefect-flows.ts'
import { harvesterProgram } from '../support/program.ts'
import { startSharedPrefect } from '../support/shared.ts'

const at = { now: 0, most: 0 }
const ran: number[] = []
const broken = new Set<number>()
let gate: Promise<void> = Promise.resolve()
let release = () => {}

const count = flow({
  name: 'Test Count',
  description: 'Counts how many of it run at once.',
  parameters: z.object({ n: z.number().int(), round: z.string().default('') }),
  runName: ({ n }) => `count-${n}`,
  run: async ({ n }) => {
    ran.push(n)
    at.now += 1
    at.most = Math.max(at.most, at.now)
    await gate
    // Long enough for the server to hand out another one beside it.
    await new Promise((done) => setTimeout(done, 1500))
    at.now -= 1
    return broken.has(n) ? failed(`${n} is broken`) : completed(`${n} is counted`)
  },
}) as unknown as AnyFlow

let prefect: PrefectServer
let backend: PrefectBackend
let worker: Worker
let folder: string
const children = new Set<ChildProcess>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backfill-'))
  prefect = await startSharedPrefect()
  const settings = prefectSettings({ PREFECT_API_URL: prefect.apiUrl }) as PrefectSettings
  backend = createPrefectBackend({ settings, namespaceTag: 'erddap-harvester:tests' })
  await registerDeployments(backend, {
    namespace: 'tests',
    pools: [{ name: harvestPool, concurrencyLimit: null }],
    deployments: [spec('count', count)],
    tagLimits: {},
  })
  worker = await startWorker({
    backend,
    flows: flowRegistry([count]),
    pools: [harvestPool],
    limit: 10,
    name: 'backfill-1',
    slotFolder: folder,
    registration: null,
    graceSeconds: 0,
    pollMs: 300,
  })
})
afterAll(async () => {
  release()
  for (const child of children) child.kill('SIGKILL')
  await worker?.stop()
  await backend?.close()
  await prefect?.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  Object.assign(at, { now: 0, most: 0 })
  ran.length = 0
  broken.clear()
  gate = Promise.resolve()
})

function start(...args: string[]) {
  const child = spawn(process.execPath, [...harvesterProgram, 'backfill', ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      PREFECT_API_URL: prefect.apiUrl,
      HARVESTER_NAMESPACE: 'tests',
      HARVESTER_DATA_DIR: folder,
      HARVESTER_CACHE_DIR: folder,
      HARVESTER_LOG_DIR: folder,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => {
    out += data
  })
  child.stderr.on('data', (data: Buffer) => {
    err += data
  })
  const ended = new Promise<{ code: number | null; out: string; err: string }>((done) =>
    child.once('close', (code) => {
      children.delete(child)
      done({ code, out, err })
    }),
  )
  return { child, ended }
}
const backfill = (...args: string[]) => start(...args).ended
const states = (out: string) => (JSON.parse(out) as JsonReport).runs.map(({ state }) => state)

async function runsOf(key: string) {
  const { data } = await backend.client.once.POST('/flow_runs/filter', {
    body: {
      flow_runs: { operator: 'and_', tags: { operator: 'and_', all_: [`backfill:${key}`] } },
      sort: 'ID_DESC',
      limit: 200,
      offset: 0,
    },
  })
  return data ?? []
}

test('a backfill runs so many at once, starts nothing twice, and what failed only when asked', async () => {
  broken.add(3)
  const args = ['count', '--each', 'n=1,2,3,4,5', '--parallel', '2']
  const first = await backfill(...args, '--json')
  expect(first.code).toBe(1)
  expect(states(first.out)).toEqual(['Completed', 'Completed', 'Failed', 'Completed', 'Completed'])
  const { key, link, runs } = JSON.parse(first.out) as JsonReport
  expect(runs[2]).toMatchObject({ parameters: { n: 3 }, message: '3 is broken', attempt: 1, run: 'count-3' })
  expect(link).toContain(`/runs?tag=backfill%3A${key}`)
  expect(at.most).toBe(2)
  expect([...ran].sort()).toEqual([1, 2, 3, 4, 5])

  const second = await backfill(...args)
  expect(second.code).toBe(1)
  expect(second.err).toContain('0 to start, 0 under way, 5 ended before')
  expect(second.out).toMatch(/n=3 .* Failed .* 3 is broken/)
  expect(await runsOf(key)).toHaveLength(5)

  broken.clear()
  const third = await backfill(...args, '--retry-failed', '--json')
  expect(third.code).toBe(0)
  expect(ran.slice(5)).toEqual([3])
  expect(await runsOf(key)).toHaveLength(6)
})

test('Ctrl-C leaves what runs running, and the same command goes on with it', async () => {
  gate = new Promise((resolve) => {
    release = resolve
  })
  const args = [
    'count',
    '--each',
    'n=[1,2,3,4,5]',
    '--param',
    'round=two',
    '--parallel',
    '2',
    '--key',
    'stopped',
  ]
  const first = start(...args)
  await waitUntil('two runs', () => at.now === 2)
  first.child.kill('SIGINT')
  expect(await first.ended).toMatchObject({
    code: 130,
    out: expect.stringMatching(/Not started/),
    err: expect.stringMatching(/go on without this command; the same command goes on with backfill stopped/),
  })
  expect(at.now).toBe(2)
  expect(await runsOf('stopped')).toHaveLength(2)

  const second = start(...args, '--json')
  const third = start(...args, '--json')
  release()
  for (const { code, out } of await Promise.all([second.ended, third.ended])) {
    expect(code).toBe(0)
    expect(states(out)).toEqual(Array(5).fill('Completed'))
  }
  // Two at the same time are still one backfill.
  expect(await runsOf('stopped')).toHaveLength(5)
  expect([...ran].sort()).toEqual([1, 2, 3, 4, 5])
})

test('wrong values and names start nothing', async () => {
  const [bad, unknown] = await Promise.all([
    backfill('count', '--each', 'n=1,two', '--key', 'wrong'),
    backfill('nowhere', '--each', 'n=1', '--key', 'wrong'),
  ])
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('nowhere') })
  // The command does not know the flow of the tests, but its schema was registered with it.
  expect(bad).toMatchObject({ code: 2, err: expect.stringContaining('n = two') })
  expect(await runsOf('wrong')).toEqual([])
})

test('a backfill goes on when the server was away for a while', async () => {
  const settings = prefectSettings({ PREFECT_API_URL: prefect.apiUrl }) as PrefectSettings
  const own = createPrefectBackend({ settings, namespaceTag: 'erddap-harvester:tests' })
  const engine = backfillEngine({
    orchestrator: prefectOrchestrator({
      backend: own,
      namespace: 'tests',
      declaration: { deployments: [], pools: [], tagLimits: {} },
    }),
    namespace: 'tests',
    flows: [count],
    sources: [],
    limit: 1,
  })
  const events: string[] = []
  let restarted: Promise<void> | null = null
  const options: BackfillOptions = {
    engine,
    plan: planBackfill({
      target: await engine.target('count'),
      each: [parseEach('n=1,2,3')],
      params: [],
      key: 'away',
    }),
    parallel: 1,
    retryFailed: false,
    stopOnFailure: false,
    signal: new AbortController().signal,
    pollMs: 300,
    onEvent(event) {
      events.push(event.type)
      if (event.type === 'changed') restarted ??= prefect.restart()
    },
  }
  const result = await runBackfill(options)
  await restarted
  await engine.close()
  await own.close()
  expect(result.problem).toBeNull()
  expect(result.rows.map(({ run }) => run?.state.type)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED'])
  expect(events).toEqual(expect.arrayContaining(['away', 'back']))
  expect(await runsOf('away')).toHaveLength(3)
})
