import { describe, expect, it } from 'vitest'
import { nextTimes, normaliseCron, normaliseTimezone } from '../../src/config/cron.ts'
import { checkRefuses } from '../support/check-refuses.ts'

const refusedToo = checkRefuses()

describe('a cron value', () => {
  it.each([undefined, null, '', '   ', '""', "''", '" "', '"'])('%j means no schedule', (value) => {
    expect(normaliseCron(value, 'HARVESTER_CRON')).toBeNull()
  })

  it.each([
    ['0 5 * * *', '0 5 * * *'],
    ['  "0 5 * * *"  ', '0 5 * * *'],
    ["'*/15  6-18\t* * mon-fri'", '*/15 6-18 * * MON-FRI'],
    ['0 0 1,15 jan-jun/2 0', '0 0 1,15 JAN-JUN/2 0'],
    ['@daily', '0 0 * * *'],
    ['@Weekly', '0 0 * * 0'],
    ['0 5 * * 7', '0 5 * * 7'],
    ['0 0 29 2 *', '0 0 29 2 *'],
  ])('%j is read as %j', (value, expected) => {
    expect(normaliseCron(value, 'HARVESTER_CRON')).toBe(expected)
  })

  it.each([
    ['0 5 * *', '4 fields'],
    ['0 0 5 * * *', '6 fields'],
    ['61 5 * * *', 'from 0 to 59'],
    ['0 24 * * *', 'from 0 to 23'],
    ['0 5 L * *', 'not understood'],
    ['0 5 15W * *', 'not understood'],
    ['0 5 ? * *', 'not understood'],
    ['0 5 * * 5#2', 'not understood'],
    ['5/15 * * * *', 'a step needs'],
    ['*/0 * * * *', 'no step'],
    ['0 5 * * FRI-MON', 'backwards'],
    ['0 0 30 2 *', 'never comes'],
    ['@reboot', '@daily'],
    ['every day', '2 fields'],
  ])('%j stops the start and says why', (value, reason) => {
    refusedToo({ env: { VERNACULARS_CRON: value } }, `VERNACULARS_CRON ("${value}")`)
    refusedToo({ env: { HARVESTER_CRON: value } }, `HARVESTER_CRON ("${value}")`)
    expect(() => normaliseCron(value, 'VERNACULARS_CRON')).toThrowError(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(new RegExp(`VERNACULARS_CRON is ".*${reason}`, 's')),
        remedy: expect.stringContaining('0 5 * * *'),
      }),
    )
  })
})

describe('a time zone', () => {
  it.each([
    [undefined, 'UTC'],
    ['', 'UTC'],
    ['utc', 'UTC'],
    ['"Europe/Rome"', 'Europe/Rome'],
    ['america/halifax', 'America/Halifax'],
  ])('%j is %s', (value, expected) => {
    expect(normaliseTimezone(value, 'HARVESTER_TZ')).toBe(expected)
  })

  it.each(['Mars/Olympus', '+02:00', 'CEST'])('%s is refused with an example', (value) => {
    refusedToo({ env: { HARVESTER_TZ: value } }, `HARVESTER_TZ ("${value}")`)
    expect(() => normaliseTimezone(value, 'HARVESTER_TZ')).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID', remedy: expect.stringContaining('Europe/Rome') }),
    )
  })

  it('moves a schedule with its summer time', () => {
    const times = nextTimes('0 5 * * *', 'Europe/Rome', 2, new Date('2026-10-24T00:00:00Z'))
    expect(times.map((time) => time.toISOString())).toEqual([
      '2026-10-24T03:00:00.000Z',
      '2026-10-25T04:00:00.000Z',
    ])
  })
})
