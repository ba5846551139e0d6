import { expect, it } from 'vitest'
import { z } from 'zod'
import { harvestAllParameters } from '../../src/flows/harvest-all.ts'
import { harvestParameters } from '../../src/flows/harvest-source.ts'
import { waitParameters } from '../../src/flows/wait-for-source.ts'
import { parameterSchema } from '../../src/runs/index.ts'

const schemaOf = (parameters: z.ZodObject) => parameterSchema({ parameters } as never)

it('says what may be empty with anyOf, as the run forms of Prefect want it', () => {
  const schema = schemaOf(
    z.object({
      name: z.string().nullable().default(null).describe('Who'),
      count: z.number().int().min(1).default(3),
      kind: z
        .union([z.string().min(2), z.number()])
        .nullable()
        .default(null),
      inner: z.object({ since: z.string().nullable().default(null) }),
    }),
  )
  expect(schema).toMatchObject({
    title: 'Parameters',
    type: 'object',
    required: ['inner'],
    properties: {
      name: {
        title: 'name',
        description: 'Who',
        default: null,
        position: 0,
        anyOf: [{ type: 'string' }, { type: 'null' }],
      },
      count: { title: 'count', type: 'integer', minimum: 1, default: 3, position: 1 },
      kind: { anyOf: [{ type: 'string', minLength: 2 }, { type: 'number' }, { type: 'null' }] },
      inner: {
        type: 'object',
        properties: { since: { title: 'since', anyOf: [{ type: 'string' }, { type: 'null' }] } },
      },
    },
  })
})

it('of every flow of ours has neither lists of types nor oneOf', () => {
  const faults: string[] = []
  const look = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null) return
    const at = value as Record<string, unknown>
    if (!Array.isArray(value) && (Array.isArray(at.type) || 'oneOf' in at)) faults.push(path)
    for (const [key, inner] of Object.entries(at)) look(inner, `${path}.${key}`)
  }
  for (const parameters of [harvestParameters, harvestAllParameters, waitParameters])
    look(schemaOf(parameters as unknown as z.ZodObject), '')
  expect(faults).toEqual([])
})

it('a run that names one source and describes another is refused', () => {
  const options = {
    type: 'erddap',
    url: 'https://a.example.org/erddap',
    slug: 'a-example-org',
    concurrency: 2,
    requestsPerSecond: null,
    timeoutSeconds: null,
    datasetIds: null,
    skipDatasetIds: [],
    cron: null,
    contact: null,
  }
  const check = (source: string | null) =>
    harvestParameters.safeParse({ source, source_options: options }).error?.issues.map(({ path }) => path)
  expect(check('https://a.example.org/erddap/')).toBeUndefined()
  expect(check('a.example.org')).toBeUndefined()
  expect(check(null)).toBeUndefined()
  expect(check('https://b.example.org/erddap')).toEqual([['source']])
})
