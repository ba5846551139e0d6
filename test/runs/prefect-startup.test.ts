/** What a worker does before it polls, against a server that is not as it should be. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type PrefectSettings, prefectSettings } from '../../src/runs/index.ts'
import { createPrefectBackend, type PrefectBackend } from '../../src/runs/prefect/backend.ts'
import { prefectLimits } from '../../src/runs/prefect/limits.ts'
import { type Startup, waitForPools, waitForServer } from '../../src/runs/prefect/startup.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'

interface Answer {
  status: number
  body?: unknown
}

let server: Server
let asked: { method: string; path: string; body: unknown }[] = []
/** What is answered to a method and path, one after the other; the last one stays. */
let answers: Record<string, Answer[]> = {}
let backend: PrefectBackend
let slept: number[] = []
let problems: { message: string; facts: Record<string, unknown> }[] = []
const stop = new AbortController()

beforeEach(async () => {
  asked = []
  answers = {}
  slept = []
  problems = []
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (data) => {
      text += data
    })
    request.on('end', () => {
      const path = decodeURIComponent((request.url ?? '').replace('/api', ''))
      asked.push({ method: request.method!, path, body: text === '' ? null : JSON.parse(text) })
      const list = answers[`${request.method} ${path}`] ?? []
      const answer = (list.length > 1 ? list.shift() : list[0]) ?? { status: 404, body: { detail: 'none' } }
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  backend = createPrefectBackend({
    settings: prefectSettings({ PREFECT_API_URL: `http://127.0.0.1:${port}/api` }) as PrefectSettings,
  })
})
afterEach(async () => {
  await backend.close()
  await new Promise((resolve) => server.close(resolve))
})

const startup = (): Startup => ({
  backend,
  runtime: { ...systemRuntime, sleep: async (ms) => void slept.push(ms) },
  signal: stop.signal,
  onProblem: (message, facts) => void problems.push({ message, facts: facts ?? {} }),
  onInfo: () => {},
})
const changes = () =>
  asked
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/filter'))
    .map(({ method, path, body }) => [method, path, body])

describe('the start of a worker', () => {
  it('waits ever longer for a server that comes up, and says so three times and then every tenth', async () => {
    answers['GET /admin/version'] = [
      ...Array.from({ length: 12 }, () => ({ status: 502 })),
      { status: 200, body: '3.4.1' },
    ]
    expect(await waitForServer(startup())).toBe('3.4.1')
    expect(slept).toEqual([500, 1000, 2000, 4000, 8000, 15_000, ...Array.from({ length: 6 }, () => 15_000)])
    expect(problems.map(({ message }) => message)).toEqual(
      Array.from({ length: 4 }, () => 'Waiting for the Prefect server'),
    )
  })

  it.each([
    ['that is none', { status: 200, body: { hello: 1 } }, /is not the address of a Prefect API/],
    ['that refuses the login', { status: 401 }, /./],
    ['that is too old', { status: 200, body: '3.1.9' }, /is Prefect 3\.1\.9, and 3\.2 or newer is needed/],
    ['of the generation before', { status: 200, body: '2.20.0' }, /is Prefect 2\.20\.0/],
  ])('does not wait for a server %s', async (_, answer, sentence) => {
    answers['GET /admin/version'] = [answer]
    await expect(waitForServer(startup())).rejects.toMatchObject({
      code: 'PREFECT_REFUSED',
      message: expect.stringMatching(sentence),
    })
    expect(slept).toEqual([])
  })

  it('waits for a pool that another worker registers, and says so', async () => {
    answers['GET /work_pools/harvest'] = [
      { status: 404 },
      { status: 404 },
      { status: 200, body: { name: 'harvest', type: 'erddap-harvester' } },
    ]
    await waitForPools(startup(), ['harvest'])
    expect(slept).toEqual([3000, 3000])
    expect(problems).toEqual([
      { message: 'Waiting for a work pool that another worker registers', facts: { pool: 'harvest' } },
    ])
  })

  it('refuses a pool of another type, whose runs are not ours', async () => {
    answers['GET /work_pools/harvest'] = [{ status: 200, body: { name: 'harvest', type: 'process' } }]
    await expect(waitForPools(startup(), ['harvest'])).rejects.toMatchObject({ code: 'PREFECT_REFUSED' })
  })
})

describe('a limit', () => {
  const declaration = {
    deployments: [],
    pools: [{ name: 'harvest', description: '', concurrencyLimit: 4, queues: [] }],
    tagLimits: { database: 1, ckan: null },
  }
  const limits = () => prefectLimits(backend, declaration as never, 'site')
  const tag = 'GET /v2/concurrency_limits/tag:database'

  it.each([
    [
      'that is there is changed',
      [{ status: 200, body: { limit: 1, active: true } }],
      3,
      [['PATCH', { limit: 3, active: true }]],
    ],
    [
      'that is lifted is switched off, not deleted',
      [{ status: 200, body: { limit: 1, active: true } }],
      null,
      [['PATCH', { active: false }]],
    ],
    ['that is missing is made', [{ status: 404 }], 3, [['POST', { tag: 'database', concurrency_limit: 3 }]]],
    ['that is missing and lifted stays missing', [{ status: 404 }], null, []],
  ])('of a tag %s', async (_, there, limit, expected) => {
    answers[tag] = there
    answers['PATCH /v2/concurrency_limits/tag:database'] = [{ status: 204 }]
    answers['POST /concurrency_limits/'] = [{ status: 200, body: {} }]
    await limits().set('tag:database', limit)
    expect(changes().map(([method, , body]) => [method, body])).toEqual(expected)
  })

  it('that somebody made at the same moment is no fault, and a refusal is one', async () => {
    answers[tag] = [{ status: 404 }]
    answers['POST /concurrency_limits/'] = [{ status: 409 }, { status: 422, body: { detail: 'no' } }]
    await limits().set('tag:database', 3)
    await expect(limits().set('tag:database', 3)).rejects.toMatchObject({ code: 'PREFECT_REFUSED' })
  })

  it('of a pool that is not on the server is refused, with what registers it', async () => {
    await expect(limits().set('pool:harvest', 2)).rejects.toMatchObject({
      code: 'PREFECT_REFUSED',
      message: 'The work pool harvest is not on the server',
      remedy: expect.stringContaining('harvester deploy --all'),
    })
    expect(changes()).toEqual([])
  })

  it('goes back to what is declared', async () => {
    answers['GET /work_pools/harvest'] = [
      { status: 200, body: { name: 'harvest', type: 'erddap-harvester' } },
    ]
    answers['PATCH /work_pools/harvest'] = [{ status: 204 }]
    await limits().reset('pool:harvest')
    expect(changes()).toEqual([['PATCH', '/work_pools/harvest', { concurrency_limit: 4 }]])
  })

  it.each(['pool:elsewhere', 'tag:nobody', 'nonsense'])(
    'named %s is wrong usage, and nobody is asked',
    async (name) => {
      await expect(limits().set(name, 1)).rejects.toMatchObject({ code: 'USAGE' })
      expect(asked).toEqual([])
    },
  )
})
