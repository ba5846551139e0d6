import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { z } from 'zod'
import { type AnyFlow, completed, type DeploymentSpec, failed, flow, task } from '../../src/runs/index.ts'

/** Small flows that behave as the product's do: the same shapes, no sources. */

const list = task({ name: 'list-datasets', run: async (n: number) => Array.from({ length: n }, (_, i) => i) })
const fetchCkan = task({ name: 'fetch-ckan', run: async () => 'ckan' })
const harvest = task({
  name: 'harvest-datasets',
  run: async (items: number[], at) => {
    const bar = await at.artifact.progress({ key: 'harvest-progress-test' })
    for (const [index, item] of items.entries()) {
      at.log.info({ item }, 'harvested')
      bar.update(((index + 1) / items.length) * 100)
    }
    await bar.flush()
    return items.length
  },
})
const merge = task({ name: 'merge-and-write', run: async (count: number) => count })
const load = task({ name: 'load', tags: ['database'], retries: 3, run: async (count: number) => count })

export const source = flow({
  name: 'Test Source',
  description: 'The graph of a harvest.',
  parameters: z.object({ n: z.number().int().default(3), triggered_by: z.string().optional() }),
  runName: ({ n }) => `source-${n}`,
  run: async ({ n }, run) => {
    const listed = run.task(list, n)
    const ckan = run.task(fetchCkan, undefined)
    const harvested = run.task(harvest, await listed, { after: [listed, ckan] })
    const merged = run.task(merge, await harvested, { after: [harvested] })
    const loaded = run.task(load, await merged, { after: [merged] })
    await run.artifact.table({
      key: 'harvest-dataset-status-test',
      rows: [{ dataset_id: 'a', status: 'success' }],
    })
    return completed(`${await loaded} harvested`)
  },
})

export const hang = flow({
  name: 'Test Hang',
  description: 'Asks a server that never answers.',
  parameters: z.object({ url: z.string() }),
  runName: () => 'hang',
  run: async ({ url }, run) => {
    const ask = task({
      name: 'ask',
      run: async (_: undefined, at) => (await request(url, { signal: at.signal })).statusCode,
    })
    return completed(String(await run.task(ask, undefined)))
  },
})

export const flaky = flow({
  name: 'Test Flaky',
  description: 'Fails at its first attempt.',
  parameters: z.object({}),
  runName: () => 'flaky',
  retries: 1,
  retryDelaySeconds: 1,
  run: async (_, run) => {
    const step = task({ name: 'step', run: async () => run.runCount })
    await run.task(step, undefined)
    if (run.runCount === 1) throw new Error('the first attempt fails')
    return completed(`attempt ${run.runCount}`)
  },
})

export const byCounts = flow({
  name: 'Test Counts',
  description: 'Fails by its counts, though it has retries.',
  parameters: z.object({}),
  runName: () => 'by-counts',
  retries: 2,
  retryDelaySeconds: 0,
  run: async () => failed('3 of 4 failed'),
})

export const says = flow({
  name: 'Test Says',
  description: 'Fails with the message that it is given.',
  parameters: z.object({ message: z.string() }),
  runName: () => 'says',
  run: async ({ message }) => failed(message),
})

export const slow = flow({
  name: 'Test Slow',
  description: 'Takes its time.',
  parameters: z.object({ seconds: z.number().default(1), marker: z.string().optional() }),
  runName: ({ seconds }) => `slow-${seconds}`,
  run: async ({ seconds }, run) => {
    const wait = task({
      name: 'wait',
      run: async (_: undefined, at) => {
        at.log.info({}, 'waiting begins')
        await sleep(seconds * 1000, undefined, { signal: at.signal })
        at.log.info({}, 'waiting ends')
      },
    })
    await run.task(wait, undefined)
    return completed(`attempt ${run.runCount}`)
  },
})

export const parent = flow({
  name: 'Test Parent',
  description: 'Fans out and waits.',
  parameters: z.object({ children: z.array(z.string()), pollSeconds: z.number().default(0.5) }),
  runName: () => 'parent',
  run: async ({ children, pollSeconds }, run) => {
    const runs = []
    for (const name of children) runs.push(await run.runDeployment(name, {}))
    const ends = await run.waitFor(runs, { pollSeconds })
    const bad = ends.filter((end) => end.type !== 'COMPLETED')
    return bad.length > 0
      ? failed(
          `${bad.length} of ${ends.length} failed: ${bad.map((end) => `${end.deployment} ${end.stateName}`).join(', ')}`,
        )
      : completed(`${ends.length} children`)
  },
})

export const noisy = flow({
  name: 'Test Noisy',
  description: 'Says and shows far too much.',
  parameters: z.object({ lines: z.number().default(100_000) }),
  runName: () => 'noisy',
  run: async ({ lines }, run) => {
    run.log.info({}, 'x'.repeat(2_000_000))
    for (let i = 0; i < lines; i++) run.log.info({ i }, 'one of many')
    await run.artifact.markdown({ key: 'too-big', markdown: 'a line of text\n'.repeat(350_000) })
    await run.artifact.table({
      key: 'too-long',
      rows: Array.from({ length: 50_000 }, (_, id) => ({ id, text: 'x'.repeat(80) })),
      description: 'rows',
    })
    return completed('said all')
  },
})

export const stranger = flow({
  name: 'Test Stranger',
  description: 'A flow that the workers of the tests do not know.',
  parameters: z.object({}),
  runName: () => 'stranger',
  run: async () => completed(''),
})

export const flows: AnyFlow[] = [
  source,
  hang,
  flaky,
  byCounts,
  slow,
  parent,
  noisy,
  says,
] as unknown as AnyFlow[]

export const harvestPool = 'test-harvest'
export const maintenancePool = 'test-maintenance'

export function spec(name: string, of: unknown, more: Partial<DeploymentSpec> = {}): DeploymentSpec {
  return {
    name,
    flow: of as AnyFlow,
    parameters: {},
    schedule: null,
    concurrencyLimit: null,
    tags: ['test'],
    workPool: harvestPool,
    description: 'A deployment of the tests',
    version: 'test-1',
    ...more,
  }
}

export const deployments: DeploymentSpec[] = [
  spec('source', source),
  spec('every-minute', source, { schedule: { cron: '* * * * *', timezone: 'UTC' } }),
  spec('hang', hang, { parameters: { url: 'http://127.0.0.1:9' } }),
  spec('flaky', flaky),
  spec('counts', byCounts),
  spec('slow', slow),
  spec('slow-one', slow, { concurrencyLimit: 1 }),
  spec('slow-long', slow, { parameters: { seconds: 120 } }),
  spec('noisy', noisy),
  spec('parent', parent, {
    workPool: maintenancePool,
    startsChildren: true,
    parameters: { children: ['source'] },
  }),
]
