import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TaskRun } from '../../src/runs/backend.ts'
import { type PrefectSettings, prefectSettings } from '../../src/runs/index.ts'
import { type PrefectClient, prefectClient } from '../../src/runs/prefect/client.ts'
import { prefectTelemetry, type Telemetry, taskEvents } from '../../src/runs/prefect/telemetry.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'
import { type StateName, type StateType, state } from '../../src/runs/states.ts'
import { type FakePrefect, startFakePrefect } from '../support/prefect-fake.ts'

let server: FakePrefect
let client: PrefectClient
let telemetry: Telemetry
let problems: string[]
beforeEach(async () => {
  server = await startFakePrefect()
  client = prefectClient(prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings)
  problems = []
  const runtime = { ...systemRuntime, sleep: () => systemRuntime.sleep(1) }
  telemetry = prefectTelemetry(client, runtime, (text) => problems.push(text))
})
afterEach(async () => {
  await client.close()
  await server.close()
})

const line = (message: string, run = 'run-1') => ({
  name: 'prefect.flow_runs',
  level: 20,
  message,
  timestamp: '2026-11-21T05:00:00.000Z',
  flow_run_id: run,
  task_run_id: null,
})
const messages = () => server.logs.map(({ message }) => message)
const posts = (path: string) =>
  server.requests.filter((asked) => asked.path === path && asked.method === 'POST')

it('lines of all runs go together, each once, though an answer is lost', async () => {
  server.fail('/logs/', 'lose')
  telemetry.log(line('one'))
  telemetry.log(line('two', 'run-2'))
  await telemetry.flush(10_000)
  expect(messages()).toEqual(['one', 'two'])
  server.fail('/logs/', { status: 500 })
  telemetry.log(line('three'))
  await telemetry.flush(10_000)
  expect(messages()).toEqual(['one', 'two', 'three'])
  expect(problems).toEqual([])
})

/** A task run as it goes through states, all within one moment or each sent by itself. */
async function went(
  names: [StateType, StateName][],
  each: () => Promise<unknown> = async () => {},
): Promise<string[]> {
  const changed = taskEvents({
    telemetry,
    run: { id: 'run-1', name: 'r', flow: 'F' },
    flowId: 'f',
    runtime: systemRuntime,
  })
  for (const [type, name] of names) {
    const now = new Date()
    changed({
      id: 'task-1',
      flowRunId: 'run-1',
      flowRunCount: 1,
      name: 't',
      task: 't',
      dynamicKey: 'd',
      tags: [],
      after: [],
      retries: 1,
      retryDelaySeconds: 1,
      runCount: 1,
      state: state(type, now, { name }),
      expectedStartAt: now,
      startedAt: now,
      endedAt: type === 'COMPLETED' ? now : null,
      runningSeconds: 0,
    } satisfies TaskRun)
    await each()
  }
  await telemetry.flush(10_000)
  const events = posts('/events').flatMap(({ body }) => body as unknown as { event: string }[])
  return events.map(({ event }) => event.replace('prefect.task-run.', ''))
}

it('a quick task is told by its end alone, which tells when it began', async () => {
  expect(
    await went([
      ['PENDING', 'Pending'],
      ['RUNNING', 'Running'],
      ['COMPLETED', 'Completed'],
    ]),
  ).toEqual(['Completed'])
  const [task] = server.taskRuns.values()
  expect(task).toMatchObject({ name: 't', state: { type: 'COMPLETED' }, run_count: 1 })
})

it('a task that takes its time is told as it goes', async () => {
  const each = () => telemetry.flush(10_000)
  const names: [StateType, StateName][] = [
    ['PENDING', 'Pending'],
    ['RUNNING', 'Running'],
    ['COMPLETED', 'Completed'],
  ]
  expect(await went(names, each)).toEqual(['Pending', 'Running', 'Completed'])
})

it('no retry is left out', async () => {
  const names: [StateType, StateName][] = [
    ['PENDING', 'Pending'],
    ['RUNNING', 'Running'],
    ['SCHEDULED', 'AwaitingRetry'],
    ['RUNNING', 'Retrying'],
    ['COMPLETED', 'Completed'],
  ]
  expect(await went(names)).toEqual(['Running', 'AwaitingRetry', 'Retrying', 'Completed'])
})
