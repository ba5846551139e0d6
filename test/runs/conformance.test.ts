import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HarvesterError } from '../../src/errors.ts'
import {
  createLocalBackend,
  createPrefectBackend,
  isFinal,
  localOrchestrator,
  memoryStore,
  type PrefectSettings,
  prefectOrchestrator,
  prefectSettings,
  type RunStore,
  registerDeployments,
  startStandalone,
  startWorker,
} from '../../src/runs/index.ts'
import { state } from '../../src/runs/states.ts'
import {
  conformance,
  conformanceDeployments,
  conformancePools,
  type Rig,
} from '../support/prefect-conformance.ts'
import { startFakePrefect } from '../support/prefect-fake.ts'
import { spec, stranger } from '../support/prefect-flows.ts'

conformance('local, in memory', async (): Promise<Rig> => {
  const memory = memoryStore()
  let failures = 0
  let lost = 0
  const removed = new Set<string>()
  const store: RunStore = {
    ...memory,
    async transition(...change) {
      if (isFinal(change[2].type) && failures-- > 0)
        throw new HarvesterError('DATABASE_UNREACHABLE', 'the database is away')
      const done = removed.has(change[0]) ? null : await memory.transition(...change)
      if (done && (isFinal(change[2].type) || change[2].type === 'SCHEDULED') && lost-- > 0)
        throw new HarvesterError('DATABASE_FAILED', 'lost at commit', { facts: { transient: true } })
      return done
    },
    async runs(filter) {
      return (await memory.runs(filter)).filter(({ id }) => !removed.has(id))
    },
  }
  const make = (worker?: string) =>
    createLocalBackend({
      store,
      deployments: conformanceDeployments,
      tagLimits: { database: 1 },
      ...(worker !== undefined && { worker }),
    })
  const backend = make()
  return {
    backend,
    orchestrator: localOrchestrator({ backend }),
    start: ({ limit, name, onProblem, onEvent, sweepMs }) =>
      startStandalone({
        backend: name === undefined ? backend : make(name),
        limit,
        graceSeconds: 0,
        pollMs: 50,
        ...(onProblem && { onProblem }),
        ...(onEvent && { onEvent }),
        ...(sweepMs !== undefined && { sweepMs }),
      }),
    async setByHand(id, type, name) {
      await store.transition(id, ['RUNNING', 'COMPLETED'], state(type, new Date(), { name }), {
        ...(type !== 'PAUSED' && { endedAt: type === 'FAILED' ? new Date() : null }),
      })
    },
    async resume(id) {
      const now = new Date()
      await store.transition(id, ['PAUSED'], state('SCHEDULED', now, { name: 'Resuming' }), {
        scheduledAt: now,
      })
    },
    async remove(id) {
      removed.add(id)
    },
    breakDown(times) {
      failures = times
    },
    loseAnswers(times) {
      lost = times
    },
    async submitStranger() {
      const now = new Date()
      const { run } = await store.createRun({
        id: randomUUID(),
        name: 'stranger',
        flow: 'Test Stranger',
        deployment: 'stranger',
        parameters: {},
        tags: [],
        state: state('SCHEDULED', now, { scheduledAt: now }),
        runCount: 0,
        createdAt: now,
        createdBy: null,
        scheduledAt: now,
        startedAt: null,
        endedAt: null,
        parentRunId: null,
        idempotencyKey: null,
        worker: null,
      })
      return run.id
    },
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
  const declaration = {
    pools: conformancePools.map((name) => ({ name, concurrencyLimit: null })),
    deployments: [...conformanceDeployments, spec('stranger', stranger)],
    tagLimits: { database: 1 },
  }
  await registerDeployments(backend, { namespace: 'tests', ...declaration })
  const ask = async (method: string, path: string, body?: object) => {
    await fetch(`${fake.apiUrl}${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
  }
  return {
    backend,
    orchestrator: prefectOrchestrator({ backend, namespace: 'tests', declaration }),
    start: ({ flows, limit, name, onProblem, onEvent, sweepMs }) =>
      startWorker({
        // Stopping makes a client impatient for good: each worker has its own.
        backend: createPrefectBackend({ settings }),
        flows,
        limit,
        pools: conformancePools,
        name: name ?? null,
        slotFolder: folder,
        watchMs: 100,
        ...(onProblem && { onProblem }),
        ...(onEvent && { onEvent }),
        ...(sweepMs !== undefined && { sweepMs }),
        registration: null,
        graceSeconds: 0,
        pollMs: 50,
      }),
    async setByHand(id, type, name) {
      await ask('POST', `/flow_runs/${id}/set_state`, { state: { type, name }, force: true })
    },
    resume: (id) => ask('POST', `/flow_runs/${id}/resume`, {}),
    remove: (id) => ask('DELETE', `/flow_runs/${id}`),
    breakDown: (times) => fake.fail('/set_state', { status: 500, body: { detail: 'restarting' } }, times),
    loseAnswers: (times) =>
      fake.fail('/set_state', { instead: { status: 504 } }, times, /"type":"(FAILED|COMPLETED|SCHEDULED)"/),
    async submitStranger() {
      const { id } = await backend.submit({ deployment: 'stranger', parameters: {} })
      return id
    },
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
