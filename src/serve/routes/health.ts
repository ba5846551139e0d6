import { Registry } from 'prom-client'
import type { ApiContext } from '../api.ts'
import type { ApiMetrics } from '../metrics.ts'

const patienceMilliseconds = 3000

/** For those who watch the process: alive, able to work, and its numbers. */
export function healthRoutes(api: ApiContext, metrics: ApiMetrics): void {
  const { app, settings, answers } = api

  app.get('/health', (c) =>
    c.json({ status: 'ok', version: settings.version }, 200, { 'cache-control': 'no-store' }),
  )

  app.get('/ready', async (c) => {
    const server = settings.runs?.server
    const [database, engine] = await Promise.all([
      state((signal) => settings.database.query('SELECT 1', [], { signal })),
      server === undefined ? 'ok' : state(() => server.check()),
    ])
    const ready = database === 'ok' && engine === 'ok'
    const checks = server === undefined ? { database } : { database, [server.name]: engine }
    return c.json({ status: ready ? 'ok' : 'unavailable', checks }, ready ? 200 : 503, {
      'cache-control': 'no-store',
    })
  })

  app.get('/metrics', (c) =>
    answers.send(
      c,
      async () => {
        await metrics.collect()
        return Registry.merge([metrics.registry, ...settings.registries]).metrics()
      },
      { contentType: metrics.registry.contentType, freshSeconds: 5 },
    ),
  )

  /** In one word: why it failed is in the log, since it may hold addresses. */
  async function state(ask: (signal: AbortSignal) => Promise<unknown>): Promise<'ok' | 'unreachable'> {
    const stop = new AbortController()
    let timer: NodeJS.Timeout | undefined
    try {
      await Promise.race([
        ask(stop.signal),
        new Promise((_, reject) => {
          timer = setTimeout(() => reject(new Error('no answer in time')), patienceMilliseconds)
        }),
      ])
      return 'ok'
    } catch (error) {
      settings.log.warn({ err: error }, 'not ready')
      return 'unreachable'
    } finally {
      clearTimeout(timer)
      stop.abort()
    }
  }
}
