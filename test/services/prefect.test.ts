import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createPrefectBackend,
  flowRegistry,
  nextTimes,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
  startWorker,
  triggerDeployment,
} from '../../src/runs/index.ts'
import { prefectBin, prefectEnvironment, waitUntil } from '../support/prefect.ts'
import { deployments, flows, harvestPool, slow, source, spec } from '../support/prefect-flows.ts'
import {
  deployment,
  ended,
  graph,
  onPrefect,
  registration,
  stage,
  withWorker,
} from '../support/prefect-stage.ts'
import { root } from '../support/program.ts'

const run = promisify(execFile)

onPrefect()

describe('registration', () => {
  it('gives pools of our type, deployments with schema, limit and schedule, and the limit of the database', async () => {
    const { data: pool } = await stage.backend.client.normal.GET('/work_pools/{name}', {
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
    const { data: limit } = await stage.backend.client.normal.GET('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: 'tag:database' } },
    })
    expect(limit?.limit).toBe(1)
  })

  it('changes nothing the second time, also when several do it at once', async () => {
    const reports = await Promise.all([1, 2, 3].map(() => registerDeployments(stage.backend, registration)))
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
      registerDeployments(stage.backend, { ...registration, deployments: list })
    expect((await register(more)).created).toEqual(['temporary'])
    const { id, schedules } = await deployment('temporary')
    await stage.backend.client.normal.PATCH('/deployments/{id}/schedules/{schedule_id}', {
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
    const pruned = await registerDeployments(stage.backend, { ...registration, prune: true })
    expect(pruned.deleted).toEqual(['temporary'])
  })

  it('keeps a schedule that a person added', async () => {
    const { id } = await deployment('slow')
    await stage.backend.client.normal.POST('/deployments/{id}/schedules', {
      params: { path: { id } },
      body: [{ active: true, schedule: { cron: '30 2 * * *', timezone: 'UTC' }, slug: 'by-hand' }],
    })
    const register = (description: string) =>
      registerDeployments(stage.backend, {
        ...registration,
        deployments: deployments.map((one) => (one.name === 'slow' ? { ...one, description } : one)),
      })
    expect((await register('changed')).updated).toEqual(['slow'])
    expect((await deployment('slow')).schedules?.map(({ slug }) => slug)).toEqual(['by-hand'])
    expect((await register('changed')).updated).toEqual([])
    await register('A deployment of the tests')
  })

  it('refuses a pool of another type that has our name', async () => {
    await stage.backend.client.normal.POST('/work_pools/', { body: { name: 'taken', type: 'process' } })
    await expect(
      registerDeployments(stage.backend, {
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
    const { data } = await stage.backend.client.normal.POST('/flow_runs/filter', {
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
        env: prefectEnvironment(stage.folder, { PREFECT_API_URL: stage.server.apiUrl }),
      })
      expect(stdout.trim().split('\n').at(-1)).toBe('COMPLETED 4 harvested')
    })
  })

  it('a browser shows the page of a run with its tasks', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(stage.backend, 'source', { n: 3 })
      await ended(id)
      await waitUntil('the tasks', async () => (await graph(id)).length === 5)
      const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox'],
      })
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
        await page.goto(`${stage.server.apiUrl.replace(/\/api$/, '')}/runs/flow-run/${id}`)
        await page.getByText('source-3').first().waitFor()
        await page.getByText('Completed').first().waitFor()
        await page.getByText('Task Runs', { exact: true }).first().click()
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
      env: prefectEnvironment(stage.folder),
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
    const target = join(stage.folder, 'api.generated.ts')
    const tool = join(root, 'tools/prefect-types')
    await run(process.execPath, ['generate.mjs', `${stage.server.apiUrl}/openapi.json`, target], {
      cwd: tool,
    })
    const committed = new URL('../../src/runs/prefect/api.generated.ts', import.meta.url)
    expect(readFileSync(target, 'utf8')).toBe(readFileSync(committed, 'utf8'))
  })

  it('a run that the server scheduled by cron was really run', async () => {
    await withWorker(async () => {
      const every = await deployment('every-minute')
      await waitUntil('a scheduled run', async () => {
        const { data } = await stage.backend.client.normal.POST('/flow_runs/filter', {
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
    await stage.server.restart({
      PREFECT_SERVER_API_AUTH_STRING: 'admin:s3cret',
      PREFECT_SERVER_CSRF_PROTECTION_ENABLED: 'true',
    })
  })

  it('is spoken to with the auth string', async () => {
    const open = prefectSettings({
      PREFECT_API_URL: stage.server.apiUrl,
      PREFECT_API_AUTH_STRING: 'admin:s3cret',
    })
    const other = createPrefectBackend({ settings: open as PrefectSettings })
    const worker = await startWorker({
      backend: other,
      flows: flowRegistry(flows),
      pools: [harvestPool],
      name: null,
      slotFolder: stage.folder,
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
      const wrong = prefectSettings({ PREFECT_API_URL: stage.server.apiUrl, PREFECT_API_AUTH_STRING: auth })
      const other = createPrefectBackend({ settings: wrong as PrefectSettings })
      await expect(
        startWorker({
          backend: other,
          flows: flowRegistry([source as never]),
          pools: [harvestPool],
          name: 'x',
          slotFolder: stage.folder,
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
