import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createHostGate, describeWaits, type GateLimits, type HostGate } from '../../src/http/gate.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

interface Start {
  name: string
  at: number
}

/** Lets requests of a given length through the gate and writes down when each began. */
function traffic(gate: HostGate) {
  const began = performance.now()
  const starts: Start[] = []
  const send = async (name: string, host: string, ms: number) => {
    const release = await gate.acquire(host)
    starts.push({ name, at: Math.round(performance.now() - began) })
    await new Promise((resolve) => setTimeout(resolve, ms))
    release()
  }
  return { starts, send }
}

const gateWith = (limits: GateLimits = {}) => createHostGate(limits)

describe('the gate', () => {
  it('lets one request a host through at a time, in the order they came', async () => {
    const { starts, send } = traffic(gateWith())
    void send('a', 'h', 100)
    void send('b', 'h', 10)
    void send('c', 'h', 10)
    await vi.advanceTimersByTimeAsync(1000)
    expect(starts).toEqual([
      { name: 'a', at: 0 },
      { name: 'b', at: 100 },
      { name: 'c', at: 110 },
    ])
  })

  it('never delays one host for another', async () => {
    const { starts, send } = traffic(gateWith())
    void send('dead', 'dead', 1e9)
    void send('dead too', 'dead', 1e9)
    void send('alive', 'alive', 10)
    await vi.advanceTimersByTimeAsync(50)
    expect(starts.map((start) => start.name)).toEqual(['dead', 'alive'])
  })

  it('lets as many through as a host is allowed', async () => {
    const gate = gateWith()
    gate.limit('h', { inFlight: 2 })
    const { starts, send } = traffic(gate)
    for (const name of ['a', 'b', 'c']) void send(name, 'h', 100)
    await vi.advanceTimersByTimeAsync(1000)
    expect(starts.map((start) => start.at)).toEqual([0, 0, 100])
  })

  it('keeps to a rate', async () => {
    const { starts, send } = traffic(gateWith({ inFlight: 5, requestsPerSecond: 4 }))
    for (const name of ['a', 'b', 'c', 'd']) void send(name, 'h', 1)
    await vi.advanceTimersByTimeAsync(2000)
    expect(starts.map((start) => start.at)).toEqual([0, 250, 500, 750])
  })

  it('makes everybody wait while a host asked for a pause', async () => {
    const gate = gateWith()
    const { starts, send } = traffic(gate)
    gate.pause('h', 3000)
    void send('a', 'h', 1)
    void send('b', 'h', 1)
    await vi.advanceTimersByTimeAsync(5000)
    expect(starts.map((start) => start.at)).toEqual([3000, 3001])
  })

  it('slows down for a host that refuses repeatedly, and recovers', async () => {
    const gate = gateWith()
    const { starts, send } = traffic(gate)
    gate.answered('h', 429)
    void send('a', 'h', 0)
    void send('b', 'h', 0)
    await vi.advanceTimersByTimeAsync(500)
    expect(starts.map((start) => start.at)).toEqual([0, 0])
    gate.answered('h', 403)
    gate.answered('h', 429)
    void send('c', 'h', 0)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(starts[2]!.at).toBe(2000)
    for (let i = 0; i < 20; i += 1) gate.answered('h', 200)
    void send('d', 'h', 0)
    void send('e', 'h', 0)
    await vi.advanceTimersByTimeAsync(100)
    expect(starts[4]!.at - starts[3]!.at).toBe(0)
  })

  it('forgets who gave up waiting', async () => {
    const gate = gateWith()
    const release = await gate.acquire('h')
    const controller = new AbortController()
    const abandoned = gate.acquire('h', controller.signal)
    const patient = gate.acquire('h')
    controller.abort(new Error('enough'))
    await expect(abandoned).rejects.toMatchObject({ code: 'CANCELLED' })
    release()
    ;(await patient)()
    await expect(gate.acquire('h', controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('takes a slot back only once', async () => {
    const gate = gateWith()
    const first = await gate.acquire('h')
    first()
    first()
    await gate.acquire('h')
    const { starts, send } = traffic(gate)
    void send('second', 'h', 1)
    await vi.advanceTimersByTimeAsync(100)
    expect(starts).toEqual([])
  })

  it('says how long was waited and why, on the clock', async () => {
    const gate = gateWith({ requestsPerSecond: 1 })
    const { send } = traffic(gate)
    void send('a', 'h', 400)
    void send('b', 'h', 10)
    void send('c', 'h', 10)
    await vi.advanceTimersByTimeAsync(1500)
    gate.pause('h', 2000)
    void send('d', 'h', 10)
    await vi.advanceTimersByTimeAsync(10_000)
    gate.backedOff('h', 750)
    expect(gate.summary()).toEqual([
      {
        host: 'h',
        requests: 4,
        waitedMs: { busy: 420, rate: 2080, 'retry-after': 2000, slowed: 0, backoff: 750 },
      },
    ])
    const before = gate.summary()
    expect(describeWaits(before[0]!)).toBe(
      'h: 4 requests, waited 2.1 s to keep the configured rate, 2.0 s because the host asked for it, 0.8 s before trying again, 0.4 s for our own earlier requests',
    )
    expect(gate.summary(before)).toEqual([])
    void send('e', 'h', 10)
    await vi.advanceTimersByTimeAsync(100)
    expect(gate.summary(before).map(describeWaits)).toEqual(['h: 1 request'])
  })
})
