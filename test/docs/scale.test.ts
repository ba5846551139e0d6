import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { costs, simulate, site } from '../../bench/scale/model.ts'
import { withTables } from '../../bench/scale/run.ts'

const settings = { name: '', workers: 1, runsPerWorker: 4, schedule: 'spread', days: 7 } as const

describe('the page of sizes', () => {
  it('shows what the simulation says', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../docs/scale.md'), 'utf8')
    expect(withTables(page)).toBe(page)
  })
})

describe('the simulation of a week', () => {
  it('ends every run that was due, unless the run before was still at work', () => {
    for (const schedule of ['spread', 'together'] as const) {
      const week = simulate(site, { ...settings, schedule }, costs)
      expect(week.runs + week.skipped).toBe(site.servers * settings.days)
    }
  })

  it('keeps workers and lock within the time there is', () => {
    const week = simulate(site, { ...settings, schedule: 'together' }, costs)
    expect(week.slotsBusy).toBeGreaterThan(0)
    expect(week.slotsBusy).toBeLessThanOrEqual(1)
    expect(week.lockBusy).toBeLessThanOrEqual(1)
  })

  it('lets nobody wait longer when there is more room', () => {
    const small = simulate(site, settings, costs)
    const large = simulate(site, { ...settings, workers: 4 }, costs)
    expect(large.slotWaitMax).toBeLessThanOrEqual(small.slotWaitMax)
    expect(large.hoursP95).toBeLessThanOrEqual(small.hoursP95)
  })

  it('leaves runs out, and says so, where servers are too slow for their schedule', () => {
    const week = simulate({ ...site, medianAnswerSeconds: 20 }, { ...settings, workers: 500 }, costs)
    expect(week.skipped).toBeGreaterThan(0)
  })

  it('lets loads wait for each other where they take long', () => {
    const week = simulate(
      site,
      { ...settings, workers: 200, schedule: 'together' },
      { ...costs, loadSeconds: 60 },
    )
    expect(week.lockWaitMax).toBeGreaterThan(60)
    expect(week.lockBusy).toBeLessThanOrEqual(1)
  })
})
