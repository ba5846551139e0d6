import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { flushRedis } from '../../src/flows/after-success/flush-redis.ts'
import { refreshViews } from '../../src/flows/after-success/refresh-views.ts'
import { isTransientFailure } from '../../src/flows/after-success/step.ts'
import { type HarvestAllServices, harvestAllFlow } from '../../src/flows/harvest-all.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { addAttempts, finishRun, startRun } from '../../src/inventory/audit.ts'
import {
  type AnyFlow,
  completed,
  createPrefectBackend,
  failed,
  flow,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  type RunLog,
  startWorker,
  task,
  triggerDeployment,
  type Worker,
} from '../../src/runs/index.ts'
import { freePort, type PrefectServer, waitUntil } from '../support/prefect.ts'
import { spec } from '../support/prefect-flows.ts'
import { graphOf, logLinesOf } from '../support/prefect-run.ts'
import { typescriptLoader } from '../support/program.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { type SharedPostgres, sharedPostgres, startSharedPrefect } from '../support/shared.ts'

const password = 'p@ss/word'
let folder: string
let redis: RedisServer
let postgres: SharedPostgres
let database: Database

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'harvester-after-success-'))
  redis = await startRedis(password)
  postgres = sharedPostgres()
  await postgres.createDatabase('cde')
  database = await postgres.open('cde')
  await migrate(database)
})
afterAll(async () => {
  await database?.close()
  await postgres?.stop()
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function logOf(lines: string[]): RunLog {
  const at = (_facts: unknown, text: string) => void lines.push(text)
  return { debug: at, info: at, warn: at, error: at }
}
const never = new AbortController().signal
const failure = (promise: Promise<void>) =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: Error & { remedy?: string }) => error,
  )

describe('a Redis after a harvest', () => {
  const flush = (url: string | undefined, lines: string[] = [], signal = never) =>
    flushRedis({ variables: { REDIS_URL: url } }, { log: logOf(lines), signal })

  it('loses the keys of the database that REDIS_URL names, and of no other', async () => {
    for (const key of ['a', 'b', 'c']) await redis.set(1, key)
    await redis.set(0, 'of somebody else')
    const lines: string[] = []
    await flush(redis.url(1), lines)
    expect([await redis.size(0), await redis.size(1)]).toEqual([1, 0])
    expect(lines).toEqual(['3 keys removed from Redis'])
  })

  it('is not tried again with a wrong password, which nobody gets to see', async () => {
    const error = await failure(flush(`redis://:wrong-secret@127.0.0.1:${redis.port}/1`))
    expect(error.message).toMatch(/^Redis could not be emptied: WRONGPASS/)
    expect(isTransientFailure(error)).toBe(false)
    expect(`${error.message} ${error.remedy}`).not.toContain('wrong-secret')
  })

  it('may be away for a while', async () => {
    const error = await failure(flush(`redis://127.0.0.1:${await freePort()}`))
    expect(error.message).toMatch(/^Redis could not be emptied: .*ECONNREFUSED/)
    expect(isTransientFailure(error)).toBe(true)
  })

  it('ends a cancelled run at once, though it does not answer', async () => {
    const silent = createTcpServer(() => {})
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    const controller = new AbortController()
    silent.once('connection', () => controller.abort(new Error('cancelled')))
    await expect(
      flush(`redis://127.0.0.1:${(silent.address() as AddressInfo).port}`, [], controller.signal),
    ).rejects.toThrow('cancelled')
    silent.close()
  })

  it('is missed where REDIS_URL is not set or is none', async () => {
    expect(await failure(flush(' '))).toMatchObject({ code: 'STEP_FAILED', message: 'REDIS_URL is not set' })
    const odd = await failure(flush('http://user:secret-word@redis/0'))
    expect(odd.message).toBe('REDIS_URL is not an address of a Redis database')
  })

  it('is spoken to by TLS with rediss://, and believed only with a certificate that is', async () => {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'server.key', '-out', 'server.pem'],
      ],
      { cwd: folder, stdio: 'ignore' },
    )
    const port = await freePort()
    const pem = join(folder, 'server.pem')
    const server = await startRedis(password, [
      ...['--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', pem],
      ...['--tls-cert-file', pem, '--tls-key-file', join(folder, 'server.key')],
    ])
    const url = server.url(0).replace(/^redis:(.*):\d+\//, `rediss:$1:${port}/`)
    try {
      await server.set(0, 'a')
      await expect(flush(url)).rejects.toThrow(/self-signed certificate/)
      expect(await server.size(0)).toBe(1)
      // Node reads the authorities once, when it starts.
      const script = `import { flushRedis } from ${JSON.stringify(new URL('../../src/flows/after-success/flush-redis.ts', import.meta.url))}
        const log = { info: (_, text) => console.log(text) }
        await flushRedis({ variables: process.env }, { log, signal: new AbortController().signal })`
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', typescriptLoader, '--input-type=module', '-e', script],
        { env: { ...process.env, REDIS_URL: url, NODE_EXTRA_CA_CERTS: pem } },
      )
      expect(stdout).toContain('1 key removed')
      expect(await server.size(0)).toBe(0)
    } finally {
      await server.stop()
    }
  })
})

describe('materialized views after a harvest', () => {
  beforeAll(async () => {
    await postgres.execute(
      'cde',
      `CREATE TABLE cde.readings (n int); INSERT INTO cde.readings VALUES (1);
       CREATE MATERIALIZED VIEW cde.indexed AS SELECT n FROM cde.readings;
       CREATE UNIQUE INDEX ON cde.indexed (n);
       CREATE MATERIALIZED VIEW cde.by_expression AS SELECT n FROM cde.readings;
       CREATE UNIQUE INDEX ON cde.by_expression ((n + 1));
       CREATE SCHEMA reports;
       CREATE MATERIALIZED VIEW reports."Mixed" AS SELECT n FROM cde.readings WITH NO DATA;
       INSERT INTO cde.readings VALUES (2)`,
    )
  })
  const refresh = async (...views: string[]) => {
    const lines: string[] = []
    await refreshViews(views, { database: async () => database }, { log: logOf(lines), signal: never })
    return lines
  }
  const count = async (view: string) =>
    (await database.query<{ n: number }>(`SELECT count(*) AS n FROM ${view}`)).rows[0]?.n

  it('hold what the tables hold', async () => {
    expect(await refresh('cde.indexed', 'by_expression', 'reports.Mixed', 'CDE.Indexed')).toEqual([
      'refreshed cde.indexed',
      'refreshed cde.by_expression',
      'refreshed reports."Mixed"',
      'refreshed cde.indexed',
    ])
    expect(await Promise.all(['cde.indexed', 'cde.by_expression', 'reports."Mixed"'].map(count))).toEqual([
      2, 2, 2,
    ])
  })

  it('keep nobody out who reads one with an index over whole rows', async () => {
    await database.session(async (session) => {
      await session.query('BEGIN')
      await session.query('SELECT * FROM cde.indexed')
      // The lock of a plain refresh would wait for this reader.
      await refresh('cde.indexed')
      await session.query('COMMIT')
    })
  })

  it('are named when they do not exist or are none', async () => {
    await expect(refresh('cde.indexed', 'cde.nowhere')).rejects.toThrow(
      'there is no materialized view cde.nowhere',
    )
    await expect(refresh('cde.readings')).rejects.toThrow(
      'cde.readings could not be refreshed: cde.readings is not a materialized view',
    )
  })
})

/** Stands for the harvest of a source: it writes the audit as a harvest does. */
const source = flow({
  name: 'Harvest Source',
  description: 'A source with a list of datasets.',
  parameters: z.object({
    triggered_by: z.string().nullable().default(null),
    errors: z.number().default(0),
    fails: z.boolean().default(false),
  }),
  runName: () => 'source',
  run: async ({ errors, fails }, run) => {
    await startRun(database, {
      runId: run.id,
      startedAt: run.startedAt,
      gitSha: null,
      prefectFlowRunId: run.id,
      scope: 'single',
      triggeredSource: 'https://erddap.example.org/erddap',
      triggeredBy: 'schedule',
    })
    const attempts = [...Array(20).keys()].map((n) => ({
      erddapUrl: 'https://erddap.example.org/erddap',
      datasetId: `d${n}`,
      source: 'erddap' as const,
      status: n < errors ? ('error' as const) : ('success' as const),
      reason: n < errors ? 'HTTP_ERROR' : null,
      message: null,
      durationMs: 1,
      attemptedAt: new Date(),
      queryUrls: [],
    }))
    await addAttempts(database, run.id, attempts)
    const end = fails ? failed('the listing failed') : completed(`${20 - errors} harvested`)
    await finishRun(database, run.id, {
      finishedAt: new Date(),
      status: fails ? 'failed' : 'ok',
      errorMessage: null,
    })
    return end
  },
})
const build = task({ name: 'build', run: async (models: string) => models })
const nightly = flow({
  name: 'dbt',
  description: 'A flow of somebody else.',
  parameters: z.object({ models: z.string() }),
  runName: () => 'dbt-nightly',
  run: async ({ models }, run) => completed(`built ${await run.task(build, models)}`),
})

describe('on a Prefect server', () => {
  let prefect: PrefectServer
  let backend: PrefectBackend
  let hook: Server
  let bodies: { run_id: string; link: string; sources: { state: string; message: string }[] }[]
  const settings = () => prefectSettings({ PREFECT_API_URL: prefect.apiUrl }) as PrefectSettings

  beforeAll(async () => {
    prefect = await startSharedPrefect()
    backend = createPrefectBackend({ settings: settings(), namespaceTag: 'erddap-harvester:tests' })
    hook = createServer((request, response) => {
      let text = ''
      request.on('data', (data: Buffer) => {
        text += data
      })
      request.on('end', () => {
        bodies.push(JSON.parse(text))
        response.writeHead(204).end()
      })
    })
    await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done))
  })
  beforeEach(() => {
    bodies = []
  })
  afterAll(async () => {
    hook?.close()
    await backend?.close()
    await prefect?.stop()
  })

  /** A worker with this configuration, which registers what it has unless told otherwise. */
  async function withWorker(
    configuration: Record<string, unknown>,
    sources: Record<string, Record<string, unknown>>,
    work: (worker: Worker) => Promise<void>,
    register = true,
  ): Promise<void> {
    const services: HarvestAllServices = {
      config: readHarvestConfig({
        env: { HARVEST_CONFIG_YAML: JSON.stringify(configuration) },
        folder: '/nowhere',
        sourcesOptional: true,
      }),
      http: createHttpClient(),
      database: async () => database,
      variables: {
        PATH: process.env.PATH,
        REDIS_URL: redis.url(2),
        HOOK: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/portal`,
      },
      pageOfRun: (id) => `https://ui.example.org/${id}`,
    }
    const all = harvestAllFlow(services)
    const pool = { workPool: 'gate' }
    const worker = await startWorker({
      backend: createPrefectBackend({ settings: settings(), namespaceTag: 'erddap-harvester:tests' }),
      flows: flowRegistry([source, all, nightly] as unknown as AnyFlow[]),
      pools: ['gate'],
      // One run at a time: a run that waits must hold no slot.
      limit: 1,
      name: null,
      slotFolder: folder,
      registration: register
        ? {
            namespace: 'tests',
            pools: [{ name: 'gate', concurrencyLimit: null }],
            deployments: [
              ...Object.entries(sources).map(([name, parameters]) =>
                spec(name, source, { ...pool, parameters }),
              ),
              spec('nightly', nightly, { ...pool, parameters: { models: 'all' } }),
              spec('harvest-all', all, {
                ...pool,
                startsChildren: true,
                parameters: { deployments: Object.keys(sources), ...all.deploymentParameters },
              }),
            ],
            tagLimits: { database: 2 },
          }
        : null,
      graceSeconds: 1,
      pollMs: 500,
    })
    try {
      await work(worker)
    } finally {
      await worker.stop()
      await services.http.close()
    }
  }

  async function ended(id: string): Promise<string> {
    await waitUntil(`the end of ${id}`, async () => (await backend.readRun(id))?.endedAt != null)
    const state = (await backend.readRun(id))?.state
    return `${state?.name}: ${state?.message}`
  }

  const graph = (id: string) => graphOf(backend, id)
  const logOfRun = (id: string) => logLinesOf(backend, id)

  it('the steps are nodes of the graph behind the sources, and all is done', async () => {
    await postgres.execute(
      'cde',
      'CREATE MATERIALIZED VIEW cde.attempted AS SELECT count(*) AS n FROM cde.harvest_attempts',
    )
    await redis.set(2, 'a map tile')
    const configuration = {
      after_success_requires: 'no_errors',
      after_success: [
        { refresh_views: ['cde.attempted'] },
        { deployment: { name: 'dbt/nightly', parameters: { models: 'staging' } } },
        { name: 'tell the portal', webhook: { url_env: 'HOOK' } },
        { command: { run: ['sh', '-c', 'echo "after $HARVESTER_RUN_ID"'], folder } },
      ],
      flush_redis: true,
    }
    await withWorker(configuration, { 'harvest-a': {}, 'harvest-b': {} }, async () => {
      const { data: deployment } = await backend.client.normal.GET(
        '/deployments/name/{flow_name}/{deployment_name}',
        { params: { path: { flow_name: 'Harvest All Sources', deployment_name: 'harvest-all' } } },
      )
      expect(deployment?.parameters?.after_success).toEqual([
        'refresh-views',
        'deployment dbt/nightly',
        'tell the portal',
        'command sh',
        'flush-redis',
      ])
      const { id } = await triggerDeployment(backend, 'harvest-all', {})
      expect(await ended(id)).toBe(
        'Completed: 2 sources harvested; refresh-views, deployment dbt/nightly, tell the portal, command sh, flush-redis done',
      )
      await waitUntil('the graph', async () => (await graph(id)).length === 7)
      await waitUntil('the end of the tasks', async () =>
        (await graph(id)).every((node) => node.includes(' COMPLETED ')),
      )
      expect(await graph(id)).toEqual(
        [
          'Harvest Source / source COMPLETED after ',
          'Harvest Source / source COMPLETED after ',
          'refresh-views COMPLETED after Harvest Source / source',
          'dbt / dbt-nightly COMPLETED after refresh-views',
          'tell the portal COMPLETED after dbt / dbt-nightly',
          'command sh COMPLETED after tell the portal',
          'flush-redis COMPLETED after command sh',
        ].sort(),
      )
      expect(await redis.size(2)).toBe(0)
      expect((await database.query('SELECT n FROM cde.attempted')).rows).toEqual([{ n: 40 }])
      expect(bodies).toMatchObject([
        {
          run_id: id,
          link: `https://ui.example.org/${id}`,
          sources: [
            { state: 'Completed', message: '20 harvested' },
            { state: 'Completed', message: '20 harvested' },
          ],
        },
      ])
      await waitUntil('the log', async () =>
        (await logOfRun(id)).some((line) => line.includes(`after ${id}`)),
      )
    })
  })

  it('are skipped after a failed source, and where errors count after failed datasets; the run says so', async () => {
    const steps = { after_success: [{ webhook: { url_env: 'HOOK' } }] }
    await withWorker(steps, { 'harvest-a': {}, 'harvest-b': { fails: true } }, async () => {
      const { id } = await triggerDeployment(backend, 'harvest-all', {})
      expect(await ended(id)).toBe(
        'Failed: 1 of 2 sources failed: Harvest Source/harvest-b (the listing failed); after_success steps skipped: 1 of 2 sources failed',
      )
    })
    await withWorker(
      { ...steps, after_success_requires: 'no_errors' },
      { 'harvest-a': {}, 'harvest-b': { errors: 1 } },
      async () => {
        const { id } = await triggerDeployment(backend, 'harvest-all', {})
        expect(await ended(id)).toBe(
          'Completed: 2 sources harvested; after_success steps skipped: 1 of 2 sources had failed datasets (harvest-b 1)',
        )
        expect((await logOfRun(id)).some((line) => line.startsWith('after_success steps skipped'))).toBe(true)
      },
    )
    expect(bodies).toEqual([])
  })

  it('a cancelled run takes the program of its step along', async () => {
    const file = join(folder, 'pid')
    const command = { run: ['sh', '-c', `sleep 600 & echo $! > ${file}; wait`] }
    await withWorker({ after_success: [{ command }] }, { 'harvest-a': {} }, async () => {
      const { id } = await triggerDeployment(backend, 'harvest-all', {})
      await waitUntil('the program', () => existsSync(file) && readFileSync(file, 'utf8').trim() !== '')
      const pid = Number(readFileSync(file, 'utf8'))
      await backend.cancelRun(id)
      expect(await ended(id)).toMatch(/^Cancelled/)
      await waitUntil('the end of the program', () => {
        try {
          return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
        } catch {
          return true
        }
      })
      await waitUntil('the state of the task', async () =>
        (await graph(id)).some((node) => node.startsWith('command sh CANCELLED')),
      )
    })
  })

  it('a worker without the configuration fails the run and says what it lacks', async () => {
    await withWorker({ flush_redis: true }, { 'harvest-a': {} }, async () => {})
    await withWorker(
      {},
      { 'harvest-a': {} },
      async () => {
        const { id } = await triggerDeployment(backend, 'harvest-all', {})
        expect(await ended(id)).toMatch(/^Failed: .*no step named flush-redis in its configuration/)
      },
      false,
    )
  })
})
