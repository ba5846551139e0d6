import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { DeclaredDeployment } from '../../src/config/deployments-file.ts'
import { engineStatus } from '../../src/operate/status/engine-status.ts'
import { ago, renderStatus, type StatusReport } from '../../src/operate/status/report.ts'
import {
  createLocalBackend,
  flow,
  localOrchestrator,
  memoryStore,
  systemRuntime,
} from '../../src/runs/index.ts'
import { state } from '../../src/runs/states.ts'

const now = new Date('2026-01-01T04:00:00Z')
const harvest = flow({
  name: 'Harvest All Sources',
  description: '',
  parameters: z.object({}),
  runName: () => 'harvest-all',
  run: async () => undefined,
})

async function seeded() {
  const store = memoryStore()
  const backend = createLocalBackend({
    store,
    runtime: { ...systemRuntime, now: () => now },
    tagLimits: { database: 3 },
    pools: [
      {
        name: 'maintenance',
        concurrencyLimit: null,
        queues: [{ name: 'big', concurrencyLimit: 2, priority: null }],
      },
    ],
    deployments: [
      {
        name: 'harvest-all',
        flow: harvest,
        parameters: {},
        schedule: { cron: '0 5 * * *', timezone: 'UTC' },
        concurrencyLimit: 1,
        tags: [],
        workPool: 'maintenance',
        description: '',
        version: '1',
        startsChildren: true,
      },
    ],
  })
  const { id } = await backend.submit({ deployment: 'harvest-all', parameters: {}, scheduledAt: now })
  await store.transition(id, ['SCHEDULED'], state('PENDING', now), { worker: 'w1' })
  const startedAt = new Date(now.getTime() - 300_000)
  await store.transition(id, ['PENDING'], state('RUNNING', now), { startedAt })
  await store.saveArtifact({
    id: randomUUID(),
    flowRunId: id,
    taskRunId: null,
    artifact: { type: 'progress', key: 'p', description: null, data: 42 },
    at: now,
  })
  await backend.submit({
    deployment: 'harvest-all',
    parameters: {},
    scheduledAt: new Date(now.getTime() - 1),
  })
  await store.setLimit({ name: 'pool:maintenance', limit: 4, setAt: now, setBy: 'ann' })
  await backend.acquireTags(['database'], 'task', new AbortController().signal)
  await store.touchWorker('w1', new Date(now.getTime() - 20_000))
  await store.touchWorker('w2', new Date(now.getTime() - 600_000))
  return { id, backend }
}

const declared = [
  { name: 'harvest-all', flow: 'Harvest All Sources', source: null },
] as unknown as DeclaredDeployment[]

test('the standalone engine tells what runs and how far, what waits, who lives, and what comes next', async () => {
  const { id, backend } = await seeded()
  const found = await engineStatus(localOrchestrator({ backend }), declared)
  expect(found.pools).toEqual([
    {
      name: 'maintenance',
      status: 'ready',
      limit: 4,
      waiting: 1,
      queues: [
        { name: 'big', status: 'ready', limit: 2, waiting: 0 },
        { name: 'default', status: 'ready', limit: null, waiting: 1 },
      ],
    },
  ])
  expect(found.workers.map(({ name, alive }) => [name, alive])).toEqual([
    ['w1', true],
    ['w2', false],
  ])
  expect(found.running).toMatchObject([{ id, state: 'Running', worker: 'w1', percent: 42 }])
  expect(found.deployments[0]).toMatchObject({
    name: 'harvest-all',
    nextRunAt: new Date('2026-01-01T05:00:00Z'),
  })
  expect(found.limits).toEqual([
    { name: 'tag:database', limit: 3, active: 1 },
    { name: 'pool:maintenance', limit: 4, active: 1 },
    { name: 'queue:maintenance/big', limit: 2, active: 0 },
    { name: 'deployment:harvest-all', limit: 1, active: 1 },
  ])
})

test('a person sees all of it as tables, and what could not be asked as a problem', async () => {
  const { id, backend } = await seeded()
  const report: StatusReport = {
    at: now,
    version: '1.0.0',
    engine: { kind: 'standalone', url: null, version: null },
    state: await engineStatus(localOrchestrator({ backend }), declared),
    database: { description: 'the database', bytes: 2_500_000_000 },
    sources: [
      {
        url: 'https://a.example.org/erddap',
        datasets: 7,
        succeededAt: new Date('2025-12-30T04:00:00Z'),
        ageHours: 48,
      },
      { url: 'https://b.example.org/erddap', datasets: 0, succeededAt: null, ageHours: null },
    ],
    problems: ['something is away'],
  }
  const shown = renderStatus(report)
  for (const part of [
    '! something is away',
    'the database, 2.5 GB',
    id.slice(0, 8),
    '42 %',
    'maintenance/big',
    'offline',
    '2026-01-01T05:00:00Z',
    '2 d ago',
    'never',
  ])
    expect(shown).toContain(part)
})

test('ages are told in the unit that a person would use', () => {
  const before = (seconds: number) => ago(now, new Date(now.getTime() - seconds * 1000))
  expect([0, 119, 120, 7200, 172_800].map(before)).toEqual([
    '0 s ago',
    '119 s ago',
    '2 min ago',
    '2 h ago',
    '2 d ago',
  ])
})
