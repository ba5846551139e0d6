import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AlertSettings, alertsSchema } from '../../../src/config/operations-schema.ts'
import {
  claim,
  nextDue,
  observeAge,
  observeRun,
  type RunFinished,
  remember,
  unclaim,
} from '../../../src/operate/alerts/policy.ts'
import type { Alert, Trouble } from '../../../src/operate/alerts/trouble.ts'

const second = 1000
const hour = 3_600_000
const start = Date.UTC(2026, 10, 21, 5)
const defaults = alertsSchema.parse({})
const url = 'https://a.example.org/erddap'

/** A made-up operator: what happens comes in, what is told is kept, with a clock that the test moves. */
function site(more: Partial<AlertSettings> = {}) {
  const settings = { ...defaults, ...more }
  let troubles: readonly Trouble[] = []
  let ms = start
  let runs = 0
  const told: Alert[][] = []
  const tick = (all = false) => {
    const taken = claim(troubles, settings, new Date(ms), all)
    troubles = taken.troubles
    if (taken.result.alerts.length > 0) told.push([...taken.result.alerts])
    return taken.result
  }
  return {
    settings,
    told,
    get troubles() {
      return troubles
    },
    tick,
    run(state: RunFinished['state'], facts: Partial<Facts> = {}) {
      runs += 1
      const event = finished(state, { id: `run-${runs}`, ...facts })
      troubles = remember(
        troubles,
        observeRun(event, facts.counts ?? null, settings, [], new Date(ms)),
        settings,
      )
    },
    age(succeededAt: Date | null, staleHours = settings.stale_hours) {
      const age = { url, name: 'harvest-a', succeededAt, knownSince: new Date(start), staleHours }
      troubles = remember(troubles, [observeAge(age, new Date(ms))], settings)
    },
    /** Goes on in steps of 30 s. */
    pass(duration: number) {
      for (const until = ms + duration; ms < until; ) {
        ms = Math.min(until, ms + 30 * second)
        tick()
      }
    },
    putBack(before: readonly Trouble[]) {
      troubles = unclaim(troubles, before)
    },
    now: () => new Date(ms),
  }
}

interface Facts {
  id: string
  source: string | null
  deployment: string
  parameters: Record<string, unknown>
  message: string
  runCount: number
  flow: string
  children: RunFinished['children']
  counts: { failed: number; total: number }
}

function finished(state: RunFinished['state'], facts: Partial<Facts> & { id: string }): RunFinished {
  const source = facts.source === undefined ? url : facts.source
  return {
    type: 'run-finished',
    run: {
      id: facts.id,
      name: 'harvest-erddap-a',
      flow: facts.flow ?? 'Harvest Source',
      deployment: facts.deployment ?? 'harvest-a',
      parameters: {
        ...(source !== null && { source_options: { type: 'erddap', url: source, slug: 'a' } }),
        ...facts.parameters,
      },
    },
    state,
    message: facts.message ?? 'the server does not answer',
    milliseconds: 1,
    runCount: facts.runCount ?? 1,
    children: facts.children ?? [],
  }
}

const kinds = (alerts: readonly Alert[] | undefined) =>
  (alerts ?? []).map(({ status, kind, details }) => `${details.name} ${kind} ${status}`)

describe('a run that ends', () => {
  it('is told as failed or crashed within the digest time, with its message', () => {
    for (const [state, kind] of [
      ['FAILED', 'failed'],
      ['CRASHED', 'crashed'],
    ] as const) {
      const { run, pass, told } = site()
      run(state)
      expect(told).toEqual([])
      pass(30 * second)
      expect(told.map(kinds)).toEqual([[`harvest-a ${kind} open`]])
      expect(told[0]![0]!.details).toMatchObject({
        source: url,
        runId: 'run-1',
        message: 'the server does not answer',
      })
    }
  })

  it('has counts of datasets where there were any: a source without a list had none', () => {
    const { run, pass, told } = site()
    run('FAILED', { deployment: 'harvest-a', counts: { failed: 0, total: 0 } })
    run('FAILED', { source: 'https://b.example.org/erddap', counts: { failed: 30, total: 100 } })
    pass(30 * second)
    expect(told[0]!.map(({ details }) => details.datasets)).toEqual([null, { failed: 30, total: 100 }])
  })

  it('is not told when it completed, or when a person cancelled it', () => {
    const { run, pass, told } = site()
    run('COMPLETED', { counts: { failed: 0, total: 10 } })
    run('CANCELLED')
    pass(hour)
    expect(told).toEqual([])
  })

  it('is told as completed with errors only above the share that the configuration allows', () => {
    const { run, pass, told } = site({ errors_share: 0.02 })
    run('COMPLETED', { counts: { failed: 2, total: 100 } })
    pass(hour)
    expect(told).toEqual([])
    run('COMPLETED', { counts: { failed: 3, total: 100 } })
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-a errors open']])
    expect(told[0]![0]!.details.datasets).toEqual({ failed: 3, total: 100 })
  })

  it('is told only if the configuration lists its kind', () => {
    const { run, pass, told } = site({ on: ['crashed'] })
    run('FAILED')
    run('COMPLETED', { counts: { failed: 9, total: 10 } })
    pass(hour)
    expect(told).toEqual([])
    run('CRASHED')
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-a crashed open']])
  })

  it('is counted once when two processes saw the same end, and twice when it was retried', () => {
    const { run, pass, told } = site()
    run('CRASHED', { id: 'x', runCount: 1 })
    run('CRASHED', { id: 'x', runCount: 1 })
    pass(30 * second)
    expect(told[0]![0]!.occurrences).toBe(1)
    run('CRASHED', { id: 'x', runCount: 2 })
    pass(12 * hour + 60 * second)
    expect(told[1]![0]!.occurrences).toBe(1)
  })
})

describe('a run that harvests all sources', () => {
  const all = { flow: 'Harvest All Sources', deployment: 'harvest-all', source: null }

  it('is not told when it failed because of sources that were told', () => {
    const { run, pass, told } = site()
    run('FAILED')
    run('FAILED', {
      ...all,
      children: [
        { deployment: 'Harvest Source/harvest-a', type: 'FAILED' },
        { deployment: 'Harvest Source/harvest-b', type: 'COMPLETED' },
      ],
    })
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-a failed open']])
  })

  it('is told when it failed by itself, by a child of another kind, or because a source was cancelled', () => {
    for (const children of [
      [],
      [{ deployment: 'Harvest Source/harvest-a', type: 'COMPLETED' }],
      [{ deployment: 'portal/build', type: 'FAILED' }],
      [
        { deployment: 'Harvest Source/harvest-a', type: 'FAILED' },
        { deployment: 'Harvest Source/harvest-b', type: 'CANCELLED' },
      ],
    ] as const) {
      const { run, pass, told } = site()
      run('FAILED', { ...all, children })
      pass(hour)
      expect(told.map(kinds)).toEqual([['harvest-all failed open']])
    }
  })

  it('is not told when it died with the runs of its sources, which are told', () => {
    const one = site()
    one.run('CRASHED', {
      flow: 'Harvest All Sources',
      children: [{ deployment: 'Harvest Source/harvest-a', type: 'CRASHED' }],
    })
    expect(one.troubles).toEqual([])
  })

  it('is well again when every source that failed with it was harvested well', () => {
    const { run, pass, told } = site()
    const well = (name: string) =>
      run('COMPLETED', { source: `https://${name}.example.org/erddap`, deployment: `harvest-${name}` })
    run('CRASHED', {
      ...all,
      children: [
        { deployment: 'Harvest Source/harvest-a', type: 'FAILED' },
        { deployment: 'Harvest Source/harvest-b', type: 'CRASHED' },
        { deployment: 'Harvest Source/harvest-c', type: 'COMPLETED' },
      ],
    })
    pass(hour)
    well('a')
    well('c')
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-all crashed open']])
    well('b')
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-all crashed open'], ['harvest-all crashed recovered']])
  })

  it('that died by itself is well when it ran well, whatever its sources did', () => {
    const { run, pass, told } = site()
    run('CRASHED', { ...all, children: [] })
    pass(hour)
    run('COMPLETED')
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-all crashed open']])
    run('COMPLETED', all)
    pass(hour)
    expect(told.map(kinds)[1]).toEqual(['harvest-all crashed recovered'])
  })

  it('is told when it crashed, whatever became of its sources', () => {
    const { run, pass, told } = site()
    run('CRASHED', { ...all, children: [{ deployment: 'Harvest Source/harvest-a', type: 'FAILED' }] })
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-all crashed open']])
  })
})

describe('the quiet time', () => {
  it('holds repeats back, and one message at its end says how many there were', () => {
    const { run, pass, told } = site({ quiet_hours: 12 })
    run('FAILED')
    pass(hour)
    for (let n = 0; n < 3; n++) {
      run('FAILED', { message: `failure ${n}` })
      pass(hour)
    }
    expect(told).toHaveLength(1)
    pass(12 * hour)
    expect(told).toHaveLength(2)
    expect(told[1]![0]).toMatchObject({
      occurrences: 3,
      toldBefore: new Date(start + 30 * second),
      details: { message: 'failure 2' },
    })
  })

  it('counts for each source and each kind by itself', () => {
    const { run, pass, told } = site()
    run('FAILED')
    pass(hour)
    run('CRASHED')
    pass(hour)
    run('FAILED', { source: 'https://b.example.org/erddap', deployment: 'harvest-b' })
    pass(hour)
    expect(told.map(kinds)).toEqual([
      ['harvest-a failed open'],
      ['harvest-a crashed open'],
      ['harvest-b failed open'],
    ])
  })

  it('of 0 hours tells each run', () => {
    const { run, pass, told } = site({ quiet_hours: 0 })
    for (let n = 0; n < 3; n++) {
      run('FAILED')
      pass(hour)
    }
    expect(told).toHaveLength(3)
  })
})

describe('the digest', () => {
  it('makes one message of what comes within its time', () => {
    const { run, pass, told } = site({ digest_seconds: 30 })
    for (const name of ['a', 'b', 'c'])
      run('FAILED', { source: `https://${name}.example.org/erddap`, deployment: `harvest-${name}` })
    pass(hour)
    expect(told).toHaveLength(1)
    expect(told[0]).toHaveLength(3)
  })

  it('is cut short when the process ends, without telling what is to be quiet', () => {
    const { run, tick, pass, told } = site()
    run('FAILED')
    tick(true)
    expect(told).toHaveLength(1)
    run('FAILED')
    tick(true)
    pass(hour)
    expect(told).toHaveLength(1)
  })

  it('is told again when no channel took it', () => {
    const { run, pass, tick, told, putBack } = site()
    run('FAILED')
    const { before } = tick(true)
    run('FAILED')
    putBack(before)
    pass(60 * second)
    expect(told).toHaveLength(2)
    expect(told[1]![0]).toMatchObject({ occurrences: 2, toldBefore: null })
  })
})

describe('recovery', () => {
  it('is told once, after what was told of, and the next failure is told at once', () => {
    const { run, pass, told } = site()
    run('FAILED')
    pass(hour)
    run('FAILED')
    run('COMPLETED')
    pass(hour)
    run('COMPLETED')
    pass(hour)
    run('FAILED')
    pass(60 * second)
    expect(told.map(kinds)).toEqual([
      ['harvest-a failed open'],
      ['harvest-a failed recovered'],
      ['harvest-a failed open'],
    ])
    expect(told[1]![0]).toMatchObject({ occurrences: 1, openedAt: new Date(start) })
  })

  it('before the digest still tells the failure, as one that is over', () => {
    const { run, pass, told } = site()
    run('FAILED')
    run('COMPLETED')
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-a failed recovered']])
  })

  it('can be switched off; a failure that was not told yet is told then too', () => {
    const operator = site({ recovery: false })
    const { run, pass, told } = operator
    run('FAILED')
    pass(hour)
    run('COMPLETED')
    pass(hour)
    expect(told.map(kinds)).toEqual([['harvest-a failed open']])
    run('FAILED')
    run('COMPLETED')
    pass(hour)
    expect(told.map(kinds)[1]).toEqual(['harvest-a failed open'])
    expect(operator.troubles).toEqual([])
  })

  it('is not believed of a run over a few chosen datasets, nor of one with errors', () => {
    const operator = site()
    const { run, pass, told } = operator
    run('FAILED')
    pass(hour)
    run('COMPLETED', { parameters: { dataset_ids: ['one'] } })
    pass(hour)
    expect(told).toHaveLength(1)
    expect(operator.troubles).toHaveLength(1)
    run('COMPLETED', { counts: { failed: 5, total: 100 } })
    pass(hour)
    expect(told.map(kinds)[1]).toEqual(['harvest-a errors open'])
  })

  it('is not believed of a few chosen datasets that end with errors either, which are told', () => {
    const operator = site()
    operator.run('FAILED')
    operator.pass(hour)
    operator.run('COMPLETED', {
      parameters: { dataset_ids: ['one', 'two'] },
      counts: { failed: 1, total: 2 },
    })
    operator.pass(hour)
    expect(operator.told.flatMap(kinds)).toEqual(['harvest-a failed open', 'harvest-a errors open'])
    expect(operator.troubles.map(({ kind }) => kind).sort()).toEqual(['errors', 'failed'])
  })

  it('is taken back when the source fails again before it was told', () => {
    const { run, pass, told } = site()
    run('FAILED')
    pass(hour)
    run('COMPLETED')
    run('FAILED')
    pass(hour)
    expect(told).toHaveLength(1)
  })
})

describe('a source that nothing harvests', () => {
  it('is stale after its hours, is told again after each quiet time, and recovers', () => {
    const { age, pass, told } = site({ stale_hours: 48, quiet_hours: 12 })
    const last = new Date(start)
    const look = (hours: number, succeeded: Date) => {
      for (let n = 0; n < hours * 4; n++) {
        pass(hour / 4)
        age(succeeded)
      }
    }
    look(47, last)
    expect(told).toEqual([])
    look(2, last)
    expect(told.map(kinds)).toEqual([['harvest-a stale open']])
    look(10, last)
    expect(told).toHaveLength(1)
    look(4, last)
    expect(told).toHaveLength(2)
    expect(told[1]![0]!.details.message).toMatch(/no harvest has succeeded for 6\d hours/)
    look(1, new Date(start + 60 * hour))
    expect(told.map(kinds)[2]).toEqual(['harvest-a stale recovered'])
  })

  it('says the time without a success in a unit that fits', () => {
    const messages = [0.5, 1.2, 50].map((hours) => {
      const one = site({ stale_hours: 0.1 })
      one.age(new Date(start - hours * hour))
      return one.troubles[0]?.details.message
    })
    expect(messages).toEqual(
      ['30 minutes', '1 hour', '50 hours'].map((span) => `no harvest has succeeded for ${span}`),
    )
  })

  it('is stale too when it never succeeded since it is known', () => {
    const { age, pass, told } = site({ stale_hours: 2 })
    pass(3 * hour)
    age(null)
    pass(60 * second)
    expect(told[0]![0]!.details).toMatchObject({
      message: 'no harvest has succeeded since it is known, 3 hours ago',
      lastSuccessAt: null,
    })
  })
})

describe('whatever happens', () => {
  const step = fc.record({
    state: fc.constantFrom('FAILED', 'CRASHED', 'COMPLETED', 'CANCELLED'),
    source: fc.constantFrom('a', 'b', 'c'),
    minutes: fc.integer({ min: 0, max: 400 }),
  } as const)

  it('every failure is spoken of exactly once, and in the end nothing waits', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 24 }), (steps, quiet) => {
        const it = site({ quiet_hours: quiet })
        const failures = new Map<string, number>()
        for (const { state, source, minutes } of steps) {
          it.run(state, { source: `https://${source}.example.org`, deployment: `harvest-${source}` })
          if (state === 'FAILED' || state === 'CRASHED')
            failures.set(`${source}${state}`, (failures.get(`${source}${state}`) ?? 0) + 1)
          it.pass(minutes * 60 * second)
        }
        it.pass(25 * hour)
        const spoken = it.told.flat().reduce((sum, alert) => sum + alert.occurrences, 0)
        expect(spoken).toBe([...failures.values()].reduce((sum, n) => sum + n, 0))
        expect(nextDue(it.troubles, it.settings)).toBeNull()
      }),
      { numRuns: 60 },
    )
  })

  it('two messages of one trouble are as far apart as the quiet time says, unless it recovered between', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 2, maxLength: 40 }), (pauses) => {
        const it = site({ quiet_hours: 6 })
        const times: number[] = []
        for (const minutes of pauses) {
          it.run('FAILED')
          for (let n = 0; n < minutes; n++) {
            const before = it.told.length
            it.pass(60 * second)
            if (it.told.length > before) times.push(it.now().getTime())
          }
        }
        for (const [n, time] of times.slice(1).entries())
          expect(time - times[n]!).toBeGreaterThanOrEqual(6 * hour)
      }),
      { numRuns: 40 },
    )
  })
})
