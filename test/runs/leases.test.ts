import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type PrefectSettings, prefectSettings } from '../../src/runs/index.ts'
import { type PrefectClient, prefectClient } from '../../src/runs/prefect/client.ts'
import { acquireTagSlots, keepLease } from '../../src/runs/prefect/leases.ts'

interface Answer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

let server: Server
let client: PrefectClient
let asked: { path: string; body: Record<string, unknown> | null }[] = []
/** What is answered to a path, one after the other; the last one stays. */
let answers: Record<string, Answer[]> = {}

beforeEach(async () => {
  asked = []
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (data) => {
      text += data
    })
    request.on('end', () => {
      const path = decodeURIComponent((request.url ?? '').replace('/api/v2/concurrency_limits/', ''))
      asked.push({ path, body: text === '' ? null : JSON.parse(text) })
      const list = answers[path] ?? []
      const answer = (list.length > 1 ? list.shift() : list[0]) ?? { status: 404, body: { detail: 'none' } }
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  client = prefectClient(
    prefectSettings({ PREFECT_API_URL: `http://127.0.0.1:${port}/api` }) as PrefectSettings,
  )
})
afterEach(async () => {
  await client.close()
  await new Promise((resolve) => server.close(resolve))
})

const asking = (path: string) => asked.filter((request) => request.path === path)
const given = {
  status: 200,
  body: { lease_id: 'L', limits: [{ id: 'i', name: 'tag:database', limit: 1 }] },
}
const acquire = (tags = ['database']) => {
  const told = { slept: [] as number[], waiting: 0, lost: [] as string[], unlimited: [] as string[] }
  const slot = acquireTagSlots(client, tags, 'task', {
    signal: new AbortController().signal,
    sleep: async (ms) => void told.slept.push(ms),
    onWaiting: () => {
      told.waiting++
    },
    onLost: (reason) => told.lost.push(reason),
    onUnlimited: (names) => told.unlimited.push(...names),
  })
  return { told, slot }
}

it('a task that finds no slot waits as long as the server says, and gives its slot back once', async () => {
  answers = {
    'increment-with-lease': [
      { status: 423, body: { detail: 'Locked' }, headers: { 'retry-after': '1.5' } },
      { status: 423, body: { detail: 'Locked' }, headers: { 'retry-after': '900' } },
      { status: 423, body: { detail: 'Locked' } },
      given,
    ],
    'leases/L/renew': [{ status: 204 }],
    'decrement-with-lease': [{ status: 204 }],
  }
  const { told, slot } = acquire()
  const release = await slot
  expect(told).toMatchObject({ slept: [1500, 30_000, 2000], waiting: 1, unlimited: [] })
  expect(asking('decrement-with-lease')).toEqual([])
  await release()
  expect(asking('decrement-with-lease').map(({ body }) => body)).toEqual([{ lease_id: 'L' }])
})

it('a limit of 0 is a pause, any other refusal an error', async () => {
  const refusal = { status: 422, body: { detail: 'Slots requested is greater than the limit' } }
  answers = {
    'increment-with-lease': [refusal, given],
    'tag:database': [{ status: 200, body: { name: 'tag:database', limit: 0, active: true } }],
  }
  const { told, slot } = acquire()
  await slot
  expect(told).toMatchObject({ slept: [10_000], waiting: 1 })
  answers = {
    'increment-with-lease': [refusal],
    'tag:database': [{ status: 200, body: { name: 'tag:database', limit: 2, active: true } }],
  }
  await expect(acquire().slot).rejects.toMatchObject({ code: 'PREFECT_REFUSED' })
})

it('tags that the server does not limit are told, and hold nothing', async () => {
  answers = { 'increment-with-lease': [{ status: 200, body: { lease_id: 'L', limits: [] } }] }
  const { told, slot } = acquire(['database', 'other'])
  await (await slot)()
  expect(told.unlimited).toEqual(['database', 'other'])
  expect(asking('decrement-with-lease')).toEqual([])
})

it('a lease is renewed as long as it is held, and not afterwards', async () => {
  answers = { 'leases/L/renew': [{ status: 204 }] }
  const lost: string[] = []
  const lease = keepLease(client, 'L', { seconds: 0.1, onLost: (reason) => lost.push(reason) })
  await vi.waitFor(() => expect(asking('leases/L/renew').length).toBeGreaterThan(2), 60_000)
  lease.stop()
  expect(asking('leases/L/renew')[0]?.body).toEqual({ lease_duration: 0.1 })
  expect(lost).toEqual([])
})

it('a lease of unknown life is renewed before the shortest ends, and then at three quarters of what was asked for', async () => {
  vi.useFakeTimers()
  try {
    const begun = Date.now()
    const renewed: { at: number; seconds: unknown }[] = []
    const POST = async (_: string, { body }: { body: { lease_duration: number } }) => {
      renewed.push({ at: (Date.now() - begun) / 1000, seconds: body.lease_duration })
      return { response: new Response(null, { status: 204 }) }
    }
    const lease = keepLease({ normal: { POST } } as unknown as PrefectClient, 'L', { onLost() {} })
    await vi.advanceTimersByTimeAsync(470_000)
    lease.stop()
    expect(renewed).toEqual([15, 240, 465].map((at) => ({ at, seconds: 300 })))
  } finally {
    vi.useRealTimers()
  }
})

it('a lease that the server forgot is said once, and left alone', async () => {
  answers = { 'leases/L/renew': [{ status: 204 }, { status: 410, body: { detail: 'gone' } }] }
  const lost: string[] = []
  const lease = keepLease(client, 'L', { seconds: 0.1, onLost: (reason) => lost.push(reason) })
  await vi.waitFor(() => expect(lost).toHaveLength(1), 60_000)
  const times = asking('leases/L/renew').length
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(lost).toEqual(['the server does not know it (410)'])
  expect(asking('leases/L/renew')).toHaveLength(times)
  lease.stop()
})

it('a slot whose lease a restarted server forgot is given back by its name, since the server still counts it', async () => {
  answers = {
    'increment-with-lease': [given],
    'leases/L/renew': [{ status: 410, body: { detail: 'gone' } }],
    decrement: [{ status: 200, body: [] }],
  }
  const { told, slot } = acquire(['database', 'other'])
  await (await slot)()
  expect(asking('decrement').map(({ body }) => body)).toEqual([{ names: ['tag:database'], slots: 1 }])
  expect(asking('decrement-with-lease')).toEqual([])
  expect(told.lost).toEqual([])
})

it('a lease that has ended is not forgotten: the server took its slot back', async () => {
  answers = { 'leases/L/renew': [{ status: 410, body: { detail: 'gone' } }] }
  const lease = keepLease(client, 'L', { seconds: 0.01, onLost: () => {} })
  lease.stop()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await lease.forgotten()).toBe(false)
})
