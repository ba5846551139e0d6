/**
 * Tries this program with several versions of the Prefect server, each installed by pip into an environment of its
 * own that is removed afterwards, and writes docs/compatibility.md: registration, a run with its tasks, what operators
 * do with it, a cancellation, a pause. Rows of versions that are not named stay.
 *
 *   npx tsx scripts/compatibility.ts [version…]
 *
 * It needs Python 3, PostgreSQL and some minutes a version, and is no part of every check.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  createPrefectBackend,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectOrchestrator,
  prefectSettings,
  registerDeployments,
  startWorker,
} from '../src/runs/index.ts'
import { serverVersion } from '../src/runs/prefect/client.ts'
import { startPrefect, waitUntil } from '../test/support/prefect.ts'
import { deployments, flows, harvestPool, maintenancePool } from '../test/support/prefect-flows.ts'

const root = resolve(import.meta.dirname, '..')
const page = join(root, 'docs/compatibility.md')
/** The oldest, two between, and the newest that was tried. */
const defaultVersions = ['3.2.15', '3.4.25', '3.6.9', 'latest']
const pools = [harvestPool, maintenancePool]
const patience = 180_000

interface Outcome {
  /** As it says itself. */
  readonly version: string
  readonly results: Readonly<Record<string, string>>
}

const namespace = 'compatibility'
const registration = {
  namespace,
  pools: pools.map((name) => ({ name, concurrencyLimit: null })),
  deployments,
  tagLimits: { database: 1 },
}

const checks: Readonly<Record<string, (backend: PrefectBackend) => Promise<void>>> = {
  async registration(backend) {
    await registerDeployments(backend, registration)
    const again = await registerDeployments(backend, registration)
    if (again.updated.length > 0) throw new Error(`registered again: ${again.updated.join(', ')}`)
    if (!(await limitOf(backend))) throw new Error('the limit of the tag database is not kept')
  },
  async run(backend) {
    const { id } = await backend.submit({ deployment: 'source', parameters: { n: 2 } })
    await ended(backend, id, 'Completed')
  },
  async operating(backend) {
    const runs = prefectOrchestrator({ backend, namespace, declaration: registration })
    const { id, name } = await runs.submit({ deployment: 'source', parameters: { n: 2 } })
    await ended(backend, id, 'Completed')
    const seen = async () => {
      const tasks = (await runs.tasks([id])).filter(({ state }) => state.type === 'COMPLETED').length
      const artifacts = (await runs.artifacts([id])).length
      const lines = (await runs.lastLog(id, 100)).filter(({ message }) =>
        message.startsWith('harvested'),
      ).length
      return [tasks, artifacts, lines].join()
    }
    await waitUntil(
      'five tasks, two artifacts and two lines',
      async () => (await seen()) === '5,2,2',
      patience,
    )
    const found = await runs.list({ deployment: 'source', types: ['COMPLETED'] })
    if (!found.some((run) => run.id === id)) throw new Error('the run is not listed')
    const [limit] = (await runs.limits.list()).filter((one) => one.name === 'tag:database')
    if (limit?.inForce !== 1) throw new Error('the limit of the tag database is not listed')
    await runs.limits.set('tag:database', 2)
    await runs.limits.reset('tag:database')
    if ((await runs.pools()).some(({ status }) => status !== 'ready')) throw new Error('a pool is not ready')
    await runs.retry({ id, name })
    await waitUntil('the second attempt', async () => (await runs.find(id))?.runCount === 2, patience)
    await ended(backend, id, 'Completed')
  },
  async cancel(backend) {
    const { id } = await backend.submit({ deployment: 'slow', parameters: { seconds: 120 } })
    await running(backend, id)
    await backend.cancelRun(id)
    await ended(backend, id, 'Cancelled')
  },
  async pause(backend) {
    const { id } = await backend.submit({ deployment: 'slow', parameters: { seconds: 5 } })
    await running(backend, id)
    await backend.client.normal.POST('/flow_runs/{id}/set_state', {
      params: { path: { id } },
      body: { state: { type: 'PAUSED', name: 'Paused' }, force: true },
    })
    await waitUntil(
      'the pause',
      async () => (await backend.readRun(id))?.state.name === 'Suspended',
      patience,
    )
    await backend.client.normal.POST('/flow_runs/{id}/resume', { params: { path: { id } }, body: {} })
    await ended(backend, id, 'Completed')
  },
}

async function limitOf(backend: PrefectBackend): Promise<boolean> {
  const { response } = await backend.client.normal.GET('/v2/concurrency_limits/{id_or_name}', {
    params: { path: { id_or_name: 'tag:database' } },
  })
  return response.ok
}

const running = (backend: PrefectBackend, id: string) =>
  waitUntil('the run', async () => (await backend.readRun(id))?.state.type === 'RUNNING', patience)

async function ended(backend: PrefectBackend, id: string, name: string): Promise<void> {
  await waitUntil('the end', async () => (await backend.readRun(id))?.endedAt != null, patience)
  const state = (await backend.readRun(id))?.state
  if (state?.name !== name) throw new Error(`ended as ${state?.name}: ${state?.message}`)
}

/** Routers of servers before 3.8 do not have what newer releases ask of them: each question is answered with 500. */
function fastapiOf(version: string): string {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major === 3 && minor < 8 ? 'fastapi<0.119' : 'fastapi<0.140'
}

/** The program of a version, installed into a folder. */
function install(version: string, venv: string): string {
  execFileSync('python3', ['-m', 'venv', venv])
  const prefect = version === 'latest' ? 'prefect' : `prefect==${version}`
  // Newer releases of two are allowed by Prefect and break it; 3.2 does not name the last, and needs it.
  const wanted = [prefect, fastapiOf(version), 'sqlalchemy<2.1', 'importlib_metadata']
  execFileSync(join(venv, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...wanted], {
    stdio: 'inherit',
  })
  return join(venv, 'bin/prefect')
}

async function attempt(wanted: string): Promise<Outcome> {
  const venv = mkdtempSync(join(tmpdir(), 'prefect-'))
  try {
    process.env.PREFECT_BIN = install(wanted, venv)
    return await tried()
  } finally {
    rmSync(venv, { recursive: true, force: true })
  }
}

async function tried(): Promise<Outcome> {
  const results: Record<string, string> = {}
  const server = await startPrefect()
  const folder = mkdtempSync(join(tmpdir(), 'compatibility-'))
  const settings = prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings, namespaceTag: 'erddap-harvester:compatibility' })
  let version = ''
  // A server that has just begun to answer may refuse its first questions.
  await waitUntil(
    'the version of the server',
    async () => {
      version = await serverVersion(backend.client).catch(() => '')
      return version !== ''
    },
    patience,
  )
  try {
    await verdict(results, 'registration', () => checks.registration!(backend))
    const worker = await startWorker({
      backend: createPrefectBackend({ settings }),
      flows: flowRegistry(flows),
      pools,
      name: null,
      slotFolder: folder,
      registration: null,
      graceSeconds: 1,
    })
    try {
      for (const name of Object.keys(checks).slice(1))
        await verdict(results, name, () => checks[name]!(backend))
    } finally {
      await worker.stop()
    }
  } catch (error) {
    results.start = String(error)
  } finally {
    await backend.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { version, results }
}

async function verdict(
  results: Record<string, string>,
  name: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
    results[name] = 'yes'
  } catch (error) {
    results[name] = `no: ${error instanceof Error ? error.message : String(error)}`
  }
}

const outcomes: Outcome[] = []
for (const version of process.argv.length > 2 ? process.argv.slice(2) : defaultVersions) {
  const outcome = await attempt(version)
  console.log(outcome)
  outcomes.push(outcome)
}
const [before = '', table = '', after = ''] = readFileSync(page, 'utf8').split(/<!-- (?:table|end) -->/)
const names = Object.keys(checks)
const date = new Date().toISOString().slice(0, 10)
const rows = new Map<string, string>()
for (const line of table.split('\n')) {
  const version = /^\| (\d+\.\d+\.\d+) \|/.exec(line)?.[1]
  if (version !== undefined) rows.set(version, line)
}
for (const { version, results } of outcomes)
  rows.set(
    version,
    `| ${[version, date, ...names.map((name) => results[name] ?? results.start ?? 'not tried')].join(' | ')} |`,
  )
const byVersion = [...rows].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
const head = [
  `| Prefect | tried on | ${names.join(' | ')} |`,
  `| --- | --- |${' --- |'.repeat(names.length)}`,
]
writeFileSync(
  page,
  `${before}<!-- table -->\n\n${[...head, ...byVersion.map(([, line]) => line)].join('\n')}\n\n<!-- end -->${after}`,
)
