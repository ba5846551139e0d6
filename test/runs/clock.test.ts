import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  createPrefectBackend,
  flowRegistry,
  type PrefectSettings,
  prefectOrchestrator,
  prefectSettings,
  registerDeployments,
  startWorker,
  systemRuntime,
} from '../../src/runs/index.ts'
import { clockAhead } from '../../src/runs/prefect/transport.ts'
import { waitUntil } from '../support/prefect.ts'
import { startFakePrefect } from '../support/prefect-fake.ts'
import { deployments, flows, harvestPool, maintenancePool } from '../support/prefect-flows.ts'

const at = Date.parse('2026-11-28T12:00:00Z')
const header = (ms: number) => new Date(ms).toUTCString()

describe('the clock of the server', () => {
  it('agrees within what a header of whole seconds can tell', () => {
    expect(clockAhead(header(at), at + 900, at + 950)).toBe(0)
    expect(clockAhead(header(at), at - 1000, at - 900)).toBe(0)
    expect(clockAhead(header(at), at + 1500, at + 1600)).toBe(0)
  })

  it('is ahead or behind by what lies between', () => {
    expect(clockAhead(header(at + 300_000), at, at + 100)).toBe(300_450)
    expect(clockAhead(header(at - 300_000), at, at + 100)).toBe(-299_550)
  })

  it('is not guessed from an answer without it', () => {
    expect(clockAhead('undefined', at, at)).toBeNull()
  })
})

/** Far less than the clocks are apart, and enough for a busy machine. */
const soonMs = 120_000

describe.each([
  ['behind', -300_000],
  ['ahead', 300_000],
])('a worker whose clock is five minutes %s', (_, shift) => {
  it('takes at once what is due by the server, gives it back due, and an operator beside it sees it', async () => {
    const fake = await startFakePrefect()
    const folder = mkdtempSync(join(tmpdir(), 'clock-'))
    const runtime = { ...systemRuntime, now: () => new Date(Date.now() + shift) }
    const settings = prefectSettings({ PREFECT_API_URL: fake.apiUrl }) as PrefectSettings
    const pools = [harvestPool, maintenancePool]
    const declaration = {
      deployments,
      pools: pools.map((name) => ({ name, concurrencyLimit: null })),
      tagLimits: { database: 1 },
    }
    const backend = createPrefectBackend({ settings, runtime })
    await registerDeployments(backend, { namespace: 'tests', ...declaration })
    const start = () =>
      startWorker({
        backend: createPrefectBackend({ settings, runtime }),
        runtime,
        flows: flowRegistry(flows),
        pools,
        name: 'skewed',
        slotFolder: folder,
        registration: null,
        graceSeconds: 0,
        pollMs: 50,
      })
    try {
      const first = await start()
      const { id } = await backend.submit({ deployment: 'slow', parameters: { seconds: 5 } })
      await waitUntil('the run', () => fake.runs.get(id)?.state.type === 'RUNNING', soonMs, 20)
      const orchestrator = prefectOrchestrator({ backend, namespace: 'tests', declaration })
      expect((await orchestrator.list({ deployment: 'slow' })).map((run) => run.id)).toEqual([id])
      await first.stop()
      expect(fake.runs.get(id)?.state.type).toBe('SCHEDULED')
      const second = await start()
      await waitUntil('the end', () => fake.runs.get(id)?.state.type === 'COMPLETED', soonMs, 20)
      await second.stop()
    } finally {
      await backend.close()
      await fake.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
