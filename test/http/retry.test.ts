import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redirectTarget } from '../../src/http/redirect.ts'
import { backoffMs, retryAfterMs } from '../../src/http/retry.ts'

describe('Retry-After', () => {
  const now = Date.parse('2026-11-21T08:00:00Z')
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['1.5', 1500],
    ['.25', 250],
    [' 3 ', 3000],
    ['Sat, 21 Nov 2026 08:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 07:00:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    ['', null],
    [undefined, null],
  ])('%j means %j ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected)
  })
})

describe('the pause before an attempt', () => {
  it('lies between half and the whole of its step, whatever the dice say', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, dice) => {
          const step = Math.min(30_000, 1000 * 2 ** (attempt - 1))
          const pause = backoffMs(attempt, dice)
          expect(pause).toBeGreaterThanOrEqual(step / 2)
          expect(pause).toBeLessThanOrEqual(step)
        },
      ),
    )
  })
})

describe('a redirect', () => {
  const from = new URL('https://a.example/erddap/tabledap/x.csv?time')
  it('may be relative, and loses login and fragment', () => {
    expect(redirectTarget(from, '/y?z', false).href).toBe('https://a.example/y?z')
    expect(redirectTarget(from, 'https://me:pw@b.example/y#part', false).href).toBe('https://b.example/y')
  })

  it('from https to http is followed only where that is allowed', () => {
    expect(() => redirectTarget(from, 'http://a.example/y', false)).toThrow(
      'redirected from https to http (http://a.example/y), which is not followed',
    )
    expect(redirectTarget(from, 'http://a.example/y', true).href).toBe('http://a.example/y')
  })

  it.each([
    ['', 'without a Location'],
    ['ftp://a.example/', 'which is not HTTP'],
    ['http://[', 'which is no URL'],
  ])('to %j is refused', (location, said) => {
    expect(() => redirectTarget(from, location, true)).toThrow(said)
  })

  it('keeps an address with brackets around its host', () => {
    expect(redirectTarget(from, 'https://[::1]:8080/a[1]?b={c}', false).href).toBe(
      'https://[::1]:8080/a%5B1%5D?b=%7Bc%7D',
    )
  })
})
