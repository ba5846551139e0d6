/** A real Prefect server with our pools and the deployments of tests, a worker on it, and what people see of a run. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import {
  createPrefectBackend,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
  startWorker,
  type Worker,
  type WorkerOptions,
} from '../../src/runs/index.ts'
import { type PrefectServer, waitUntil } from './prefect.ts'
import { deployments, flows, harvestPool, maintenancePool } from './prefect-flows.ts'
import { graphOf, logLinesOf } from './prefect-run.ts'
import { startSharedPrefect } from './shared.ts'

const pools = [
  { name: harvestPool, concurrencyLimit: null },
  { name: maintenancePool, concurrencyLimit: null },
]
export const registration = { namespace: 'tests', pools, deployments, tagLimits: { database: 1 } }

/** What there is once the file's tests begin. */
export const stage = {} as {
  server: PrefectServer
  backend: PrefectBackend
  folder: string
  /** What the worker of now complained of. */
  problems: string[]
}
let settings: PrefectSettings

/** Starts it before the tests of a file, and ends it after them. */
export function onPrefect(): void {
  beforeAll(async () => {
    stage.folder = mkdtempSync(join(tmpdir(), 'orchestration-test-'))
    // A run that met a limit asks again after half a minute otherwise.
    stage.server = await startSharedPrefect({ PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS: '5' })
    settings = prefectSettings({ PREFECT_API_URL: stage.server.apiUrl }) as PrefectSettings
    stage.problems = []
    stage.backend = createPrefectBackend({
      settings,
      namespaceTag: 'erddap-harvester:tests',
      onProblem: (text, facts) => stage.problems.push(`${text} ${JSON.stringify(facts)}`),
    })
    await registerDeployments(stage.backend, registration)
  })

  afterAll(async () => {
    await stage.backend?.close()
    await stage.server?.stop()
    rmSync(stage.folder, { recursive: true, force: true })
  })
}

export async function withWorker<T>(
  work: (worker: Worker) => Promise<T>,
  more: Partial<WorkerOptions> = {},
): Promise<T> {
  stage.problems = []
  const worker = await startWorker({
    backend: createPrefectBackend({
      settings,
      namespaceTag: 'erddap-harvester:tests',
      onProblem: (text, facts) => stage.problems.push(`${text} ${JSON.stringify(facts)}`),
    }),
    flows: flowRegistry(flows),
    pools: pools.map((pool) => pool.name),
    limit: 4,
    name: null,
    slotFolder: stage.folder,
    registration: null,
    graceSeconds: 1,
    pollMs: 500,
    onProblem: (text, facts) => stage.problems.push(`${text} ${JSON.stringify(facts)}`),
    ...more,
  })
  try {
    return await work(worker)
  } finally {
    await worker.stop()
  }
}

/** The state of a run as `Name: message (run count)`. */
export async function stateOf(id: string): Promise<string> {
  const found = await stage.backend.readRun(id)
  return found ? `${found.state.name}: ${found.state.message} (${found.runCount})` : 'none'
}

export async function ended(id: string, timeoutMs = 240_000): Promise<string> {
  await waitUntil(
    `the end of ${id}`,
    async () => (await stage.backend.readRun(id))?.endedAt != null,
    timeoutMs,
  )
  return stateOf(id)
}

export async function running(id: string): Promise<void> {
  await waitUntil(`run ${id} to run`, async () => (await stage.backend.readRun(id))?.state.type === 'RUNNING')
}

/** As a person does in the UI. */
export async function setStateByHand(
  id: string,
  type: 'CANCELLING' | 'SCHEDULED',
  name: string,
): Promise<void> {
  await stage.backend.client.normal.POST('/flow_runs/{id}/set_state', {
    params: { path: { id } },
    body: { state: { type, name }, force: false },
  })
}

export async function deployment(name: string) {
  const { id } = await stage.backend.findDeployment(name)
  const { data } = await stage.backend.client.normal.GET('/deployments/{id}', { params: { path: { id } } })
  if (!data) throw new Error(`no deployment ${name}`)
  return data
}

export const logOf = (id: string) => logLinesOf(stage.backend, id)
export const graph = (id: string) => graphOf(stage.backend, id)
