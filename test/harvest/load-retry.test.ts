import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Database } from '../../src/database/port.ts'
import { HarvesterError } from '../../src/errors.ts'
import { loadRunFolder } from '../../src/harvest/load.ts'
import { createLocalBackend, flow, memoryStore, runFlow, systemRuntime } from '../../src/runs/index.ts'

/** A load whose database is lost at every try, and what the engine sleeps in between. */
async function sleepsOf(code: 'DATABASE_UNREACHABLE' | 'DATABASE_FAILED', transient: boolean) {
  const sleeps: number[] = []
  let tries = 0
  const lost = () => {
    tries += 1
    throw new HarvesterError(code, 'the connection was lost', { facts: { transient } })
  }
  const database = new Proxy({} as Database, {
    get: (_target, name) => (name === 'kind' ? 'postgres' : async () => lost()),
  })
  const input = {
    services: { config: { settings: { prune: {} } } },
    database,
    run: { runId: 'r', flowRunId: 'r', tell() {} },
    folder: import.meta.dirname,
    listings: [],
    full: false,
    allowPrune: false,
  } as unknown as Parameters<typeof loadRunFolder.run>[0]
  const loading = flow({
    name: 'Load',
    description: 'Loads a folder.',
    runName: () => 'load',
    parameters: z.object({}),
    run: async (_parameters, context) => void (await context.task(loadRunFolder, input)),
  })
  const runtime = {
    ...systemRuntime,
    random: () => 0.5,
    sleep: async (ms: number) => void sleeps.push(ms),
  }
  const backend = createLocalBackend({ store: memoryStore(), runtime })
  const { state } = await runFlow(backend, loading, {}, { runtime })
  expect(state).toBe('FAILED')
  return { sleeps, tries }
}

it.each(['DATABASE_UNREACHABLE', 'DATABASE_FAILED'] as const)(
  'a load that lost its database (%s) is tried again after 2 s, then ever later',
  async (code) => {
    const { sleeps, tries } = await sleepsOf(code, true)
    expect(sleeps.slice(0, 4)).toEqual([2000, 4000, 8000, 16_000])
    // In all it waits for about a quarter of an hour.
    expect(sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(2000 * (2 ** 9 - 1))
    expect(tries).toBe(10)
  },
)

it('a load that fails for what does not pass is not tried again', async () => {
  expect(await sleepsOf('DATABASE_FAILED', false)).toEqual({ sleeps: [], tries: 1 })
})
