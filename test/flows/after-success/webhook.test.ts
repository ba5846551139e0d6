import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { stepSchema } from '../../../src/config/operations-schema.ts'
import { isTransientFailure } from '../../../src/flows/after-success/step.ts'
import type { HarvestSummary } from '../../../src/flows/after-success/summary.ts'
import { callWebhook } from '../../../src/flows/after-success/webhook.ts'
import { createHttpClient } from '../../../src/http/client.ts'
import type { RunLog } from '../../../src/runs/index.ts'

interface Received {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

const http = createHttpClient({ timeouts: { connectMs: 2000 } })
let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function listen(status: number | null, body = ''): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (data: Buffer) => {
      text += data
    })
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      received.push({ method, url, headers, body: text })
      if (status !== null)
        response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(body)
    })
  })
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/s3cr3t-path`, received }
}

const summary: HarvestSummary = {
  event: 'harvest-completed',
  run_id: 'run-1',
  run_name: 'harvest-all',
  deployment: 'harvest-all',
  started_at: '2026-11-21T05:00:00.000Z',
  finished_at: '2026-11-21T05:20:00.000Z',
  sources: [
    { deployment: 'harvest-a', run_id: 'run-2', state: 'Completed', message: '3 harvested', link: null },
  ],
  link: 'https://prefect.example.org/runs/flow-run/run-1',
}
const log = { debug() {}, info() {}, warn() {}, error() {} } as RunLog

function call(webhook: Record<string, unknown>, variables: Record<string, string> = {}) {
  const hook = stepSchema.parse({ webhook }).webhook as NonNullable<
    ReturnType<typeof stepSchema.parse>['webhook']
  >
  return callWebhook(
    hook,
    { services: { http, database: null, variables }, summary },
    { log, signal: new AbortController().signal },
  )
}
const failure = (promise: Promise<void>) =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: Error & { remedy?: string }) => error,
  )

describe('a webhook after a harvest', () => {
  it('is sent the summary as JSON, with the token of the environment', async () => {
    const { url, received } = await listen(204)
    await call({ url_env: 'HOOK', token_env: 'TOKEN' }, { HOOK: url, TOKEN: 'bearer-token' })
    expect(received).toMatchObject([
      {
        method: 'POST',
        url: '/hooks/s3cr3t-path',
        headers: { 'content-type': 'application/json', authorization: 'Bearer bearer-token' },
      },
    ])
    expect(JSON.parse(received[0]?.body ?? '')).toEqual(summary)
  })

  it('can be a GET, without a body', async () => {
    const { url, received } = await listen(200)
    await call({ url, method: 'GET' })
    expect(received).toMatchObject([{ method: 'GET', body: '' }])
  })

  it('fails for any answer but 2xx; only a broken server is asked again', async () => {
    for (const [status, transient] of [
      [500, true],
      [503, true],
      [404, false],
      [401, false],
      [302, false],
    ] as const) {
      const { url, received } = await listen(status, '{"message": "no luck"}')
      const error = await failure(call({ url }))
      expect(error.message).toMatch(new RegExp(`answered ${status}`))
      expect(isTransientFailure(error)).toBe(transient)
      expect(received).toHaveLength(1)
      server?.close()
    }
  })

  it('fails when nobody answers in time or at all, and may be asked again', async () => {
    const { url } = await listen(null)
    const late = await failure(call({ url, timeout_seconds: 0.2 }))
    server?.closeAllConnections()
    await new Promise((done) => server?.close(done))
    const gone = await failure(call({ url }))
    for (const error of [late, gone]) {
      expect(error.message).toContain('could not be called')
      expect(isTransientFailure(error)).toBe(true)
    }
  })

  it('names the variable that is missing', async () => {
    const error = await failure(call({ url_env: 'PORTAL_HOOK_URL' }, { PORTAL_HOOK_URL: ' ' }))
    expect(error).toMatchObject({ code: 'STEP_FAILED', message: 'PORTAL_HOOK_URL is not set' })
    const { url } = await listen(200)
    expect((await failure(call({ url, token_env: 'PORTAL_TOKEN' }))).message).toBe('PORTAL_TOKEN is not set')
  })

  it('never shows an address of the environment', async () => {
    const { url } = await listen(500)
    const refused = await failure(call({ url_env: 'HOOK' }, { HOOK: url }))
    server?.closeAllConnections()
    await new Promise((done) => server?.close(done))
    const gone = await failure(call({ url_env: 'HOOK' }, { HOOK: url }))
    const odd = await failure(call({ url_env: 'HOOK' }, { HOOK: 'ftp://x/s3cr3t-path' }))
    for (const error of [refused, gone, odd]) {
      expect(error.message).toContain('the address in HOOK')
      expect(`${error.message} ${error.remedy} ${error.cause}`).not.toContain('s3cr3t-path')
    }
  })
})
