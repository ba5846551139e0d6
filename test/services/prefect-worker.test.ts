import { describe, expect, it } from 'vitest'
import { registerDeployments, triggerDeployment } from '../../src/runs/index.ts'
import { waitUntil } from '../support/prefect.ts'
import { deployments, harvestPool, spec, stranger } from '../support/prefect-flows.ts'
import {
  ended,
  graph,
  logOf,
  onPrefect,
  registration,
  running,
  stage,
  stateOf,
  withWorker,
} from '../support/prefect-stage.ts'
import { startWorkerProcess } from '../support/prefect-worker-process.ts'

onPrefect()

describe('a worker', () => {
  it('that stops gives its runs back, and the next one completes them; it is gone from the list', async () => {
    const { id } = await triggerDeployment(stage.backend, 'slow', { seconds: 3 })
    await withWorker(() => running(id), { graceSeconds: 0 })
    expect(await stateOf(id)).toMatch(/^Scheduled/)
    const { data: workers } = await stage.backend.client.normal.POST(
      '/work_pools/{work_pool_name}/workers/filter',
      {
        params: { path: { work_pool_name: harvestPool } },
        body: { limit: 50, offset: 0 },
      },
    )
    expect(workers?.map((worker) => worker.name)).toEqual([])
    await withWorker(async () => {
      expect(await ended(id)).toBe('Completed: attempt 2 (2)')
    })
  })

  it('crashes them instead when told so', async () => {
    const { id } = await triggerDeployment(stage.backend, 'slow', { seconds: 30 })
    await withWorker(() => running(id), { graceSeconds: 0, onStop: 'crash' })
    expect(await stateOf(id)).toBe('Crashed: The worker was stopped before the run had ended (1)')
  })

  it('refuses the name of one that lives, and harms none of its runs', async () => {
    await withWorker(
      async () => {
        const { id } = await triggerDeployment(stage.backend, 'slow', { seconds: 3 })
        await running(id)
        await expect(withWorker(async () => {}, { name: 'same' })).rejects.toMatchObject({
          code: 'USAGE',
          message: expect.stringContaining('A worker named same lives already: on '),
        })
        expect(await ended(id)).toBe('Completed: attempt 1 (1)')
      },
      { name: 'same' },
    )
    await withWorker(async () => {}, { name: 'same' })
  })

  it('gives up a run that is paused, and goes on with it when it is resumed', async () => {
    await withWorker(async () => {
      for (const name of ['Paused', 'Suspended']) {
        const { id } = await triggerDeployment(stage.backend, 'slow', { seconds: 3 })
        await running(id)
        await stage.backend.client.normal.POST('/flow_runs/{id}/set_state', {
          params: { path: { id } },
          body: { state: { type: 'PAUSED', name }, force: true },
        })
        await waitUntil('the task to end', async () => (await graph(id))[0] === 'wait CANCELLED after ')
        expect(await stateOf(id)).toMatch(/^Suspended/)
        await stage.backend.client.normal.POST('/flow_runs/{id}/resume', {
          params: { path: { id } },
          body: {},
        })
        expect(await ended(id)).toMatch(/^Completed: attempt 2 /)
      }
    })
  })

  it('leaves a run as a person ended it, and ends one that was deleted', async () => {
    await withWorker(async (worker) => {
      const failed = await triggerDeployment(stage.backend, 'slow', { seconds: 60 })
      const deleted = await triggerDeployment(stage.backend, 'slow', { seconds: 60 })
      await running(failed.id)
      await running(deleted.id)
      await stage.backend.client.normal.POST('/flow_runs/{id}/set_state', {
        params: { path: { id: failed.id } },
        body: { state: { type: 'FAILED', name: 'Failed', message: 'by hand' }, force: true },
      })
      await fetch(`${stage.server.apiUrl}/flow_runs/${deleted.id}`, { method: 'DELETE' })
      await waitUntil('both to end here', () => worker.running === 0)
      expect(await stateOf(failed.id)).toBe('Failed: by hand (1)')
      expect(await stateOf(deleted.id)).toBe('none')
      expect(stage.problems).toEqual([])
    })
  })

  it('passes more runs of a flow that it does not know than a page holds', async () => {
    await registerDeployments(stage.backend, {
      ...registration,
      deployments: [...deployments, spec('stranger', stranger)],
    })
    for (let n = 0; n < 25; n++) await triggerDeployment(stage.backend, 'stranger', {})
    await withWorker(async () => {
      const { id } = await triggerDeployment(stage.backend, 'source', { n: 1 })
      expect(await ended(id)).toMatch(/^Completed/)
    })
    await registerDeployments(stage.backend, { ...registration, prune: true })
  })

  it('that was killed has its run settled at its next start', async () => {
    const options = { TEST_SLOTS: stage.folder, TEST_WORKER: 'killed' }
    const worker = await startWorkerProcess(stage.server.apiUrl, options)
    const { id } = await triggerDeployment(stage.backend, 'slow', { seconds: 60 })
    await running(id)
    await worker.kill('SIGKILL')
    const next = await startWorkerProcess(stage.server.apiUrl, options)
    expect(await stateOf(id)).toBe(
      `Crashed: Worker killed ended before the run did; \`harvester runs retry ${id.slice(0, 8)}\` goes on where it stopped (1)`,
    )
    await next.kill('SIGTERM')
  })

  it('shares 30 runs with another one, and each run runs once', async () => {
    const workers = await Promise.all(
      ['one', 'two'].map((name) =>
        startWorkerProcess(stage.server.apiUrl, { TEST_WORKER: name, TEST_SLOTS: stage.folder }),
      ),
    )
    const runs = await Promise.all(
      Array.from({ length: 30 }, (_, n) => triggerDeployment(stage.backend, 'source', { n })),
    )
    for (const { id } of runs) expect(await ended(id)).toMatch(/^Completed: \d+ harvested \(1\)$/)
    // Other runs may fall due meanwhile: only ours are counted.
    const ours = new Set(runs.map(({ id }) => id))
    const count = (text: string) =>
      [...text.matchAll(/LOG (\S+) Completed:/g)].filter(([, id]) => ours.has(id as string)).length
    await waitUntil(
      'all lines',
      () => workers.reduce((sum, worker) => sum + count(worker.output()), 0) >= 30,
      5000,
    )
    expect(workers.map((worker) => count(worker.output())).reduce((a, b) => a + b)).toBe(30)
    for (const worker of workers) expect(count(worker.output())).toBeGreaterThan(0)
    await Promise.all(workers.map((worker) => worker.kill('SIGTERM')))
  })

  it('goes on with a run while the server is killed and started again', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(stage.backend, 'slow', { seconds: 4 })
      await running(id)
      await stage.server.kill()
      await stage.server.restart()
      expect(await ended(id)).toBe('Completed: attempt 1 (1)')
      await waitUntil('the log', async () => (await logOf(id)).includes('waiting ends'))
      await waitUntil('the task', async () => (await graph(id))[0] === 'wait COMPLETED after ')
    })
  })
})
