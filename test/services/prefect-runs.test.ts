import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { registerDeployments, triggerDeployment } from '../../src/runs/index.ts'
import { waitUntil } from '../support/prefect.ts'
import { deployments, spec, stranger } from '../support/prefect-flows.ts'
import {
  ended,
  graph,
  logOf,
  onPrefect,
  registration,
  running,
  setStateByHand,
  stage,
  stateOf,
  withWorker,
} from '../support/prefect-stage.ts'

onPrefect()

describe('a run', () => {
  it('completes with its tasks in the graph, its log, artifacts, name and worker', async () => {
    await withWorker(async (worker) => {
      const { id } = await triggerDeployment(stage.backend, 'Test Source/source', { n: 5 })
      expect(await ended(id)).toBe('Completed: 5 harvested (1)')
      const { data: wire } = await stage.backend.client.normal.GET('/flow_runs/{id}', {
        params: { path: { id } },
      })
      expect(wire?.name).toBe('source-5')
      expect(wire?.labels).toMatchObject({ 'prefect.worker.name': worker.name })
      await waitUntil('the graph', async () => {
        const nodes = await graph(id)
        return nodes.length === 5 && nodes.every((node) => node.includes('COMPLETED'))
      })
      expect(await graph(id)).toEqual([
        'fetch-ckan COMPLETED after ',
        'harvest-datasets COMPLETED after fetch-ckan, list-datasets',
        'list-datasets COMPLETED after ',
        'load COMPLETED after merge-and-write',
        'merge-and-write COMPLETED after harvest-datasets',
      ])
      expect((await logOf(id)).filter((line) => line.startsWith('harvested'))).toHaveLength(5)
      const { data: artifacts } = await stage.backend.client.normal.POST('/artifacts/filter', {
        body: {
          artifacts: { operator: 'and_', flow_run_id: { any_: [id] } },
          sort: 'KEY_ASC',
          limit: 10,
          offset: 0,
        },
      })
      expect(artifacts?.map((item) => [item.key, item.type, item.data])).toEqual([
        ['harvest-dataset-status-test', 'table', '[{"dataset_id":"a","status":"success"}]'],
        ['harvest-progress-test', 'progress', 100],
      ])
      expect(stage.problems).toEqual([])
    })
  })

  it('is refused when its parameters do not follow the schema', async () => {
    await expect(triggerDeployment(stage.backend, 'source', { n: 'x' })).rejects.toMatchObject({
      code: 'PARAMETERS_INVALID',
      message: expect.stringContaining("'x' is not of type 'integer'"),
    })
    await expect(triggerDeployment(stage.backend, 'nowhere', {})).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('that is cancelled while a request hangs ends the request and is settled, its task too', async () => {
    const asked: Server = createServer(() => {})
    await new Promise<void>((done) => asked.listen(0, '127.0.0.1', done))
    const { port } = asked.address() as { port: number }
    const sockets: Socket[] = []
    asked.on('request', ({ socket }) => sockets.push(socket))
    try {
      await withWorker(async () => {
        const { id } = await triggerDeployment(stage.backend, 'hang', { url: `http://127.0.0.1:${port}/` })
        await waitUntil('the request', () => sockets.length > 0)
        await setStateByHand(id, 'CANCELLING', 'Cancelling')
        expect(await ended(id)).toBe('Cancelled: Flow run was cancelled successfully. (1)')
        // A run that does not listen is settled, too, a while after it was told; its request would hang five minutes.
        await waitUntil('the end of the request', () => sockets[0]!.closed, 60_000)
        await waitUntil('the task', async () => (await graph(id))[0] === 'ask CANCELLED after ')
      })
    } finally {
      asked.closeAllConnections()
      asked.close()
    }
  })

  it('that is cancelled before it started never starts', async () => {
    const { id } = await triggerDeployment(stage.backend, 'slow', {})
    await stage.backend.cancelRun(id)
    expect(await stateOf(id)).toMatch(/^Cancelled/)
  })

  it('that fails is retried by this process as often as the flow says', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(stage.backend, 'flaky', {})
      expect(await ended(id)).toBe('Completed: attempt 2 (2)')
      await waitUntil('both tasks', async () => (await graph(id)).length === 2)
    })
  })

  it('that fails by its counts is not retried', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(stage.backend, 'counts', {})
      expect(await ended(id)).toBe('Failed: 3 of 4 failed (1)')
    })
  })

  it('that ended runs again when somebody presses Retry, and keeps the tasks of both attempts', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(stage.backend, 'source', { n: 2 })
      await ended(id)
      await waitUntil('the tasks', async () => (await graph(id)).length === 5)
      await setStateByHand(id, 'SCHEDULED', 'AwaitingRetry')
      await waitUntil('the second attempt', async () => (await stateOf(id)) === 'Completed: 2 harvested (2)')
      await waitUntil('the tasks of both attempts', async () => (await graph(id)).length === 10)
    })
  })

  it('waits in the queue while its deployment is at its limit', async () => {
    await withWorker(async () => {
      // Long enough for any machine; ended as soon as the second was seen to wait.
      const first = await triggerDeployment(stage.backend, 'slow-one', { seconds: 120 })
      await running(first.id)
      const second = await triggerDeployment(stage.backend, 'slow-one', { seconds: 0 })
      await waitUntil('the second to queue', async () =>
        (await stateOf(second.id)).startsWith('AwaitingConcurrencySlot'),
      )
      await stage.backend.cancelRun(first.id)
      expect(await ended(first.id)).toMatch(/^Cancelled/)
      expect(await ended(second.id)).toMatch(/^Completed/)
    })
  })

  it('that says and shows far too much completes all the same', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(stage.backend, 'noisy', { lines: 50_000 })
      expect(await ended(id)).toBe('Completed: said all (1)')
      const { data: artifacts } = await stage.backend.client.normal.POST('/artifacts/filter', {
        body: {
          artifacts: { operator: 'and_', flow_run_id: { any_: [id] } },
          sort: 'KEY_ASC',
          limit: 10,
          offset: 0,
        },
      })
      expect(artifacts?.map((item) => item.key)).toEqual(['too-big', 'too-long'])
      expect(artifacts?.[1]?.description).toMatch(/^rows – \d+ of 50000 shown$/)
      const [, , first] = await logOf(id)
      // One value of a line is cut to what people read, whoever wrote it.
      expect(first).toMatch(/^x{4095}…$/)
    })
  })

  it('of a flow that the worker does not know is left alone, and said so', async () => {
    await registerDeployments(stage.backend, {
      ...registration,
      deployments: [...deployments, spec('stranger', stranger)],
    })
    const { id } = await triggerDeployment(stage.backend, 'stranger', {})
    await withWorker(async () => {
      const other = await triggerDeployment(stage.backend, 'source', { n: 1 })
      await ended(other.id)
      await waitUntil('the complaint', () => stage.problems.some((line) => line.includes('Test Stranger')))
      expect(await stateOf(id)).toMatch(/^(Scheduled|Late)/)
    })
    await stage.backend.cancelRun(id)
    await registerDeployments(stage.backend, { ...registration, prune: true })
  })
})

describe('a parent', () => {
  it('and its children finish on one worker with a limit of one; the children hang in its graph', async () => {
    await withWorker(
      async () => {
        const { id } = await triggerDeployment(stage.backend, 'parent', {
          children: ['source', 'flaky', 'counts'],
        })
        expect(await ended(id)).toBe('Failed: 1 of 3 failed: counts Failed (1)')
        const nodes = await graph(id)
        expect(nodes.map((node) => node.split(' ').slice(0, 3).join(' '))).toEqual([
          'Test Counts /',
          'Test Flaky /',
          'Test Source /',
        ])
      },
      { limit: 1 },
    )
  })

  it('that is cancelled cancels its children', async () => {
    await withWorker(async () => {
      const { id } = await triggerDeployment(stage.backend, 'parent', { children: ['slow-long'] })
      let child = ''
      await waitUntil('the child', async () => {
        const { data } = await stage.backend.client.normal.POST('/flow_runs/filter', {
          body: {
            flow_runs: { operator: 'and_', parent_flow_run_id: { operator: 'and_', any_: [id] } },
            sort: 'ID_DESC',
            limit: 10,
            offset: 0,
          },
        })
        child = data?.[0]?.id ?? ''
        return child !== ''
      })
      await setStateByHand(id, 'CANCELLING', 'Cancelling')
      expect(await ended(id, 45_000)).toMatch(/^Cancelled/)
      expect(await ended(child, 45_000)).toMatch(/^Cancelled/)
    })
  })
})
