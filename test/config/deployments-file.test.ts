import { describe, expect, it } from 'vitest'
import {
  loadDeclaration,
  loadDeployments,
  readDeclaration,
  shippedDeploymentsFile,
} from '../../src/config/deployments-file.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import type { Source } from '../../src/config/source.ts'
import { checkRefuses } from '../support/check-refuses.ts'

const refusedToo = checkRefuses()

const erddap = (url: string, slug: string, cron: string | null = null): Source => ({
  type: 'erddap',
  url,
  slug,
  concurrency: 2,
  requestsPerSecond: null,
  timeoutSeconds: null,
  datasetIds: null,
  skipDatasetIds: ['bad'],
  cron,
  contact: null,
  waitFor: null,
})
const sources: Source[] = [
  erddap('https://a.example.org/erddap', 'a-example-org'),
  erddap('https://b.example.org/erddap', 'b-example-org', '30 4 * * *'),
  { type: 'obis', url: 'https://obis.org', slug: 'obis', datasetIds: ['x'] },
]
const readAll = (text: string, env: Record<string, string> = {}) =>
  readDeclaration({ text, origin: 'deployments.yaml', environment: readEnvironment(env), sources })
const read = (text: string, env: Record<string, string> = {}) => readAll(text, env).deployments
const faultOf = (text: string) => {
  try {
    read(text)
  } catch (error) {
    const { message } = error as Error
    refusedToo({ deployments: text }, message.slice(message.indexOf(':')))
    return message
  }
  return 'no error'
}
const entry = (more: string) => `deployments:
  - name: x
    entrypoint: erddap-harvester:Harvest Source
    work_pool: { name: harvest }
${more
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}`

describe('the file of deployments that ships', () => {
  const shipped = (env: Record<string, string> = {}) => loadDeployments(readEnvironment(env), sources)

  it('declares one deployment for every source, one for all, the vernacular names, and waiting', () => {
    expect(shipped().map(({ name, flow, workPool }) => [name, flow, workPool])).toEqual([
      ['harvest-a-example-org', 'Harvest Source', 'harvest'],
      ['harvest-b-example-org', 'Harvest Source', 'harvest'],
      ['harvest-obis', 'Harvest Source', 'harvest'],
      ['harvest-all', 'Harvest All Sources', 'maintenance'],
      ['populate-vernaculars', 'Populate Vernaculars', 'maintenance'],
      ['wait-for-source', 'Wait For Source', 'maintenance'],
    ])
  })

  it('gives each source’s deployment all that is known of the source', () => {
    expect(shipped()[0]).toMatchObject({
      description: 'Harvests https://a.example.org/erddap and loads what changed.',
      parameters: { source: 'https://a.example.org/erddap', source_options: sources[0] },
      concurrencyLimit: 1,
      collisionStrategy: 'ENQUEUE',
      source: sources[0],
    })
  })

  it('schedules nothing but the source with a cron of its own where no cron is set', () => {
    for (const env of [{}, { HARVESTER_CRON: '' }, { HARVESTER_CRON: '""' }, { HARVESTER_CRON: '  ' }])
      expect(
        shipped(env as Record<string, string>).flatMap(({ name, schedule }) =>
          schedule ? [[name, schedule]] : [],
        ),
      ).toEqual([
        [
          'harvest-b-example-org',
          { cron: '30 4 * * *', timezone: 'UTC', active: true, named: 'the cron of harvest-b-example-org' },
        ],
      ])
  })

  it('fills its schedules from HARVESTER_CRON, VERNACULARS_CRON and HARVESTER_TZ, and says where a cron came from', () => {
    const found = shipped({
      HARVESTER_CRON: '0 5 * * *',
      VERNACULARS_CRON: '@weekly',
      HARVESTER_TZ: 'America/Halifax',
    })
    expect(found.find(({ name }) => name === 'harvest-all')?.schedule).toEqual({
      cron: '0 5 * * *',
      timezone: 'America/Halifax',
      active: true,
      named: 'HARVESTER_CRON',
    })
    expect(found.find(({ name }) => name === 'populate-vernaculars')?.schedule).toMatchObject({
      cron: '@weekly',
      named: 'VERNACULARS_CRON',
    })
  })

  it('takes the pools from the environment', () => {
    const pools = shipped({ HARVEST_POOL: 'h', MAINTENANCE_POOL: 'm' }).map(({ workPool }) => workPool)
    expect(new Set(pools)).toEqual(new Set(['h', 'm']))
  })

  it('lets three tasks at once write to the database, and limits no pool', () => {
    expect(loadDeclaration(readEnvironment({}), sources)).toMatchObject({
      workPools: [],
      tagLimits: { database: 3 },
    })
  })

  it('holds no per-source deployment where there is no source', () => {
    expect(loadDeployments(readEnvironment({}), []).map(({ name }) => name)).toEqual([
      'harvest-all',
      'populate-vernaculars',
      'wait-for-source',
    ])
  })

  it('is the one that HARVEST_DEPLOYMENTS_FILE may replace', () => {
    const named = readEnvironment({ HARVEST_DEPLOYMENTS_FILE: shippedDeploymentsFile })
    expect(loadDeployments(named, sources)).toEqual(shipped())
    expect(() => loadDeployments(readEnvironment({ HARVEST_DEPLOYMENTS_FILE: 'none.yaml' }), [])).toThrow(
      /none\.yaml cannot be read/,
    )
  })
})

describe('a file of deployments', () => {
  it('may have the anchors and the head of a prefect.yaml', () => {
    const text = `name: site
prefect-version: 3.8.8
definitions:
  pool: &pool { name: "{{ $HARVEST_POOL }}" }
deployments:
  - name: nightly
    entrypoint: erddap-harvester:Harvest Source
    parameters: { source: null, force: true, dataset_ids: [a, b] }
    work_pool: *pool
    concurrency_limit: { limit: 2, collision_strategy: CANCEL_NEW }
`
    expect(read(text, { HARVEST_POOL: 'p' })).toMatchObject([
      {
        name: 'nightly',
        workPool: 'p',
        concurrencyLimit: 2,
        collisionStrategy: 'CANCEL_NEW',
        parameters: { force: true, dataset_ids: ['a', 'b'] },
        schedule: null,
        source: null,
      },
    ])
  })

  it('declares pools, queues and tags with their limits', () => {
    const text = `${entry('description: x').replace('{ name: harvest }', '{ name: harvest, work_queue_name: big }')}
work_pools:
  - name: "{{ $HARVEST_POOL }}"
    concurrency_limit: 4
    queues:
      - { name: big, concurrency_limit: 1, priority: 2 }
      - name: small
tag_limits: { database: 1, heavy: 2 }
`
    expect(readAll(text, { HARVEST_POOL: 'p' })).toMatchObject({
      deployments: [{ name: 'x', workPool: 'harvest', workQueue: 'big' }],
      workPools: [
        {
          name: 'p',
          concurrencyLimit: 4,
          description: '',
          queues: [
            { name: 'big', concurrencyLimit: 1, priority: 2 },
            { name: 'small', concurrencyLimit: null, priority: null },
          ],
        },
      ],
      tagLimits: { database: 1, heavy: 2 },
    })
  })

  it('that does not speak of tags limits the tag database to 3, one that lists none limits none', () => {
    expect(readAll(entry('description: x')).tagLimits).toEqual({ database: 3 })
    expect(readAll(`${entry('description: x')}\ntag_limits: {}`).tagLimits).toEqual({})
  })

  it('keeps the type of a value that is one variable, and writes it where it is part of a text', () => {
    const text = entry('description: "{{ $WORKER_LIMIT }} at once"\nparameters: { n: "{{ $WORKER_LIMIT }}" }')
    expect(read(text, { WORKER_LIMIT: '7' })[0]).toMatchObject({
      description: '7 at once',
      parameters: { n: 7 },
    })
  })

  it.each([
    [
      entry('schedule: {}\nschedules: [{ interval: 60 }]'),
      [/line \d+: .*schedules\.0\.interval: unknown key/],
    ],
    [entry('concurrency_limit: 0'), [/concurrency_limit/]],
    [
      entry('schedules: [{ cron: "0 5 * * *" }, { cron: "0 6 * * *" }]'),
      [/declare another deployment for another/],
    ],
    [
      entry('parameters: { a: "{{ $NO_SUCH }}", b: "{{ prefect.variables.x }}" }'),
      [
        /line 2: x: \{\{ \$NO_SUCH \}\} is no variable of this program/,
        /\{\{ prefect\.variables\.x \}\} is unknown/,
      ],
    ],
    [entry('parameters: { password: "{{ $DB_PASSWORD }}" }'), [/is a secret/]],
    [entry('parameters: { source: "{{ source.url }}" }'), [/needs \{\{ source\.slug \}\} in the name/]],
    [
      'deployments:\n  - name: x\n    entrypoint: flows.py:main\n    work_pool: { name: p }',
      [/entrypoint: must be `erddap-harvester:`/],
    ],
    ['deployments: []', [/deployments/]],
    ['deployment:\n  - x', [/line 1: deployment: unknown key/]],
    ['deployments: [', [/not valid YAML/]],
    [
      `${entry('')}\n  - name: x\n    entrypoint: erddap-harvester:Harvest Source\n    work_pool: { name: p }`,
      [/two deployments are named x/],
    ],
    [
      `${entry('description: x')}\ntag_limits:\n  database: 0\n  other: two`,
      [
        /line 7: tag_limits\.database: must be 1 or more; to stop all runs, pause instead, not 0/,
        /line 8: tag_limits\.other/,
      ],
    ],
    [
      `${entry('description: x')}\nwork_pools:\n  - name: a/b\n    concurrency_limit: 1.5`,
      [/line 7: work_pools\.0\.name: must not hold/, /line 8: work_pools\.0\.concurrency_limit/],
    ],
    [
      `${entry('description: x')}\nwork_pools:\n  - name: a\n  - name: a\n    queues:\n      - name: q\n      - name: q\n  - name: "{{ $NONE }}"`,
      [
        /line 8: two work pools are named a/,
        /line 11: two queues of a are named q/,
        /line 12: work_pools\.2: \{\{ \$NONE \}\} is no variable/,
      ],
    ],
  ])('is refused whole, each fault with its place: %#', (text, faults) => {
    for (const fault of faults) expect(faultOf(text)).toMatch(fault)
  })
})
