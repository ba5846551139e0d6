/**
 * Tries this program with several versions of the Prefect server, each installed by pip into an environment of its
 * own, and writes docs/compatibility.md: registration, a run with its tasks, a cancellation, a pause.
 *
 *   npx tsx scripts/compatibility.ts [version…]
 *
 * It needs Python 3, PostgreSQL and some minutes a version, and is no part of every check.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  createPrefectBackend,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
  startWorker,
} from '../src/runs/index.ts'
import { startPrefect, waitUntil } from '../test/support/prefect.ts'
import { deployments, flows, harvestPool, maintenancePool } from '../test/support/prefect-flows.ts'

const root = resolve(import.meta.dirname, '..')
const page = join(root, 'docs/compatibility.md')
/** The oldest, two between, and the newest that was tried. */
const defaultVersions = ['3.2.15', '3.4.25', '3.6.9', '3.9.1']
const pools = [harvestPool, maintenancePool]
const patience = 180_000

interface Outcome {
  readonly version: string
  readonly results: Readonly<Record<string, string>>
}

const checks: Readonly<Record<string, (backend: PrefectBackend) => Promise<void>>> = {
  async registration(backend) {
    const registration = {
      namespace: 'compatibility',
      pools: pools.map((name) => ({ name, concurrencyLimit: null })),
      deployments,
      tagLimits: { database: 1 },
    }
    await registerDeployments(backend, registration)
    const again = await registerDeployments(backend, registration)
    if (again.updated.length > 0) throw new Error(`registered again: ${again.updated.join(', ')}`)
    if (!(await limitOf(backend))) throw new Error('the limit of the tag database is not kept')
  },
  async run(backend) {
    const { id } = await backend.submit({ deployment: 'source', parameters: { n: 2 } })
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

/** The program of a version, installed when it is not there. */
function install(version: string): string {
  const venv = join(root, '.cache', `prefect-${version}`)
  const bin = join(venv, 'bin/prefect')
  if (existsSync(bin)) return bin
  execFileSync('python3', ['-m', 'venv', '--clear', venv])
  // Newer releases of these two are allowed by Prefect and break it.
  const wanted = [`prefect==${version}`, 'fastapi<0.140', 'sqlalchemy<2.1']
  execFileSync(join(venv, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...wanted], {
    stdio: 'inherit',
  })
  return bin
}

async function attempt(version: string): Promise<Outcome> {
  process.env.PREFECT_BIN = install(version)
  const results: Record<string, string> = {}
  const server = await startPrefect()
  const folder = mkdtempSync(join(tmpdir(), 'compatibility-'))
  const settings = prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings, namespaceTag: 'erddap-harvester:compatibility' })
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

function render(outcomes: readonly Outcome[]): string {
  const names = Object.keys(checks)
  const rows = outcomes.map(({ version, results }) => {
    const cells = names.map((name) => results[name] ?? results.start ?? 'not tried')
    return `| ${[version, ...cells].join(' | ')} |`
  })
  return [
    `| Prefect | ${names.join(' | ')} |`,
    `| --- | ${names.map(() => '---').join(' | ')} |`,
    ...rows,
  ].join('\n')
}

const outcomes: Outcome[] = []
for (const version of process.argv.length > 2 ? process.argv.slice(2) : defaultVersions) {
  const outcome = await attempt(version)
  console.log(outcome)
  outcomes.push(outcome)
}
const [before = '', after = ''] = readFileSync(page, 'utf8').split(/<!-- table -->[\s\S]*<!-- end -->/)
const date = new Date().toISOString().slice(0, 10)
writeFileSync(
  page,
  `${before}<!-- table -->\n\nTried on ${date}.\n\n${render(outcomes)}\n\n<!-- end -->${after}`,
)
