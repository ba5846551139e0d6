import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cutToBytes,
  cutToCell,
  isStorableKey,
  isStorableTime,
  limits,
  storableText,
} from '../../src/rules/limits.ts'
import { type ProfileFacts, profileRow } from '../../src/rules/profile.ts'
import { actualRange } from '../../src/rules/range.ts'
import { recordNumbers } from '../../src/rules/records.ts'
import { metadataOf } from './examples.ts'

const anyText = fc.string({ unit: 'binary', maxLength: 400 })

describe('the limits', () => {
  it('of text: what is storable survives UTF-8 and holds no NUL', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.constantFrom('\ud800', 'a\udc00b', '\udc00\ud800', 'a\0b')),
        (text) => {
          const stored = storableText(text)
          expect(stored).not.toContain('\0')
          expect(Buffer.from(stored).toString()).toBe(stored)
          expect(storableText(stored)).toBe(stored)
        },
      ),
    )
  })

  it('of keys are counted in the bytes of UTF-8', () => {
    expect(isStorableKey('x'.repeat(limits.keyBytes))).toBe(true)
    expect(isStorableKey('x'.repeat(limits.keyBytes + 1))).toBe(false)
    expect(isStorableKey('é'.repeat(limits.keyBytes / 2))).toBe(true)
    expect(isStorableKey('😀'.repeat(limits.keyBytes / 4 + 1))).toBe(false)
  })

  // The first and the last character of each width.
  it.each([
    ['\0', 1],
    ['\u007f', 1],
    ['\u0080', 2],
    ['\u07ff', 2],
    ['\u0800', 3],
    ['\uffff', 3],
    ['\u{10000}', 4],
    ['\u{10ffff}', 4],
  ])('of bytes take %j for %i', (character, width) => {
    const most = limits.keyBytes / width
    expect(isStorableKey(character.repeat(most))).toBe(true)
    expect(isStorableKey(`${character.repeat(most)}x`)).toBe(false)
    expect(cutToBytes(character.repeat(5), 4 * width)).toBe(character.repeat(4))
    expect(cutToBytes(character.repeat(5), 5 * width - 1)).toBe(character.repeat(4))
    expect(cutToBytes(character.repeat(5), 5 * width)).toBe(character.repeat(5))
  })

  it('leave no blank where a text was cut', () => {
    expect(cutToBytes('ab cd', 3)).toBe('ab')
    expect(cutToBytes('ab cd', 4)).toBe('ab c')
  })

  it('cut what is only shown, and mark it', () => {
    const whole = 'x'.repeat(limits.textCharacters)
    expect(cutToCell(whole)).toBe(whole)
    expect(cutToCell(`${whole}x`)).toBe(`${whole.slice(1)}…`)
    // Half a pair would be left.
    expect(cutToCell(`${whole.slice(2)}😀😀`)).toBe(`${whole.slice(2)}\ufffd…`)
  })

  it('cut a text at the end of a character', () => {
    fc.assert(
      fc.property(anyText.map(storableText), fc.integer({ min: 0, max: 200 }), (text, bytes) => {
        const cut = cutToBytes(text, bytes)
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes)
        expect(text.startsWith(cut)).toBe(true)
        expect(storableText(cut)).toBe(cut)
      }),
    )
    expect(cutToCell('x'.repeat(100_000))).toHaveLength(limits.textCharacters)
  })

  it('of time are the years 1 to 9999', () => {
    expect(isStorableTime(Date.parse('0001-01-01T00:00:00Z'))).toBe(true)
    expect(isStorableTime(Date.parse('0000-12-31T23:59:59Z'))).toBe(false)
    expect(isStorableTime(Date.parse('9999-12-31T23:59:59Z'))).toBe(true)
    expect(isStorableTime(253_402_300_799_999)).toBe(true)
    expect(isStorableTime(253_402_300_800_000)).toBe(false)
    expect(isStorableTime(Number.NaN)).toBe(false)
  })
})

describe('a row', () => {
  const facts: ProfileFacts = {
    timeseriesId: 's1',
    profileId: null,
    position: { latitude: 48.5, longitude: -122 },
    time: { min: Date.parse('1872-06-01T00:00:00Z'), max: 0 },
    vertical: null,
    records: 2,
    casts: null,
  }
  const plan = { cdmDataType: 'TimeSeries', vertical: null } as const
  const at = (min: string, max: string) => ({ min: Date.parse(min), max: Date.parse(max) })

  it.each([
    ['of year 0', at('0000-01-16T00:00:00Z', '0000-12-16T00:00:00Z')],
    ['that starts long before', at('-004712-01-01T00:00:00Z', '1969-12-31T23:59:59Z')],
    ['whose milliseconds were read as seconds', { min: 1.5e15, max: 1.6e15 }],
  ])('%s is dropped, since no file can hold its time', (_what, time) => {
    expect(profileRow({ ...facts, time }, plan)).toEqual({ kind: 'dropped', reason: 'time_outside' })
  })

  it('of 1872 stays', () => expect(profileRow(facts, plan).kind).toBe('row'))

  it('with an id that is no key is dropped', () => {
    expect(profileRow({ ...facts, timeseriesId: 'é'.repeat(400) }, plan)).toEqual({
      kind: 'dropped',
      reason: 'id_too_long',
    })
  })

  it('has a count that can be written, whatever the server counted', () => {
    expect(recordNumbers(-5, 0, 1)).toEqual({ records: 0, recordsPerDay: 0 })
    expect(recordNumbers(1e300, 0, 1).records).toBe(limits.records)
  })
})

describe('an actual_range', () => {
  it.each(['1.5E12, 1.6E12', '-1E12, 0', '0000-01-01, 2001-01-01'])(
    'of %s is no range of time: the server is asked',
    (range) => {
      const metadata = metadataOf({ time: { actual_range: range } })
      expect(actualRange(metadata, 'time', { now: 0 })).toBeNull()
    },
  )
})
