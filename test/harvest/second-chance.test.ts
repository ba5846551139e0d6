import { describe, expect, it } from 'vitest'
import type { Patience } from '../../src/harvest/patience.ts'
import { askForAll } from '../../src/harvest/second-chance.ts'
import { createBreaker, type Pause } from '../../src/http/breaker.ts'
import { failed, harvested } from '../../src/rules/attempt.ts'
import type { ListedDataset } from '../../src/sources/erddap/types.ts'
import type { DatasetResult } from '../../src/sources/index.ts'

const host = 'erddap.example.org'
const fault = { kind: 'answer', detail: 'closed', request: null } as const

const listed = (n: number) =>
  Array.from({ length: n }, (_, at) => ({ datasetId: `d${at}` }) as unknown as ListedDataset)

/** A run of `n` datasets against a host that answers, or not, by what `up` says at the moment. */
async function runOf(
  n: number,
  answer: (datasetId: string, now: number) => 'good' | 'unknown' | 'down',
  signal = new AbortController().signal,
) {
  let now = 0
  const pauses: Pause[] = []
  const patience: Patience = {
    hostPausesMs: [30_000, 60_000, 120_000],
    unknownMs: 5_000,
    async sleep(ms) {
      signal.throwIfAborted()
      now += ms
    },
  }
  const breaker = createBreaker({
    pausesMs: patience.hostPausesMs,
    sleep: patience.sleep,
    onPause: (pause) => pauses.push(pause),
  })
  const recorded: [string, string][] = []
  const nothing = {
    harvested: null,
    verified: false,
    warnings: [],
    remedies: [],
    about: { title: '', organizations: [] },
    queryUrls: [],
    requests: 1,
    bytes: 0,
  }
  await askForAll({
    datasets: listed(n),
    workers: 2,
    host,
    breaker,
    patience,
    signal,
    async ask({ datasetId }, _earlier, isFinal) {
      let result: DatasetResult
      try {
        breaker.check(host)
        const said = answer(datasetId, now)
        if (said === 'down') {
          breaker.reportUnreachable(host, 'closed')
          result = { ...nothing, outcome: failed('HTTP_ERROR', { fault }), passing: 'unreachable' }
        } else {
          breaker.reportReachable(host)
          result =
            said === 'good'
              ? { ...nothing, outcome: harvested(), passing: null }
              : { ...nothing, outcome: failed('NOT_FOUND', { fault, datasetId }), passing: 'unknown' }
        }
      } catch {
        result = {
          ...nothing,
          outcome: failed('HOST_UNAVAILABLE', { host, datasets: 5, detail: '' }),
          passing: 'unreachable',
        }
      }
      if (!isFinal(result)) return result
      recorded.push([datasetId, result.outcome.reason ?? 'success'])
      return null
    },
  })
  return {
    recorded: Object.fromEntries(recorded),
    times: recorded.length,
    pauses: pauses.map(({ ms }) => ms),
    now,
  }
}

describe('a host that stops answering', () => {
  it('is given a pause, and every dataset its second chance', async () => {
    const { recorded, times, pauses } = await runOf(20, (_id, now) => (now < 30_000 ? 'down' : 'good'))
    expect(new Set(Object.values(recorded))).toEqual(new Set(['success']))
    expect(times).toBe(20)
    expect(pauses).toEqual([30_000])
  })

  it('is given three pauses, each longer, and then up', async () => {
    const { recorded, times, pauses } = await runOf(20, () => 'down')
    expect(pauses).toEqual([30_000, 60_000, 120_000])
    expect(times).toBe(20)
    expect(Object.values(recorded)).toContain('HOST_UNAVAILABLE')
    expect(Object.values(recorded)).not.toContain('success')
  })

  it('is back after the last pause', async () => {
    const { recorded } = await runOf(20, (_id, now) => (now < 200_000 ? 'down' : 'good'))
    expect(new Set(Object.values(recorded))).toEqual(new Set(['success']))
  })

  it('ends the wait when the run is cancelled', async () => {
    const stop = new AbortController()
    const run = runOf(
      20,
      () => {
        stop.abort()
        return 'down'
      },
      stop.signal,
    )
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('a dataset that the server does not know', () => {
  it('is asked for again at the end, a moment later', async () => {
    const { recorded, times } = await runOf(3, (id, now) => (id === 'd0' && now === 0 ? 'unknown' : 'good'))
    expect(recorded).toEqual({ d0: 'success', d1: 'success', d2: 'success' })
    expect(times).toBe(3)
  })

  it('is gone when it is unknown again', async () => {
    const { recorded, times } = await runOf(3, (id) => (id === 'd0' ? 'unknown' : 'good'))
    expect(recorded).toEqual({ d0: 'NOT_FOUND', d1: 'success', d2: 'success' })
    expect(times).toBe(3)
  })
})
