import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Source, sourceOptionsSchema } from '../../../src/config/source.ts'
import { harvestParameters } from '../../../src/flows/harvest-source.ts'
import type { BackfillRun, Target } from '../../../src/operate/backfill/engine.ts'
import { foreignFlow } from '../../../src/operate/backfill/engine.ts'
import {
  combinations,
  hashOf,
  idempotencyKey,
  planBackfill,
  readIdempotencyKey,
  stepsOf,
} from '../../../src/operate/backfill/plan.ts'
import { parseEach, parseParam } from '../../../src/operate/backfill/values.ts'
import { type AnyFlow, completed, flow, type StateType } from '../../../src/runs/index.ts'
import { state } from '../../../src/runs/states.ts'

const at = new Date('2026-11-21T12:00:00Z')

const source = (host: string): Source =>
  sourceOptionsSchema.parse({
    type: 'erddap',
    url: `https://${host}.example.org/erddap`,
    slug: `${host}-example-org`,
    concurrency: 2,
    requestsPerSecond: null,
    timeoutSeconds: null,
    datasetIds: null,
    skipDatasetIds: [],
    cron: null,
    contact: null,
  })

const harvest = flow({
  name: 'Harvest Source',
  description: '',
  parameters: harvestParameters,
  runName: ({ source_options }) => `harvest-${source_options?.slug ?? 'full'}`,
  run: async () => completed(''),
}) as unknown as AnyFlow

const target: Target = {
  deployment: 'harvest-a-example-org',
  flow: harvest,
  parameters: { source: source('a').url, source_options: source('a') },
  sources: [
    { source: source('a'), deployment: 'harvest-a-example-org' },
    { source: source('b'), deployment: 'harvest-b-example-org' },
    { source: source('c'), deployment: null },
  ],
  namespace: 'tests',
}

const count = flow({
  name: 'Count',
  description: '',
  parameters: z.object({
    n: z.number().int().min(0).default(0),
    words: z.array(z.string()).default([]),
    text: z.string().default(''),
  }),
  runName: ({ n }) => `count-${n}`,
  run: async () => completed(''),
}) as unknown as AnyFlow
const counting: Target = { ...target, deployment: 'count', flow: count, parameters: {}, sources: [] }

const plan = (of: Target, each: string[], params: string[] = [], key?: string) =>
  planBackfill({
    target: of,
    each: each.map((text) => parseEach(text)),
    params: params.map(parseParam),
    key,
  })

function caught(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('the values of --each', () => {
  it('reads a list, JSON and a file', () => {
    const texts = (text: string) => parseEach(text, () => '# a comment\none\n\n two, with a comma \n')
    expect(texts('source=a, b,c').values.map(({ value }) => value)).toEqual(['a', 'b', 'c'])
    expect(texts('n=1,2').values.map(({ value }) => value)).toEqual([1, 2])
    expect(texts('source=["a","b, c"]').values.map(({ value }) => value)).toEqual(['a', 'b, c'])
    expect(texts('source=@list.txt').values.map(({ value }) => value)).toEqual(['one', 'two, with a comma'])
  })

  it('refuses what has no name, no value or an empty one, and a list that is none', () => {
    for (const text of [
      'source',
      '=a',
      'source=',
      'source=a,,b',
      'source=[a',
      'source=[]',
      'source=@nowhere',
    ])
      expect(caught(() => parseEach(text))).toMatchObject({ code: 'USAGE' })
  })
})

describe('the plan of a backfill', () => {
  it('takes every combination', () => {
    expect(
      plan(counting, ['n=1,2', 'text=a,b'], ['words=["x"]']).items.map((item) => item.parameters),
    ).toEqual([1, 2].flatMap((n) => ['a', 'b'].map((text) => ({ n, text, words: ['x'] }))))
  })

  it('takes a value as the flow wants it: text, number or list', () => {
    expect(plan(counting, ['text=1,2']).items.map(({ parameters }) => parameters.text)).toEqual(['1', '2'])
    expect(plan(counting, ['words=a,7']).items.map(({ parameters }) => parameters.words)).toEqual([
      ['a'],
      ['7'],
    ])
    expect(
      plan(counting, ['words=[["a","b"],["c"]]']).items.map(({ parameters }) => parameters.words),
    ).toEqual([['a', 'b'], ['c']])
  })

  it('gives the run of a source to its own deployment, and never with the options of another source', () => {
    const { items } = plan(
      target,
      ['source=a.example.org,b-example-org,https://c.example.org/erddap/'],
      ['force=true'],
    )
    expect(items.map(({ deployment, runName }) => [deployment, runName])).toEqual([
      ['harvest-a-example-org', 'harvest-a-example-org'],
      ['harvest-b-example-org', 'harvest-b-example-org'],
      ['harvest-a-example-org', 'harvest-c-example-org'],
    ])
    for (const [index, host] of ['a', 'b', 'c'].entries())
      expect(items[index]?.parameters).toEqual({
        force: true,
        source: source(host).url,
        source_options: source(host),
      })
  })

  it('keeps the source of the deployment where only other things vary', () => {
    const { items } = plan(target, ['dataset_ids=one,two'])
    expect(items.map(({ parameters }) => parameters)).toEqual([
      { dataset_ids: ['one'] },
      { dataset_ids: ['two'] },
    ])
  })

  it('does the same source once, however it was named', () => {
    const { items, repeated } = plan(target, ['source=a.example.org,a-example-org,b.example.org'])
    expect([items.length, repeated]).toEqual([2, 1])
  })

  it('names all unknown sources at once', () => {
    expect(caught(() => plan(target, ['source=a.example.org,nobody,nowhere']))).toMatchObject({
      code: 'SOURCE_UNKNOWN',
      exitCode: 2,
      message: expect.stringMatching(/"nobody".*"nowhere"/),
      remedy: expect.stringContaining('a-example-org'),
    })
  })

  it('names all that does not fit at once, before anything starts', () => {
    const error = caught(() => plan(target, ['source=nobody', 'dataset_ids=x'], ['force=maybe', 'sorce=a']))
    expect(error).toMatchObject({ code: 'PARAMETERS_INVALID', exitCode: 2 })
    for (const part of ['nobody', 'force = maybe', 'no parameter sorce'])
      expect((error as Error).message).toContain(part)
    expect(caught(() => plan(counting, ['n=1,-2,x']))).toMatchObject({
      message: expect.stringMatching(/n = -2: .*n = x: /),
    })
  })

  it('refuses a name twice, and far too many runs', () => {
    expect(caught(() => plan(counting, ['n=1'], ['n=2']))).toMatchObject({ code: 'USAGE' })
    const many = JSON.stringify(Array.from({ length: 101 }, (_, n) => n))
    expect(caught(() => plan(counting, [`n=${many}`, `text=${many}`]))).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('10201'),
    })
  })

  it('checks the parameters of somebody else’s flow by the schema that was registered with it', () => {
    const foreign = foreignFlow('dbt', {
      title: 'Parameters',
      type: 'object',
      properties: {
        target: { $ref: '#/definitions/Target' },
        day: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      },
      required: ['target'],
      definitions: { Target: { type: 'string', enum: ['dev', 'prod'] } },
    })
    const of: Target = { ...counting, flow: foreign, parameters: { target: 'dev' } }
    expect(plan(of, ['day=2026-01-01,2026-01-02']).items).toHaveLength(2)
    expect(caught(() => plan(of, ['target=prod,test'], ['hour=1']))).toMatchObject({
      code: 'PARAMETERS_INVALID',
      message: expect.stringMatching(/target = test: .*no parameter hour/),
    })
    expect(foreignFlow('dbt', {})).toBeNull()
    expect(
      foreignFlow('dbt', { type: 'object', properties: { a: { $ref: '#/definitions/gone' } } }),
    ).toBeNull()
  })

  it('leaves the parameters of a flow it knows nothing of to the server', () => {
    const { items } = plan({ ...counting, flow: null }, ['anything=1,b'])
    expect(items.map(({ parameters }) => parameters)).toEqual([{ anything: 1 }, { anything: 'b' }])
  })
})

const numbers = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 8 })
const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 5 })
const planned = (n: readonly number[], text: readonly string[], more: Partial<Target> = {}) =>
  plan({ ...counting, ...more }, [`n=${JSON.stringify(n)}`, `text=${JSON.stringify(text)}`])

describe('the keys of a backfill', () => {
  it('are the same for the same input, in whatever order', () => {
    fc.assert(
      fc.property(numbers, words, (n, text) => {
        const one = planned(n, text)
        const other = planned([...n].reverse(), [...text].reverse())
        expect(other.key).toBe(one.key)
        expect(new Set(other.items.map(({ hash }) => hash))).toEqual(
          new Set(one.items.map(({ hash }) => hash)),
        )
        expect(new Set(one.items.map(({ hash }) => hash)).size).toBe(n.length * text.length)
      }),
    )
  })

  it('differ for other values, another deployment and another namespace', () => {
    fc.assert(
      fc.property(numbers, words, (n, text) => {
        const { key } = planned(n, text)
        expect(planned([...n, 1001], text).key).not.toBe(key)
        expect(planned(n, text, { deployment: 'other' }).key).not.toBe(key)
        expect(planned(n, text, { namespace: 'other' }).key).not.toBe(key)
      }),
    )
  })

  it('are read back from what the back end stores, whatever the backfill is called', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[\w.-]{1,20}$/),
        fc.anything(),
        fc.integer({ min: 1, max: 99 }),
        (key, value, attempt) => {
          const hash = hashOf(JSON.parse(JSON.stringify(value) ?? 'null')).slice(0, 16)
          expect(readIdempotencyKey(idempotencyKey(key, hash, attempt))).toEqual({ hash, attempt })
        },
      ),
    )
    expect(readIdempotencyKey('schedule:harvest-a:2026')).toBeNull()
    expect(readIdempotencyKey(null)).toBeNull()
  })

  it('count as many combinations as the product of the lists', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 4 }), (lists) => {
        const found = combinations(lists.map((list, index): [string, number[]] => [`p${index}`, list]))
        expect(found).toHaveLength(lists.reduce((product, list) => product * list.length, 1))
      }),
    )
  })
})

describe('what is left to do', () => {
  const run = (hash: string, attempt: number, type: StateType): BackfillRun => ({
    id: `${hash}-${attempt}`,
    name: '',
    hash,
    attempt,
    state: state(type, at),
    startedAt: null,
    endedAt: null,
  })
  const types = ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'] as const
  const bad = new Set<StateType>(['FAILED', 'CRASHED', 'CANCELLED'])

  it('is exactly what was never started, and what failed where that is asked for', () => {
    const histories = fc.array(fc.array(fc.constantFrom(...types), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 12,
    })
    fc.assert(
      fc.property(histories, fc.boolean(), (history, retryFailed) => {
        const { items } = plan(counting, [`n=${JSON.stringify(history.map((_, n) => n))}`])
        const known = items.flatMap(({ hash }, index) =>
          (history[index] ?? []).map((type, attempt) => run(hash, attempt + 1, type)),
        )
        const steps = stepsOf(items, known.reverse(), { retryFailed })
        expect(steps.map(({ item }) => item)).toEqual(items)
        for (const [index, step] of steps.entries()) {
          const past = history[index] ?? []
          const last = past.at(-1)
          if (last === undefined) expect(step).toMatchObject({ kind: 'start', attempt: 1 })
          else if (bad.has(last) && retryFailed)
            expect(step).toMatchObject({ kind: 'start', attempt: past.length + 1 })
          else if (last === 'COMPLETED' || bad.has(last)) expect(step.kind).toBe('keep')
          else expect(step).toMatchObject({ kind: 'watch', run: { attempt: past.length } })
        }
      }),
    )
  })
})
