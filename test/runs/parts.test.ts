import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { markdownArtifact, tableArtifact } from '../../src/runs/artifacts.ts'
import { batcher } from '../../src/runs/batcher.ts'
import { formatLine } from '../../src/runs/log.ts'
import { deploymentBody } from '../../src/runs/prefect/deployments.ts'
import { readAnswer } from '../../src/runs/prefect/set-state.ts'
import { stateTimes } from '../../src/runs/prefect/task-events.ts'
import { cutMessage } from '../../src/runs/prefect/telemetry.ts'
import { retryDelayMs } from '../../src/runs/runtime.ts'
import { takeSlot } from '../../src/runs/slot.ts'
import { slow, spec } from '../support/prefect-flows.ts'

describe('an artifact that is too big', () => {
  it('is a table with the first rows that fit, and says how many', () => {
    const rows = Array.from({ length: 100 }, (_, id) => ({ id }))
    const cut = tableArtifact('k', rows, 'attempts', 200)
    expect(Buffer.byteLength(String(cut.data))).toBeLessThanOrEqual(200)
    const shown = (JSON.parse(String(cut.data)) as { id: number }[]).map((row) => row.id)
    expect(shown).toEqual(rows.slice(0, shown.length).map((row) => row.id))
    expect(cut.description).toBe(`attempts – ${shown.length} of 100 shown`)
    expect(tableArtifact('k', rows, 'attempts').description).toBe('attempts')
  })

  it('is markdown with its end, cut at a line', () => {
    const text = Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n')
    const cut = markdownArtifact('k', text, undefined, 60)
    expect(String(cut.data)).toMatch(/^\*The last \d+ of \d+ bytes are shown\.\*\n\nline \d+\n/)
    expect(String(cut.data)).toMatch(/line 99$/)
  })

  it('has a key that servers take', () => {
    expect(markdownArtifact('harvest-log-ERDDAP.site_x', 'x', undefined).key).toBe(
      'harvest-log-erddap-site-x',
    )
  })
})

describe('a log line', () => {
  it('is its text and its facts, with the stack of an error below', () => {
    const error = new Error('broke')
    const text = formatLine({ text: 'listed', facts: { source: 'a b', n: 2, none: undefined, error } })
    expect(text.split('\n')[0]).toBe('listed source="a b" n=2 error="broke"')
    expect(text).toContain('parts.test.ts')
  })

  it('of megabytes is cut at a whole character with a marker', () => {
    const cut = cutMessage('é'.repeat(1000), 500)
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(500)
    expect(cut).toMatch(/^é+\n… cut: the whole line had 2000 bytes$/)
  })

  it('that nobody can print does not throw', () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    expect(formatLine({ text: 'x', facts: { circular, big: 1n } })).toMatch(/^x circular=.* big=1$/)
  })
})

describe('a batcher', () => {
  it('keeps the order, sends one batch at a time and no more than fits', async () => {
    const sent: number[][] = []
    let inFlight = 0
    const items = batcher<number>({
      everyMs: 1,
      maxItems: 3,
      maxBytes: 10,
      bytes: (item) => item,
      async send(batch) {
        expect(++inFlight).toBe(1)
        await new Promise((resolve) => setImmediate(resolve))
        sent.push(batch)
        inFlight--
      },
    })
    for (const item of [1, 2, 3, 4, 9, 9, 50, 1]) items.add(item)
    await items.flush()
    expect(sent).toEqual([[1, 2, 3], [4], [9], [9], [50], [1]])
  })

  it('waits a moment with a flush for what others add, and says whether all was sent in time', async () => {
    const sent: number[][] = []
    let free = () => {}
    const items = batcher<number>({
      everyMs: 60_000,
      flushAfterMs: 30,
      maxItems: 100,
      async send(batch) {
        sent.push(batch)
        if (batch.includes(9)) await new Promise<void>((resolve) => (free = resolve))
      },
    })
    items.add(1)
    const first = items.flush()
    items.add(2)
    expect(await Promise.all([first, items.flush()])).toEqual([true, true])
    expect(sent).toEqual([[1, 2]])
    items.add(9)
    expect(await items.flush(100)).toBe(false)
    free()
    expect(await items.flush()).toBe(true)
  })

  it('drops what is beyond its capacity and what cannot be sent, and counts it', async () => {
    const items = batcher<number>({
      everyMs: 1000,
      maxItems: 100,
      capacity: 5,
      async send() {
        throw new Error('no')
      },
    })
    for (let item = 0; item < 8; item++) items.add(item)
    await items.flush()
    expect(items.takeDropped()).toBe(8)
    expect(items.takeDropped()).toBe(0)
  })
})

describe('the delay of a retry', () => {
  it('doubles, with a jitter of a fifth, up to an hour', () => {
    expect([1, 2, 3].map((retry) => retryDelayMs(retry, 5, () => 0.5))).toEqual([5000, 10_000, 20_000])
    expect(retryDelayMs(1, 5, () => 0)).toBe(4000)
    expect(retryDelayMs(30, 5, () => 0.5)).toBe(3_600_000)
  })
})

describe('the states of a task run', () => {
  it('never have the same time, since the server would refuse them', () => {
    const at = new Date('2026-01-01T00:00:00.005Z')
    const timeOf = stateTimes()
    expect([
      timeOf('a', at),
      timeOf('a', at),
      timeOf('a', new Date(at.getTime() - 5)),
      timeOf('b', at),
    ]).toEqual([
      '2026-01-01T00:00:00.005000Z',
      '2026-01-01T00:00:00.005001Z',
      '2026-01-01T00:00:00.005002Z',
      '2026-01-01T00:00:00.005000Z',
    ])
  })
})

describe("the server's answer to a wish for a state", () => {
  const answer = (status: string, type: string, reason: string) =>
    readAnswer(
      { status, state: { type }, details: { type: 'x', reason } } as unknown as Parameters<
        typeof readAnswer
      >[0],
      { type: 'RUNNING' },
    )

  it('counts as accepted when an earlier try had arrived', () => {
    expect(answer('REJECT', 'RUNNING', 'This run has already made this state transition.').kind).toBe(
      'accepted',
    )
    expect(answer('REJECT', 'CANCELLED', 'This run has already made this state transition.').kind).toBe(
      'rejected',
    )
    expect(answer('ABORT', 'RUNNING', 'no').kind).toBe('aborted')
  })
})

describe('the registration of a deployment', () => {
  const known = (more: object) =>
    ({
      schedules: [{ slug: 'cron', active: false, schedule: {} }],
      tags: [],
      paused: true,
      ...more,
    }) as unknown as Parameters<typeof deploymentBody>[3]
  const daily = spec('x', slow, { schedule: { cron: '0 5 * * *', timezone: 'UTC' } })

  it('sends back the pause that a person made', () => {
    const body = deploymentBody(daily, 'f', 't', known({}))
    expect([body.paused, body.schedules?.[0]?.active]).toEqual([true, false])
  })

  it('sends back the schedules that a person added, and not our own of old', () => {
    const added = { slug: null, active: true, schedule: { interval: 3600 }, parameters: { n: 1 } }
    const named = { slug: 'by-hand', active: false, schedule: { cron: '0 1 * * *' } }
    const ours = { slug: 'cron', active: true, schedule: { cron: '9 9 * * *', timezone: 'UTC' } }
    const body = deploymentBody(daily, 'f', 't', known({ schedules: [added, ours, named] }))
    expect(body.schedules).toMatchObject([
      { slug: 'cron', schedule: { cron: '0 5 * * *' } },
      { active: true, schedule: { interval: 3600 }, parameters: { n: 1 } },
      { slug: 'by-hand', active: false, schedule: { cron: '0 1 * * *' } },
    ])
    const without = deploymentBody(spec('x', slow), 'f', 't', known({ schedules: [added, ours] }))
    expect(without.schedules).toHaveLength(1)
  })

  it('wakes what was paused because it had vanished', () => {
    const body = deploymentBody(daily, 'f', 't', known({ tags: ['erddap-harvester-vanished'] }))
    expect([body.paused, body.schedules?.[0]?.active, body.tags]).toEqual([false, true, ['t', 'test']])
  })
})

describe('the slot of a worker', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'orchestration-slot-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is the lowest that is free, and comes back when released', async () => {
    const one = await takeSlot(folder, 'host')
    const two = await takeSlot(folder, 'host')
    expect([one.name, two.name]).toEqual(['host-1', 'host-2'])
    await one.release()
    expect((await takeSlot(folder, 'host')).name).toBe('host-1')
  })

  it('of a process that is gone is taken over, by one only', async () => {
    writeFileSync(join(folder, 'host-1.lock'), JSON.stringify({ pid: 2 ** 30, started: '1', nonce: 'x' }))
    const names = await Promise.all(
      Array.from({ length: 5 }, async () => (await takeSlot(folder, 'host')).name),
    )
    expect(new Set(names)).toEqual(new Set(['host-1', 'host-2', 'host-3', 'host-4', 'host-5']))
  })

  it('of a pid that another process has got since is taken over', async () => {
    writeFileSync(
      join(folder, 'host-1.lock'),
      JSON.stringify({ pid: process.pid, started: 'another time', nonce: 'x' }),
    )
    expect((await takeSlot(folder, 'host')).name).toBe('host-1')
  })
})
