import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AlertSettings, alertsSchema } from '../../../src/config/operations-schema.ts'
import type { Log } from '../../../src/log/log.ts'
import type { Channel } from '../../../src/operate/alerts/channels.ts'
import { type Alerts, type AlertsOptions, startAlerts } from '../../../src/operate/alerts/dispatcher.ts'
import type { AlertMessage } from '../../../src/operate/alerts/message.ts'
import { type AlertStore, memoryAlertStore } from '../../../src/operate/alerts/trouble.ts'
import { runFact } from '../../../src/rules/reasons/run.ts'
import type { EngineEvent } from '../../../src/runs/types.ts'

const url = 'https://a.example.org/erddap'
const start = new Date('2026-11-21T05:00:00Z')
const running: Alerts[] = []

beforeEach(() => {
  // Real turns of the event loop let promises settle; only the clock is the test's.
  vi.useFakeTimers({
    now: start,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  })
})
afterEach(async () => {
  for (const alerts of running.splice(0)) await alerts.stop()
  vi.useRealTimers()
})

async function pass(seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    vi.advanceTimersByTime(1000)
    for (let turns = 0; turns < 5; turns++) await turn()
  }
}

function process(
  options: Partial<AlertsOptions> & { set?: Partial<AlertSettings>; fails?: () => boolean } = {},
) {
  const sent: AlertMessage[] = []
  const logged: string[] = []
  const write = (facts: Record<string, unknown>, text: string) =>
    void logged.push(`${text} ${JSON.stringify(facts)}`)
  const log: Log = { debug: write, info: write, warn: write, error: write }
  const channel: Channel = {
    kind: 'webhook',
    description: 'webhook at x',
    async send(message) {
      if (options.fails?.()) throw new Error('refused')
      sent.push(message)
    },
  }
  const alerts = startAlerts({
    settings: { ...alertsSchema.parse({}), ...options.set },
    channels: [channel],
    store: memoryAlertStore(),
    sources: [],
    links: { pageOfRun: () => null, dashboard: null },
    envelope: () => ({ id: 'm', namespace: 'n', host: 'h', at: new Date() }),
    log,
    ages: null,
    ...options,
  })
  running.push(alerts)
  return {
    alerts,
    sent,
    logged,
    summaries: () => sent.map(({ summary }) => summary),
    end(state: 'FAILED' | 'CRASHED' | 'COMPLETED', id: string, name = 'harvest-a') {
      alerts.onEngineEvent(ended(state, id, name))
    },
  }
}

function ended(state: 'FAILED' | 'CRASHED' | 'COMPLETED', id: string, name: string): EngineEvent {
  return {
    type: 'run-finished',
    run: {
      id,
      name,
      flow: 'Harvest Source',
      deployment: name,
      parameters: { source_options: { url: `https://${name}.example.org/erddap`, slug: name } },
    },
    state,
    message: 'so it ended',
    milliseconds: 1,
    runCount: 1,
    children: [],
  }
}

describe('alerts of a process', () => {
  it('are sent within a minute, several as one message', async () => {
    const one = process()
    one.end('FAILED', '1')
    await pass(10)
    one.end('CRASHED', '2', 'harvest-b')
    await pass(10)
    expect(one.sent).toEqual([])
    await pass(15)
    expect(one.summaries()).toEqual(['harvest-b crashed; harvest-a failed'])
  })

  it('wait no longer when the process stops', async () => {
    const one = process()
    one.end('FAILED', '1')
    await one.alerts.stop()
    expect(one.summaries()).toEqual(['harvest-a failed'])
  })

  it('count datasets by flow run, also of a harvest of several sources and of a retry', async () => {
    const one = process({ set: { errors_share: 0.01 } })
    const { alerts } = one
    const started = { type: 'run-started', scope: 'full', sources: [url], at: start } as const
    const finished = {
      type: 'source-finished',
      source: url,
      ok: true,
      message: '',
      waits: [],
      ms: 1,
    } as const
    const counts = { success: 90, unchanged: 5, skipped: 1, decidedByList: 0, error: 4 }
    alerts.onHarvestEvent({ ...started, runId: 'harvest-1', flowRunId: 'flow-1' })
    alerts.onHarvestEvent({ ...finished, runId: 'harvest-1', counts: { ...counts, error: 50 } })
    // The second attempt of the same flow run counts anew.
    alerts.onHarvestEvent({ ...started, runId: 'harvest-2', flowRunId: 'flow-1' })
    alerts.onHarvestEvent({ ...finished, runId: 'harvest-2', counts })
    alerts.onHarvestEvent({ ...finished, runId: 'harvest-2', counts: { ...counts, error: 0, success: 96 } })
    const facts = [runFact('COUNTS', { success: 186, unchanged: 10, skipped: 2, error: 4 })]
    alerts.onHarvestEvent({ type: 'run-finished', runId: 'harvest-2', ok: true, message: '', facts, ms: 1 })
    one.end('COMPLETED', 'flow-1')
    await pass(40)
    expect(one.sent[0]!.alerts).toMatchObject([
      { kind: 'errors', datasets: { failed: 4, total: 202 }, facts },
    ])
  })

  it('are told once by two processes that share their memory', async () => {
    const store = memoryAlertStore()
    const [a, b] = [process({ store }), process({ store })]
    a.end('CRASHED', 'the same')
    b.end('CRASHED', 'the same')
    await pass(120)
    expect([...a.sent, ...b.sent].map(({ alerts }) => alerts.map(({ occurrences }) => occurrences))).toEqual([
      [1],
    ])
  })

  it('that a process left untold are told by the next', async () => {
    const store = memoryAlertStore()
    const killed = process({ store, channels: [] })
    killed.end('FAILED', '1')
    await pass(1)
    const next = process({ store })
    await pass(100)
    expect(next.summaries()).toEqual(['harvest-a failed'])
  })

  it('that no channel takes are tried again, and kept for the time after', async () => {
    let refuses = true
    const one = process({ fails: () => refuses })
    one.end('FAILED', '1')
    await pass(40)
    expect(one.logged.join()).toContain('an alert could not be sent')
    refuses = false
    await pass(200)
    expect(one.summaries()).toEqual(['harvest-a failed'])
  })

  it('are sent while the database is away, and are not repeated when it is back', async () => {
    const real = memoryAlertStore()
    let away: 'no' | 'refuses' | 'hangs' = 'no'
    const store: AlertStore = {
      change(reduce) {
        if (away === 'refuses') return Promise.reject(new Error('no connection'))
        if (away === 'hangs') return new Promise(() => {})
        return real.change(reduce)
      },
    }
    const one = process({ store })
    one.end('FAILED', '1')
    await pass(40)
    away = 'refuses'
    one.end('FAILED', '2') // quiet, as remembered
    one.end('FAILED', '3', 'harvest-b')
    await pass(40)
    away = 'hangs'
    one.end('CRASHED', '4', 'harvest-c')
    await pass(59)
    expect(one.summaries()).toEqual(['harvest-a failed', 'harvest-b failed', 'harvest-c crashed'])
    expect(one.logged.filter((line) => line.includes('cannot be remembered'))).toHaveLength(1)
    away = 'no'
    one.end('COMPLETED', '5', 'harvest-b')
    await pass(60)
    expect(one.summaries().slice(3)).toEqual(['harvest-b is well again'])
    expect(real.troubles.map(({ subject, untold }) => `${subject} ${untold}`).sort()).toEqual([
      'https://harvest-a.example.org/erddap 1',
      'https://harvest-c.example.org/erddap 0',
    ])
  })

  it('tell of stale sources, also when the look at one time hung', async () => {
    let looks = 0
    const one = process({
      checkSeconds: 60,
      set: { stale_hours: 1 },
      async ages() {
        looks += 1
        if (looks === 1) throw new Error('no connection')
        return [
          {
            url,
            name: 'harvest-a',
            succeededAt: null,
            knownSince: new Date(start.getTime() - 7_200_000),
            staleHours: 1,
          },
        ]
      },
    })
    await pass(70)
    expect(one.sent).toEqual([])
    await pass(90)
    expect(one.summaries()).toEqual(['harvest-a is stale'])
  })

  it('are not held up by a look at stale sources that hangs', async () => {
    const one = process({ checkSeconds: 1, ages: () => new Promise(() => {}) })
    await pass(5)
    one.end('FAILED', '1')
    await pass(40)
    expect(one.summaries()).toEqual(['harvest-a failed'])
  })

  it('never throw into the engine', () => {
    const one = process()
    const broken = { ...ended('FAILED', '1', 'x'), run: null } as unknown as EngineEvent
    expect(() => one.alerts.onEngineEvent(broken)).not.toThrow()
    expect(one.logged.join()).toContain('an alert could not be made')
  })
})
