import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createLocalBackend,
  createPrefectBackend,
  memoryStore,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
  startStandalone,
  startWorker,
} from '../../src/runs/index.ts'
import {
  conformance,
  conformanceDeployments,
  conformancePools,
  type Rig,
} from '../support/prefect-conformance.ts'
import { startFakePrefect } from '../support/prefect-fake.ts'

conformance('local, in memory', async (): Promise<Rig> => {
  const store = memoryStore()
  const backend = createLocalBackend({
    store,
    deployments: conformanceDeployments,
    tagLimits: { database: 1 },
  })
  return {
    backend,
    start: ({ limit }) => startStandalone({ backend, limit, graceSeconds: 0, pollMs: 50 }),
    tasks: async (id) => (await store.taskRuns(id)).map((item) => `${item.name} ${item.state.name}`).sort(),
    logs: async (id) => (await store.logs(id)).map((line) => line.message),
    artifacts: async (id) =>
      (await store.artifacts(id)).map(({ artifact }) => `${artifact.key} ${artifact.type}`).sort(),
    close: () => backend.close(),
  }
})

conformance('Prefect, against a look-alike', async (): Promise<Rig> => {
  const fake = await startFakePrefect()
  const folder = mkdtempSync(join(tmpdir(), 'orchestration-conformance-'))
  const settings = prefectSettings({ PREFECT_API_URL: fake.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings })
  await registerDeployments(backend, {
    namespace: 'tests',
    pools: conformancePools.map((name) => ({ name, concurrencyLimit: null })),
    deployments: conformanceDeployments,
    tagLimits: { database: 1 },
  })
  return {
    backend,
    start: ({ flows, limit }) =>
      startWorker({
        // Stopping makes a client impatient for good: each worker has its own.
        backend: createPrefectBackend({ settings }),
        flows,
        limit,
        pools: conformancePools,
        name: null,
        slotFolder: folder,
        registration: null,
        graceSeconds: 0,
        pollMs: 50,
      }),
    tasks: async (id) =>
      [...fake.taskRuns.values()]
        .filter((item) => item.flow_run_id === id)
        .map((item) => `${item.name} ${item.state.name}`)
        .sort(),
    logs: async (id) => fake.logs.filter((line) => line.flow_run_id === id).map((line) => line.message),
    artifacts: async (id) =>
      fake.artifacts
        .filter((item) => item.flow_run_id === id)
        .map((item) => `${item.key} ${item.type}`)
        .sort(),
    async close() {
      await backend.close()
      await fake.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
