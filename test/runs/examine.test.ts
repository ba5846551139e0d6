import { afterEach, expect, it } from 'vitest'
import {
  createPrefectBackend,
  type Examined,
  type PrefectSettings,
  prefectOrchestrator,
  prefectSettings,
  registerDeployments,
} from '../../src/runs/index.ts'
import { type FakePrefect, startFakePrefect } from '../support/prefect-fake.ts'
import { harvestPool, slow, spec } from '../support/prefect-flows.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const declaration = {
  deployments: [spec('slow', slow)],
  pools: [{ name: harvestPool, concurrencyLimit: null }],
  tagLimits: {},
}

async function site(database: 'postgresql' | 'sqlite') {
  const fake: FakePrefect = await startFakePrefect({ database })
  const settings = prefectSettings({ PREFECT_API_URL: fake.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings })
  closing.push(
    () => backend.close(),
    () => fake.close(),
  )
  await registerDeployments(backend, { namespace: 'tests', ...declaration })
  const orchestrator = prefectOrchestrator({ backend, namespace: 'tests', declaration })
  return {
    async work(name: string) {
      await fetch(`${fake.apiUrl}/work_pools/${harvestPool}/workers/heartbeat`, {
        method: 'POST',
        body: JSON.stringify({ name }),
      })
    },
    async oneOpenAndOneEnded() {
      const { id } = await orchestrator.submit({ deployment: 'slow', parameters: {} })
      await orchestrator.cancel(id)
      await orchestrator.submit({ deployment: 'slow', parameters: {} })
    },
    async found() {
      const all: Examined[] = []
      for await (const one of orchestrator.examine()) all.push(one)
      return all.find(({ what }) => what === 'Prefect database')
    },
  }
}

it('several workers on SQLite are warned of, and what to do about it', async () => {
  const { work, oneOpenAndOneEnded, found } = await site('sqlite')
  await oneOpenAndOneEnded()
  await work('one')
  expect(await found()).toMatchObject({ level: 'ok', text: expect.stringContaining('SQLite') })
  await work('two')
  expect(await found()).toMatchObject({
    level: 'warn',
    text: expect.stringContaining('2 workers poll'),
    remedy: expect.stringContaining('postgresql+asyncpg://'),
  })
})

it('several workers on PostgreSQL are fine', async () => {
  const { work, oneOpenAndOneEnded, found } = await site('postgresql')
  await oneOpenAndOneEnded()
  await work('one')
  await work('two')
  expect(await found()).toMatchObject({ level: 'ok', text: 'PostgreSQL' })
})

it('nothing is said of a database that nothing is known of', async () => {
  const { found } = await site('sqlite')
  expect(await found()).toBeUndefined()
})
