import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createPrefectBackend,
  flowRegistry,
  nextTimes,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
  startWorker,
  triggerDeployment,
  type Worker,
  type WorkerOptions,
} from '../../src/runs/index.ts'
import { type PrefectServer, prefectBin, prefectEnvironment, waitUntil } from '../support/prefect.ts'
import {
  deployments,
  flows,
  harvestPool,
  maintenancePool,
  slow,
  source,
  spec,
  stranger,
} from '../support/prefect-flows.ts'
import { startWorkerProcess } from '../support/prefect-worker-process.ts'
import { root } from '../support/program.ts'
import { startSharedPrefect } from '../support/shared.ts'

const run = promisify(execFile)
const pools = [
  { name: harvestPool, concurrencyLimit: null },
  { name: maintenancePool, concurrencyLimit: null },
]
const registration = { namespace: 'tests', pools, deployments, tagLimits: { database: 1 } }

let server: PrefectServer
let settings: PrefectSettings
let backend: PrefectBackend
let folder: string
let problems: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orchestration-test-'))
  // A run that met a limit asks again after half a minute otherwise.
  server = await startSharedPrefect({ PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS: '5' })
  settings = prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings
  backend = createPrefectBackend({
    settings,
    namespaceTag: 'erddap-harvester:tests',
    onProblem: (text, facts) => problems.push(`${text} ${JSON.stringify(facts)}`),
  })
  await registerDeployments(backend, registration)
})

afterAll(async () => {
  await backend?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function withWorker<T>(
  work: (worker: Worker) => Promise<T>,
  more: Partial<WorkerOptions> = {},
): Promise<T> {
  problems = []
  const worker = await startWorker({
    backend: createPrefectBackend({
      settings,
      namespaceTag: 'erddap-harvester:tests',
      onProblem: (text, facts) => problems.push(`${text} ${JSON.stringify(facts)}`),
    }),
    flows: flowRegistry(flows),
    pools: pools.map((pool) => pool.name),
    limit: 4,
    name: null,
    slotFolder: folder,
    registration: null,
    graceSeconds: 1,
    pollMs: 500,
    onProblem: (text, facts) => problems.push(`${text} ${JSON.stringify(facts)}`),
    ...more,
  })
  try {
    return await work(worker)
  } finally {
    await worker.stop()
  }
}

/** The state of a run as `Name: message (run count)`. */
async function stateOf(id: string): Promise<string> {
  const found = await backend.readRun(id)
  return found ? `${found.state.name}: ${found.state.message} (${found.runCount})` : 'none'
}

async function ended(id: string, timeoutMs = 240_000): Promise<string> {
  await waitUntil(`the end of ${id}`, async () => (await backend.readRun(id))?.endedAt != null, timeoutMs)
  return stateOf(id)
}

async function running(id: string): Promise<void> {
  await waitUntil(`run ${id} to run`, async () => (await backend.readRun(id))?.state.type === 'RUNNING')
}

/** As a person does in the UI. */
async function setStateByHand(id: string, type: 'CANCELLING' | 'SCHEDULED', name: string): Promise<void> {
  await backend.client.normal.POST('/flow_runs/{id}/set_state', {
    params: { path: { id } },
    body: { state: { type, name }, force: false },
  })
}

async function deployment(name: string) {
  const { id } = await backend.findDeployment(name)
  const { data } = await backend.client.normal.GET('/deployments/{id}', { params: { path: { id } } })
  if (!data) throw new Error(`no deployment ${name}`)
  return data
}

async function logOf(id: string): Promise<string[]> {
  const { data } = await backend.client.normal.POST('/logs/filter', {
    body: {
      logs: { operator: 'and_', flow_run_id: { any_: [id] } },
      sort: 'TIMESTAMP_ASC',
      limit: 200,
      offset: 0,
    },
  })
  return (data ?? []).map((line) => line.message)
}

describe('registration', () => {
  it('gives pools of our type, deployments with schema, limit and schedule, and the limit of the database', async () => {
    const { data: pool } = await backend.client.normal.GET('/work_pools/{name}', {
      params: { path: { name: harvestPool } },
    })
    expect(pool?.type).toBe('erddap-harvester')
    const one = await deployment('slow-one')
    expect((one.global_concurrency_limit as { limit?: number } | null)?.limit).toBe(1)
    const every = await deployment('every-minute')
    expect(every.schedules?.map((item) => [item.slug, item.active])).toEqual([['cron', true]])
    expect(every.tags).toContain('erddap-harvester:tests')
    expect(every.parameter_openapi_schema).toMatchObject({
      properties: { n: { type: 'integer', default: 3 } },
    })
    const { data: limit } = await backend.client.normal.GET('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: 'tag:database' } },
    })
    expect(limit?.limit).toBe(1)
  })

  it('changes nothing the second time, also when several do it at once', async () => {
    const reports = await Promise.all([1, 2, 3].map(() => registerDeployments(backend, registration)))
    for (const report of reports) {
      expect(report.unchanged).toHaveLength(deployments.length)
      expect([...report.created, ...report.updated, ...report.paused]).toEqual([])
    }
  })

  it('keeps a pause made in the UI, takes a schedule away, and pauses what vanished until it returns', async () => {
    const more = [
      ...deployments,
      spec('temporary', slow, { schedule: { cron: '0 5 * * *', timezone: 'Europe/Rome' } }),
    ]
    const register = (list: typeof more) =>
      registerDeployments(backend, { ...registration, deployments: list })
    expect((await register(more)).created).toEqual(['temporary'])
    const { id, schedules } = await deployment('temporary')
    await backend.client.normal.PATCH('/deployments/{id}/schedules/{schedule_id}', {
      params: { path: { id, schedule_id: schedules?.[0]?.id as string } },
      body: { active: false },
    })
    await register([...deployments, { ...more.at(-1)!, description: 'changed' }])
    expect((await deployment('temporary')).schedules?.map((item) => item.active)).toEqual([false])
    await register([...deployments, { ...more.at(-1)!, schedule: null }])
    expect((await deployment('temporary')).schedules).toEqual([])

    expect((await register(deployments)).paused).toEqual(['temporary'])
    expect((await deployment('temporary')).paused).toBe(true)
    await register(more)
    expect((await deployment('temporary')).paused).toBe(false)
    const pruned = await registerDeployments(backend, { ...registration, prune: true })
    expect(pruned.deleted).toEqual(['temporary'])
  })

  it('keeps a schedule that a person added', async () => {
    const { id } = await deployment('slow')
    await backend.client.normal.POST('/deployments/{id}/schedules', {
      params: { path: { id } },
      body: [{ active: true, schedule: { cron: '30 2 * * *', timezone: 'UTC' }, slug: 'by-hand' }],
    })
    const register = (description: string) =>
      registerDeployments(backend, {
        ...registration,
        deployments: deployments.map((one) => (one.name === 'slow' ? { ...one, description } : one)),
      })
    expect((await register('changed')).updated).toEqual(['slow'])
    expect((await deployment('slow')).schedules?.map(({ slug }) => slug)).toEqual(['by-hand'])
    expect((await register('changed')).updated).toEqual([])
    await register('A deployment of the tests')
  })

  it('refuses a pool of another type that has our name', async () => {
    await backend.client.normal.POST('/work_pools/', { body: { name: 'taken', type: 'process' } })
    await expect(
      registerDeployments(backend, {
        ...registration,
        pools: [{ name: 'taken', concurrencyLimit: null }],
        deployments: [],
      }),
    ).rejects.toMatchObject({ code: 'PREFECT_REFUSED', message: expect.stringContaining('type process') })
  })

  it('puts one run a deploy into the queue, however many workers start', async () => {
    const runOnDeploy = { deployment: 'source', key: 'deploy-1', parameters: { n: 1 } }
    const start = () => withWorker(async () => {}, { registration, runOnDeploy })
    await Promise.all([start(), start()])
    await start()
    const { data } = await backend.client.normal.POST('/flow_runs/filter', {
      body: {
        flow_runs: { operator: 'and_', idempotency_key: { any_: ['run-on-deploy:tests:deploy-1'] } },
        sort: 'ID_DESC',
        limit: 10,
        offset: 0,
      },
    })
    expect(data).toHaveLength(1)
    await withWorker(() => ended(data?.[0]?.id as string))
  })
})

describe('a run', () => {
  it('completes with its tasks in the graph, its log, artifacts, name and worker', async () => {
    await withWorker(async (worker) => {
      const { id } = await triggerDeployment(backend, 'Test Source/source', { n: 5 })
      expect(await ended(id)).toBe('Completed: 5 harvested (1)')
      const { data: wire } = await backend.client.normal.GET('/flow_runs/{id}', { params: { path: { id } } })
      expect(wire?.name).toBe('source-5')
      expect(wire?.labels).toMatchObject({ 'prefect.worker.name': worker.name })
      await waitUntil('the graph', async () => {
        const nodes = await graph(id)
        return nodes.length === 5 && nodes.every((node) => node.includes('COMPLETED'))
      })
      expect(await graph(id)).toEqual([
        'fetch-ckan COMPLETED after ',
        'harvest-datasets COMPLETED after fetch-ckan, list-datasets',
        'list-datasets COMPLETED after ',
        'load COMPLETED after merge-and-write',
        'merge-and-write COMPLETED after harvest-datasets',
      ])
      expect((await logOf(id)).filter((line) => line.startsWith('harvested'))).toHaveLength(5)
      const { data: artifacts } = await backend.client.normal.POST('/artifacts/filter', {
        body: {
          artifacts: { operator: 'and_', flow_run_id: { any_: [id] } },
          sort: 'KEY_ASC',
          limit: 10,
          offset: 0,
        },
      })
      expect(artifacts?.map((item) => [item.key, item.type, item.data])).toEqual([
        ['harvest-dataset-status-test', 'table', '[{"dataset_id":"a","status":"success"}]'],
        ['harvest-progress-test', 'progress', 100],
      ])
      expect(problems).toEqual([])
    })
  })

  it('is refused when its parameters do not follow the schema', async () => {
    await expect(triggerDeployment(backend, 'source', { n: 'x' })).rejects.toMatchObject({
      code: 'PARAMETERS_INVALID',
      message: expect.stringContaining("'x' is not of type 'integer'"),
    })
    await expect(triggerDeployment(backend, 'nowhere', {})).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('that is cancelled while a request hangs is settled in under 2 s, its task too', async () => {
    const asked: Server = createServer(() => {})
    await new Promise<void>((done) => asked.listen(0, '127.0.0.1', done))
    const { port } = asked.address() as { port: number }
    let connected = false
    asked.on('request', () => {
      connected = true
    })
    try {
      await withWorker(async () => {
        // The quickest of three: a busy machine may be slow, the program is not each time.
        let quickest = Number.POSITIVE_INFINITY
        let id = ''
        for (let turn = 0; turn < 3 && quickest >= 2000; turn++) {
          connected = false
          id = (await triggerDeployment(backend, 'hang', { url: `http://127.0.0.1:${port}/` })).id
          await waitUntil('the request', () => connected)
          const before = Date.now()
          await setStateByHand(id, 'CANCELLING', 'Cancelling')
          expect(await ended(id)).toBe('Cancelled: Flow run was cancelled successfully. (1)')
          quickest = Math.min(quickest, Date.now() - before)
        }
        expect(quickest).toBeLessThan(2000)
        await waitUntil('the task', async () => (await graph(id))[0] === 'ask CANCELLED after ')
      })
    } finally {
      asked.closeAllConnections()
      asked.close()
    }
  })

  it('that is cancelled before it started never starts', async () => {
    const { id } = await triggerDeployment(backend, 'slow', {})
    await backend.cancelRun(id)
    expect(await stateOf(id)).toMatch(/^Cancelled/)
  })

  it('that fails is retried by this process as often as the flow says', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(backend, 'flaky', {})
      expect(await ended(id)).toBe('Completed: attempt 2 (2)')
      await waitUntil('both tasks', async () => (await graph(id)).length === 2)
    })
  })

  it('that fails by its counts is not retried', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(backend, 'counts', {})
      expect(await ended(id)).toBe('Failed: 3 of 4 failed (1)')
    })
  })

  it('that ended runs again when somebody presses Retry, and keeps the tasks of both attempts', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(backend, 'source', { n: 2 })
      await ended(id)
      await waitUntil('the tasks', async () => (await graph(id)).length === 5)
      await setStateByHand(id, 'SCHEDULED', 'AwaitingRetry')
      await waitUntil('the second attempt', async () => (await stateOf(id)) === 'Completed: 2 harvested (2)')
      await waitUntil('the tasks of both attempts', async () => (await graph(id)).length === 10)
    })
  })

  it('waits in the queue while its deployment is at its limit', async () => {
    await withWorker(async () => {
      // Long enough for any machine; ended as soon as the second was seen to wait.
      const first = await triggerDeployment(backend, 'slow-one', { seconds: 120 })
      await running(first.id)
      const second = await triggerDeployment(backend, 'slow-one', { seconds: 0 })
      await waitUntil('the second to queue', async () =>
        (await stateOf(second.id)).startsWith('AwaitingConcurrencySlot'),
      )
      await backend.cancelRun(first.id)
      expect(await ended(first.id)).toMatch(/^Cancelled/)
      expect(await ended(second.id)).toMatch(/^Completed/)
    })
  })

  it('that says and shows far too much completes all the same', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(backend, 'noisy', { lines: 100_000 })
      expect(await ended(id)).toBe('Completed: said all (1)')
      const { data: artifacts } = await backend.client.normal.POST('/artifacts/filter', {
        body: {
          artifacts: { operator: 'and_', flow_run_id: { any_: [id] } },
          sort: 'KEY_ASC',
          limit: 10,
          offset: 0,
        },
      })
      expect(artifacts?.map((item) => item.key)).toEqual(['too-big', 'too-long'])
      expect(artifacts?.[1]?.description).toMatch(/^rows – \d+ of 50000 shown$/)
      const [, , first] = await logOf(id)
      // One value of a line is cut to what people read, whoever wrote it.
      expect(first).toMatch(/^x{4095}…$/)
    })
  })

  it('of a flow that the worker does not know is left alone, and said so', async () => {
    await registerDeployments(backend, {
      ...registration,
      deployments: [...deployments, spec('stranger', stranger)],
    })
    const { id } = await triggerDeployment(backend, 'stranger', {})
    await withWorker(async () => {
      const other = await triggerDeployment(backend, 'source', { n: 1 })
      await ended(other.id)
      await waitUntil('the complaint', () => problems.some((line) => line.includes('Test Stranger')))
      expect(await stateOf(id)).toMatch(/^(Scheduled|Late)/)
    })
    await backend.cancelRun(id)
    await registerDeployments(backend, { ...registration, prune: true })
  })
})

describe('a parent', () => {
  it('and its children finish on one worker with a limit of one; the children hang in its graph', async () => {
    await withWorker(
      async () => {
        const { id } = await triggerDeployment(backend, 'parent', { children: ['source', 'flaky', 'counts'] })
        expect(await ended(id)).toBe('Failed: 1 of 3 failed: counts Failed (1)')
        const nodes = await graph(id)
        expect(nodes.map((node) => node.split(' ').slice(0, 3).join(' '))).toEqual([
          'Test Counts /',
          'Test Flaky /',
          'Test Source /',
        ])
      },
      { limit: 1 },
    )
  })

  it('that is cancelled cancels its children', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(backend, 'parent', { children: ['slow-long'] })
      let child = ''
      await waitUntil('the child', async () => {
        const { data } = await backend.client.normal.POST('/flow_runs/filter', {
          body: {
            flow_runs: { operator: 'and_', parent_flow_run_id: { operator: 'and_', any_: [id] } },
            sort: 'ID_DESC',
            limit: 10,
            offset: 0,
          },
        })
        child = data?.[0]?.id ?? ''
        return child !== ''
      })
      await setStateByHand(id, 'CANCELLING', 'Cancelling')
      expect(await ended(id, 45_000)).toMatch(/^Cancelled/)
      expect(await ended(child, 45_000)).toMatch(/^Cancelled/)
    })
  })
})

describe('a worker', () => {
  it('that stops gives its runs back, and the next one completes them; it is gone from the list', async () => {
    const { id } = await triggerDeployment(backend, 'slow', { seconds: 3 })
    await withWorker(() => running(id), { graceSeconds: 0 })
    expect(await stateOf(id)).toMatch(/^Scheduled/)
    const { data: workers } = await backend.client.normal.POST(
      '/work_pools/{work_pool_name}/workers/filter',
      {
        params: { path: { work_pool_name: harvestPool } },
        body: { limit: 50, offset: 0 },
      },
    )
    expect(workers?.map((worker) => worker.name)).toEqual([])
    await withWorker(async () => {
      expect(await ended(id)).toBe('Completed: attempt 2 (2)')
    })
  })

  it('crashes them instead when told so', async () => {
    const { id } = await triggerDeployment(backend, 'slow', { seconds: 30 })
    await withWorker(() => running(id), { graceSeconds: 0, onStop: 'crash' })
    expect(await stateOf(id)).toBe('Crashed: The worker was stopped before the run had ended (1)')
  })

  it('refuses the name of one that lives, and harms none of its runs', async () => {
    await withWorker(
      async () => {
        const { id } = await triggerDeployment(backend, 'slow', { seconds: 3 })
        await running(id)
        await expect(withWorker(async () => {}, { name: 'same' })).rejects.toMatchObject({
          code: 'USAGE',
          message: expect.stringContaining('A worker named same lives already: on '),
        })
        expect(await ended(id)).toBe('Completed: attempt 1 (1)')
      },
      { name: 'same' },
    )
    await withWorker(async () => {}, { name: 'same' })
  })

  it('gives up a run that is paused, and goes on with it when it is resumed', async () => {
    await withWorker(async () => {
      for (const name of ['Paused', 'Suspended']) {
        const { id } = await triggerDeployment(backend, 'slow', { seconds: 3 })
        await running(id)
        await backend.client.normal.POST('/flow_runs/{id}/set_state', {
          params: { path: { id } },
          body: { state: { type: 'PAUSED', name }, force: true },
        })
        await waitUntil('the task to end', async () => (await graph(id))[0] === 'wait CANCELLED after ')
        expect(await stateOf(id)).toMatch(/^Suspended/)
        await backend.client.normal.POST('/flow_runs/{id}/resume', { params: { path: { id } }, body: {} })
        expect(await ended(id)).toMatch(/^Completed: attempt 2 /)
      }
    })
  })

  it('leaves a run as a person ended it, and ends one that was deleted', async () => {
    await withWorker(async (worker) => {
      const failed = await triggerDeployment(backend, 'slow', { seconds: 60 })
      const deleted = await triggerDeployment(backend, 'slow', { seconds: 60 })
      await running(failed.id)
      await running(deleted.id)
      await backend.client.normal.POST('/flow_runs/{id}/set_state', {
        params: { path: { id: failed.id } },
        body: { state: { type: 'FAILED', name: 'Failed', message: 'by hand' }, force: true },
      })
      await fetch(`${server.apiUrl}/flow_runs/${deleted.id}`, { method: 'DELETE' })
      await waitUntil('both to end here', () => worker.running === 0)
      expect(await stateOf(failed.id)).toBe('Failed: by hand (1)')
      expect(await stateOf(deleted.id)).toBe('none')
      expect(problems).toEqual([])
    })
  })

  it('passes more runs of a flow that it does not know than a page holds', async () => {
    await registerDeployments(backend, {
      ...registration,
      deployments: [...deployments, spec('stranger', stranger)],
    })
    for (let n = 0; n < 25; n++) await triggerDeployment(backend, 'stranger', {})
    await withWorker(async () => {
      const { id } = await triggerDeployment(backend, 'source', { n: 1 })
      expect(await ended(id)).toMatch(/^Completed/)
    })
    await registerDeployments(backend, { ...registration, prune: true })
  })

  it('that was killed has its run settled at its next start', async () => {
    const options = { TEST_SLOTS: folder, TEST_WORKER: 'killed' }
    const worker = await startWorkerProcess(server.apiUrl, options)
    const { id } = await triggerDeployment(backend, 'slow', { seconds: 60 })
    await running(id)
    await worker.kill('SIGKILL')
    const next = await startWorkerProcess(server.apiUrl, options)
    expect(await stateOf(id)).toBe(
      `Crashed: Worker killed ended before the run did; \`harvester runs retry ${id.slice(0, 8)}\` goes on where it stopped (1)`,
    )
    await next.kill('SIGTERM')
  })

  it('shares 50 runs with another one, and each run runs once', async () => {
    const workers = await Promise.all(
      ['one', 'two'].map((name) =>
        startWorkerProcess(server.apiUrl, { TEST_WORKER: name, TEST_SLOTS: folder }),
      ),
    )
    const runs = await Promise.all(
      Array.from({ length: 50 }, (_, n) => triggerDeployment(backend, 'source', { n })),
    )
    for (const { id } of runs) expect(await ended(id)).toMatch(/^Completed: \d+ harvested \(1\)$/)
    // Other runs may fall due meanwhile: only ours are counted.
    const ours = new Set(runs.map(({ id }) => id))
    const count = (text: string) =>
      [...text.matchAll(/LOG (\S+) Completed:/g)].filter(([, id]) => ours.has(id as string)).length
    await waitUntil(
      'all lines',
      () => workers.reduce((sum, worker) => sum + count(worker.output()), 0) >= 50,
      5000,
    )
    expect(workers.map((worker) => count(worker.output())).reduce((a, b) => a + b)).toBe(50)
    for (const worker of workers) expect(count(worker.output())).toBeGreaterThan(0)
    await Promise.all(workers.map((worker) => worker.kill('SIGTERM')))
  })

  it('goes on with a run while the server is killed and started again', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(backend, 'slow', { seconds: 4 })
      await running(id)
      await server.kill()
      await server.restart()
      expect(await ended(id)).toBe('Completed: attempt 1 (1)')
      await waitUntil('the log', async () => (await logOf(id)).includes('waiting ends'))
      await waitUntil('the task', async () => (await graph(id))[0] === 'wait COMPLETED after ')
    })
  })
})

describe('with others', () => {
  it('a Python client waits on our flow and sees it Completed', async () => {
    await withWorker(async () => {
      const script = [
        'from prefect.deployments import run_deployment',
        'run = run_deployment("Test Source/source", parameters={"n": 4}, timeout=60, poll_interval=1)',
        'print(run.state.type.value, run.state.message)',
      ].join('\n')
      const python = join(prefectBin(), '../python')
      const { stdout } = await run(python, ['-c', script], {
        env: prefectEnvironment(folder, { PREFECT_API_URL: server.apiUrl }),
      })
      expect(stdout.trim().split('\n').at(-1)).toBe('COMPLETED 4 harvested')
    })
  })

  it('a browser shows the page of a run with its tasks', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(backend, 'source', { n: 3 })
      await ended(id)
      await waitUntil('the tasks', async () => (await graph(id)).length === 5)
      const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox'],
      })
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
        await page.goto(`${server.apiUrl.replace(/\/api$/, '')}/runs/flow-run/${id}`)
        await page.getByText('source-3').first().waitFor()
        await page.getByText('Completed').first().waitFor()
        await page.getByText('Task Runs').first().click()
        // The hidden list of logs names tasks too.
        for (const name of ['list-datasets', 'fetch-ckan', 'harvest-datasets', 'merge-and-write', 'load'])
          await page.getByText(name, { exact: true }).filter({ visible: true }).first().waitFor()
        mkdirSync('test-results', { recursive: true })
        const picture = await page.screenshot({ path: 'test-results/prefect-run.png' })
        expect(picture.length).toBeGreaterThan(20_000)
      } finally {
        await browser.close()
      }
    })
  })

  it('both back ends read a schedule alike, for the next 100 times', async () => {
    const schedules = [
      ['0 5 * * *', 'Europe/Rome'],
      ['*/20 6-18/3 * * MON-FRI', 'America/Halifax'],
      ['15 2 1,15 JAN-JUN 1', 'UTC'],
      ['30 3 * * 0', 'America/St_Johns'],
      ['0 0 29 2 *', 'UTC'],
      ['5 4 * * 7', 'Asia/Kathmandu'],
    ] as const
    const from = new Date('2026-11-21T09:30:00Z')
    const script = `
import asyncio, json, sys, datetime
from prefect.server.schemas.schedules import CronSchedule
async def main():
    out = []
    for cron, tz in json.loads(sys.argv[1]):
        s = CronSchedule(cron=cron, timezone=tz)
        dates = await s.get_dates(n=100, start=datetime.datetime(2026, 11, 21, 9, 30, 1, tzinfo=datetime.timezone.utc))
        out.append([int(d.timestamp()) for d in dates])
    print(json.dumps(out))
asyncio.run(main())`
    const { stdout } = await run(join(prefectBin(), '../python'), ['-c', script, JSON.stringify(schedules)], {
      env: prefectEnvironment(folder),
    })
    const theirs = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as number[][]
    for (const [index, [cron, timezone]] of schedules.entries()) {
      const ours = nextTimes(cron, timezone, theirs[index]?.length ?? 0, from).map(
        (date) => date.getTime() / 1000,
      )
      expect(ours, `${cron} ${timezone}`).toEqual(theirs[index])
      expect(ours.length).toBeGreaterThan(20)
    }
  })

  it('the committed types are those of this server', async () => {
    const target = join(folder, 'api.generated.ts')
    const tool = join(root, 'tools/prefect-types')
    await run(process.execPath, ['generate.mjs', `${server.apiUrl}/openapi.json`, target], { cwd: tool })
    const committed = new URL('../../src/runs/prefect/api.generated.ts', import.meta.url)
    expect(readFileSync(target, 'utf8')).toBe(readFileSync(committed, 'utf8'))
  })

  it('a run that the server scheduled by cron was really run', async () => {
    await withWorker(async () => {
      const every = await deployment('every-minute')
      await waitUntil('a scheduled run', async () => {
        const { data } = await backend.client.normal.POST('/flow_runs/filter', {
          body: {
            flow_runs: {
              operator: 'and_',
              deployment_id: { operator: 'and_', any_: [every.id] },
              state: { operator: 'and_', type: { any_: ['COMPLETED'] } },
            },
            sort: 'ID_DESC',
            limit: 10,
            offset: 0,
          },
        })
        return (data ?? []).some((item) => item.auto_scheduled)
      })
    })
  })
})

describe('a server with login and CSRF protection', () => {
  beforeAll(async () => {
    await server.restart({
      PREFECT_SERVER_API_AUTH_STRING: 'admin:s3cret',
      PREFECT_SERVER_CSRF_PROTECTION_ENABLED: 'true',
    })
  })

  it('is spoken to with the auth string', async () => {
    const open = prefectSettings({ PREFECT_API_URL: server.apiUrl, PREFECT_API_AUTH_STRING: 'admin:s3cret' })
    const other = createPrefectBackend({ settings: open as PrefectSettings })
    const worker = await startWorker({
      backend: other,
      flows: flowRegistry(flows),
      pools: [harvestPool],
      name: null,
      slotFolder: folder,
      registration,
      graceSeconds: 1,
      pollMs: 500,
    })
    const { id } = await triggerDeployment(other, 'source', { n: 1 })
    await waitUntil('the run', async () => (await other.readRun(id))?.state.type === 'COMPLETED')
    await worker.stop()
    await other.close()
  })

  it('refuses a wrong one, and a missing one, at once and in words', async () => {
    for (const auth of ['admin:wrong', '']) {
      const wrong = prefectSettings({ PREFECT_API_URL: server.apiUrl, PREFECT_API_AUTH_STRING: auth })
      const other = createPrefectBackend({ settings: wrong as PrefectSettings })
      await expect(
        startWorker({
          backend: other,
          flows: flowRegistry([source as never]),
          pools: [harvestPool],
          name: 'x',
          slotFolder: folder,
          registration: null,
        }),
      ).rejects.toMatchObject({
        code: 'PREFECT_REFUSED',
        message: expect.stringContaining('refuses the login'),
        remedy: expect.stringContaining('PREFECT_API_AUTH_STRING'),
      })
      await other.close()
    }
  })
})

/** The graph as the UI draws it: `label STATE after parents`, by label. */
async function graph(id: string): Promise<string[]> {
  const { data } = await backend.client.normal.GET('/flow_runs/{id}/graph-v2', { params: { path: { id } } })
  const nodes = (data?.nodes ?? []) as [
    string,
    { label: string; state_type: string; parents: { id: string }[] },
  ][]
  const labels = new Map(nodes.map(([node, { label }]) => [node, label]))
  return nodes
    .map(
      ([, node]) =>
        // The server names a parent that has two parents of its own twice.
        `${node.label} ${node.state_type} after ${[...new Set(node.parents.map((at) => labels.get(at.id)))].sort().join(', ')}`,
    )
    .sort()
}
