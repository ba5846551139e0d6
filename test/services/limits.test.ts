import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openParts } from '../../src/app/open.ts'
import { openOperator } from '../../src/app/orchestrator.ts'
import { createConsole } from '../../src/cli/console.ts'
import { openStatus } from '../../src/cli/status.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { databaseRunStore } from '../../src/inventory/run-store.ts'
import {
  createLocalBackend,
  createPrefectBackend,
  declaredLimits,
  describeLimitChange,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectLimits,
  prefectSettings,
  type Registration,
  registerDeployments,
  startWorker,
  triggerDeployment,
} from '../../src/runs/index.ts'
import { acquireTagSlots } from '../../src/runs/prefect/leases.ts'
import { type PrefectServer, waitUntil } from '../support/prefect.ts'
import { flows, harvestPool, maintenancePool, parent, slow, source, spec } from '../support/prefect-flows.ts'
import { harvesterProgram, testProgram } from '../support/program.ts'
import { type SharedPostgres, sharedPostgres, startSharedPrefect } from '../support/shared.ts'

const never = new AbortController().signal

describe('two standalone processes on one PostgreSQL', () => {
  let server: SharedPostgres
  let database: Database
  let env: Record<string, string>
  const children: ChildProcess[] = []

  beforeAll(async () => {
    server = sharedPostgres()
    await server.createDatabase('cde')
    database = await server.open('cde')
    await migrate(database)
    await database.query('CREATE TABLE public.inside (id text, worker text)')
    await database.query('CREATE TABLE public.seen (at_once int)')
    env = { DATABASE_URL: server.url('cde') }
  })
  beforeEach(async () => {
    for (const child of children.splice(0)) await end(child, 'SIGKILL')
    await database.query(
      'TRUNCATE public.inside, public.seen, harvester.flow_runs, harvester.limits, harvester.limit_slots',
    )
  })
  afterAll(async () => {
    for (const child of children) await end(child, 'SIGKILL')
    await database?.close()
    await server?.stop()
  })

  const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  const start = async (worker: string, more: Record<string, string> = {}): Promise<ChildProcess> => {
    const child = spawn(process.execPath, testProgram('limited-process'), {
      env: { PATH: process.env.PATH, ...env, TEST_WORKER: worker, ...more },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    let output = ''
    child.stdout?.on('data', (data) => {
      output += data
    })
    await waitUntil('the process', () => {
      if (child.exitCode !== null) throw new Error(`The process ended: ${output}`)
      return output.includes('READY')
    })
    return child
  }
  const count = async (sql: string) => Number((await database.query<{ n: number }>(sql)).rows[0]?.n)
  const completed = () =>
    count(`SELECT count(*) AS n FROM harvester.flow_runs WHERE state_type = 'COMPLETED'`)
  /** Puts runs of the processes' flow into the store, as a schedule would. */
  const submit = async (runs: number, seconds: number) => {
    const loads = {
      ...spec('loads', source),
      flow: { ...source, name: 'Loads', parameters: slow.parameters },
    }
    const backend = createLocalBackend({ store: databaseRunStore(database), deployments: [loads as never] })
    const ids: string[] = []
    for (let i = 0; i < runs; i++)
      ids.push((await backend.submit({ deployment: 'loads', parameters: { seconds } })).id)
    return ids
  }

  it('never exceed a tag limit of one, and heed a change while they run', async () => {
    await Promise.all([start('first'), start('second')])
    await submit(8, 0.2)
    await waitUntil('all runs', async () => (await completed()) === 8)
    expect(await count('SELECT count(*) AS n FROM public.seen')).toBe(8)
    expect(await count('SELECT max(at_once) AS n FROM public.seen')).toBe(1)
    const { rows } = await database.query<{ worker: string }>(
      'SELECT DISTINCT worker FROM harvester.flow_runs ORDER BY worker',
    )
    expect(rows.map(({ worker }) => worker)).toEqual(['first', 'second'])

    await databaseRunStore(database).setLimit({
      name: 'tag:database',
      limit: 3,
      setAt: new Date(),
      setBy: 'ann',
    })
    await submit(6, 2)
    await waitUntil(
      'three at once',
      async () => (await count('SELECT count(*) AS n FROM public.inside')) === 3,
    )
    await waitUntil('all runs', async () => (await completed()) === 14)
    expect(await count('SELECT max(at_once) AS n FROM public.seen')).toBe(3)
    expect(await count('SELECT count(*) AS n FROM harvester.limit_slots')).toBe(0)
  })

  it('get the slot of one that was killed once it has expired', async () => {
    const killed = await start('killed', { TEST_SLOT_SECONDS: '3' })
    await submit(1, 120)
    await waitUntil('the task', async () => (await count('SELECT count(*) AS n FROM public.inside')) === 1)
    await end(killed, 'SIGKILL')
    expect(await count('SELECT count(*) AS n FROM harvester.limit_slots')).toBe(1)
    await start('living', { TEST_SLOT_SECONDS: '3' })
    await submit(1, 0.1)
    await waitUntil('the run of the other process', async () => (await completed()) === 1)
    expect(await databaseRunStore(database).slots()).toEqual([])
  })

  it('are held to what `limits set` puts into the database', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'limits-'))
    const own = {
      ...env,
      HARVESTER_DATA_DIR: folder,
      HARVESTER_CACHE_DIR: folder,
      HARVESTER_LOG_DIR: folder,
      HARVEST_CONFIG_YAML: 'erddap_urls: [https://a.example.org/erddap]',
    }
    try {
      const command = (...args: string[]) => harvester(own, ...args)
      expect((await command('limits', 'set', 'tag:database', '1')).stdout).toBe('limit tag:database 3 → 1\n')
      const shown = JSON.parse((await command('limits', '--json')).stdout)
      expect(shown).toContainEqual(
        expect.objectContaining({ name: 'tag:database', declared: 3, inForce: 1, from: 'operator' }),
      )
      expect(await command('limits', 'set', 'pool:nowhere', '1')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/There is no limit "pool:nowhere"[\s\S]*tag:database, pool:harvest/),
      })
      const parts = openParts({ env: own, onStop: 'end' })
      const report = await (await openStatus(parts, undefined))()
      await parts.close()
      expect(report.problems).toEqual([])
      expect(report.state?.limits).toContainEqual({ name: 'tag:database', limit: 1, active: 0 })
      expect((await command('limits', 'set', 'tag:database', 'default')).stdout).toBe(
        'limit tag:database 1 → 3\n',
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

function harvester(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...harvesterProgram, ...args],
      { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

describe('limits on a Prefect server', () => {
  let server: PrefectServer
  let backend: PrefectBackend
  let folder: string
  let problems: { text: string; facts: Record<string, unknown> }[] = []

  const declared = (more: Partial<Registration> = {}): Registration => ({
    namespace: 'limits',
    pools: [
      {
        name: harvestPool,
        concurrencyLimit: 1,
        queues: [{ name: 'big', concurrencyLimit: 2, priority: 5 }],
      },
      { name: maintenancePool, concurrencyLimit: null },
    ],
    deployments: [
      spec('one', slow, { concurrencyLimit: 1 }),
      spec('two', slow, { workQueue: 'big' }),
      spec('three', source, { workPool: maintenancePool }),
    ],
    tagLimits: { database: 3 },
    ...more,
  })
  const desk = () => prefectLimits(backend, { tagLimits: {}, ...declared() }, 'limits')
  const inForce = async () =>
    Object.fromEntries((await desk().list()).map(({ name, inForce, from }) => [name, [inForce, from]]))

  const connect = (settings: PrefectSettings) =>
    createPrefectBackend({
      settings,
      namespaceTag: 'erddap-harvester:limits',
      limitedTags: ['database'],
      onProblem: (text, facts) => problems.push({ text, facts }),
    })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'limits-'))
    server = await startSharedPrefect()
    backend = connect(prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings)
  })
  beforeEach(() => {
    problems = []
  })
  afterAll(async () => {
    await backend?.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Two workers, as of two hosts, while `work` goes on. */
  const withWorkers = async (work: () => Promise<void>, registration: Registration | null = null) => {
    const start = (name: string) =>
      startWorker({
        backend,
        flows: flowRegistry(flows),
        pools: [harvestPool, maintenancePool],
        limit: 4,
        name,
        slotFolder: folder,
        registration,
        graceSeconds: 0,
        pollMs: 200,
        onProblem: (text, facts) => problems.push({ text, facts }),
        onInfo: (text, facts) => problems.push({ text, facts }),
      })
    const workers = [await start('limits-1'), await start('limits-2')]
    try {
      await work()
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()))
    }
  }
  const runsOf = async (ids: string[]) => Promise.all(ids.map((id) => backend.readRun(id)))
  const allCompleted = (ids: string[]) =>
    waitUntil('all runs', async () => (await runsOf(ids)).every((run) => run?.state.type === 'COMPLETED'))

  it('are created as they are declared, and said', async () => {
    const { limits, otherLimits } = await registerDeployments(backend, declared())
    expect(limits.map(describeLimitChange).sort()).toEqual([
      `limit pool:${harvestPool} created: 1`,
      `limit queue:${harvestPool}/big created: 2`,
      'limit tag:database created: 3',
    ])
    expect(otherLimits).toEqual([])
    expect(await inForce()).toEqual(
      Object.fromEntries(
        [...declaredLimits({ tagLimits: {}, ...declared() })].map(([name, limit]) => [
          name,
          [limit, 'declaration'],
        ]),
      ),
    )
    const { data: queue } = await backend.client.normal.GET('/work_pools/{work_pool_name}/queues/{name}', {
      params: { path: { work_pool_name: harvestPool, name: 'big' } },
    })
    expect(queue).toMatchObject({ concurrency_limit: 2, priority: 5 })
    const { name } = await backend.findDeployment('two')
    expect(name).toBe('two')
  })

  it('that an operator set survive the restart of a worker, which says so; deploy resets them and says each', async () => {
    const set: [string, number | null][] = [
      ['tag:database', 5],
      [`pool:${harvestPool}`, null],
      [`queue:${harvestPool}/big`, 4],
      ['deployment:one', 3],
      ['deployment:two', 2],
    ]
    for (const [name, limit] of set) await desk().set(name, limit)
    const asSet = await inForce()
    for (const [name, limit] of set) expect(asSet[name]).toEqual([limit, 'operator'])

    await withWorkers(async () => {}, declared())
    expect(await inForce()).toEqual(asSet)
    const said = problems.filter(({ text }) => text.startsWith('A limit is not the declared one'))
    expect(new Set(said.map(({ facts }) => facts.limit))).toEqual(new Set(set.map(([name]) => name)))

    // What somebody set stays even when something else of the deployment changes …
    const [one, two, three] = declared().deployments
    await registerDeployments(
      backend,
      declared({ deployments: [{ ...one!, description: 'other words' }, two!, three!] }),
    )
    expect((await inForce())['deployment:one']).toEqual([3, 'operator'])
    // … until its declared limit does.
    await registerDeployments(
      backend,
      declared({ deployments: [{ ...one!, concurrencyLimit: 2 }, two!, three!] }),
    )
    expect((await inForce())['deployment:one']?.[0]).toBe(2)
    await registerDeployments(backend, declared())
    await desk().set('deployment:one', null)

    const { limits } = await registerDeployments(backend, declared({ limits: 'reset' }))
    expect(limits.map(describeLimitChange).sort()).toEqual([
      'limit deployment:one none → 1',
      'limit deployment:two 2 → none',
      `limit pool:${harvestPool} none → 1`,
      `limit queue:${harvestPool}/big 4 → 2`,
      'limit tag:database 5 → 3',
    ])
    for (const [, from] of Object.values(await inForce())) expect(from).toBe('declaration')
  })

  it('of a tag may be lifted for good: no worker makes it again', async () => {
    await desk().set('tag:database', null)
    await registerDeployments(backend, declared())
    expect((await inForce())['tag:database']).toEqual([null, 'operator'])
    await desk().reset('tag:database')
    expect((await inForce())['tag:database']).toEqual([3, 'declaration'])
  })

  it('are refused where runs could wait for ever', async () => {
    const family = declared({
      deployments: [
        spec('all', parent, { workQueue: 'big', startsChildren: true }),
        spec('child', slow, { workQueue: 'big' }),
      ],
      pools: [
        {
          name: harvestPool,
          concurrencyLimit: null,
          queues: [{ name: 'big', concurrencyLimit: 5, priority: null }],
        },
      ],
    })
    await expect(registerDeployments(backend, family)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`both are in the queue ${harvestPool}/big`),
    })
  })

  it('let one run of a pool go at a time, whichever of two workers takes it', async () => {
    const ids: string[] = []
    await withWorkers(async () => {
      for (const name of ['one', 'two', 'two', 'one', 'two', 'two'])
        ids.push((await triggerDeployment(backend, name, { seconds: 1 })).id)
      await allCompleted(ids)
    })
    const times = (await runsOf(ids))
      .map((run) => [run!.startedAt!.getTime(), run!.endedAt!.getTime()] as const)
      .sort((a, b) => a[0] - b[0])
    for (const [index, [start]] of times.entries())
      if (index > 0) expect(start).toBeGreaterThanOrEqual(times[index - 1]![1])
  })

  it('of a tag hold over two workers, by leases that are given back', async () => {
    await desk().set('tag:database', 1)
    const take = (holder: string) =>
      acquireTagSlots(backend.client, ['database'], holder, {
        signal: never,
        sleep: (ms) => new Promise((done) => setTimeout(done, Math.min(ms, 500))),
        onWaiting: () => problems.push({ text: 'waiting', facts: { holder } }),
        onLost: () => {},
      })
    const release = await take(crypto.randomUUID())
    const ids: string[] = []
    await withWorkers(async () => {
      for (let i = 0; i < 2; i++) ids.push((await triggerDeployment(backend, 'three', { n: 1 })).id)
      await waitUntil(
        'two tasks that wait',
        () => problems.filter(({ text }) => text.includes('waits for a slot')).length === 2,
      )
      expect((await desk().list()).find(({ name }) => name === 'tag:database')?.active).toBe(1)
      expect((await runsOf(ids)).map((run) => run?.state.type)).toEqual(['RUNNING', 'RUNNING'])
      await release()
      await allCompleted(ids)
    })
    await waitUntil('the slots', async () =>
      (await desk().list()).every(({ name, active }) => name !== 'tag:database' || active === 0),
    )
    await desk().reset('tag:database')
  })

  it('of a tag that somebody deleted on the server are missed once, and not needed', async () => {
    await backend.client.normal.DELETE('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: 'tag:database' } },
    })
    expect((await inForce())['tag:database']).toEqual([null, 'missing'])
    await withWorkers(async () => {
      const ids: string[] = []
      for (let i = 0; i < 3; i++) ids.push((await triggerDeployment(backend, 'three', { n: 1 })).id)
      await allCompleted(ids)
    })
    const missed = () => problems.filter(({ text }) => text.startsWith('The server has no limit for a tag'))
    await waitUntil('the warning', () => missed().length > 0)
    expect(missed().map(({ facts }) => facts.tag)).toEqual(['database'])
  })

  it('are shown and changed by the commands, deploy included', async () => {
    writeFileSync(
      join(folder, 'deployments.yaml'),
      `deployments:
  - name: harvest-{{ source.slug }}
    entrypoint: erddap-harvester:Harvest Source
    parameters: { source: "{{ source.url }}" }
    work_pool: { name: "{{ $HARVEST_POOL }}", work_queue_name: big }
    concurrency_limit: 1
work_pools:
  - name: "{{ $HARVEST_POOL }}"
    concurrency_limit: 6
    queues: [{ name: big, concurrency_limit: 2 }]
`,
    )
    const env = {
      PREFECT_API_URL: server.apiUrl,
      HARVESTER_NAMESPACE: 'commands',
      HARVEST_POOL: 'commands-harvest',
      MAINTENANCE_POOL: 'commands-maintenance',
      HARVEST_DEPLOYMENTS_FILE: join(folder, 'deployments.yaml'),
      HARVESTER_DATA_DIR: folder,
      HARVESTER_CACHE_DIR: folder,
      HARVESTER_LOG_DIR: folder,
      DATABASE: 'embedded',
      HARVEST_CONFIG_YAML: 'erddap_urls: [https://a.example.org/erddap]',
    }
    const deployed = await harvester(env, 'deploy', '--all')
    expect(deployed.stdout).toMatch(/^limit pool:commands-harvest created: 6$/m)
    expect(deployed.stdout).toMatch(/^created: harvest-a-example-org-commands$/m)
    for (const [name, value, said] of [
      ['deployment:harvest-a-example-org-commands', '4', '1 → 4'],
      ['queue:commands-harvest/big', 'none', '2 → none'],
    ] as const)
      expect((await harvester(env, 'limits', 'set', name, value)).stdout).toBe(`limit ${name} ${said}\n`)
    const { log } = createConsole({ level: 'warn', time: true, progress: false })
    const { orchestrator, close } = await openOperator({
      file: undefined,
      work: false,
      env,
      log,
      signal: never,
    })
    expect(await orchestrator.limits.list()).toContainEqual(
      expect.objectContaining({ name: 'deployment:harvest-a-example-org-commands', declared: 1, inForce: 4 }),
    )
    await close()
    const parts = openParts({ env, onStop: 'end' })
    const { state } = await (await openStatus(parts, undefined))()
    await parts.close()
    expect(state?.pools[0]).toMatchObject({ name: 'commands-harvest', limit: 6 })
    expect(state?.pools[0]?.queues.map(({ name }) => name).sort()).toEqual(['big', 'default'])
    expect(state?.limits).toContainEqual({
      name: 'deployment:harvest-a-example-org-commands',
      limit: 4,
      active: 0,
    })
    expect((await harvester(env, 'deploy', '--all')).stdout).toMatch(
      /^limit queue:commands-harvest\/big none → 2\nlimit deployment:harvest-a-example-org-commands 4 → 1$/m,
    )
  })
})
