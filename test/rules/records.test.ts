/** How many records a profile holds, and how many a day. */
import { expect, it } from 'vitest'
import { limits } from '../../src/rules/limits.ts'
import {
  isSampled,
  recordNumbers,
  recordsFromResolution,
  recordsFromSample,
  sampleEnd,
} from '../../src/rules/records.ts'

const day = 86_400_000
const start = Date.UTC(2020, 0, 1)

it('a span of thirty days or more is counted over its first thirty', () => {
  expect(isSampled(start, start + 30 * day)).toBe(true)
  expect(isSampled(start, start + 30 * day - 1)).toBe(false)
  expect(sampleEnd(start)).toBe(start + 30 * day)
  expect(recordsFromSample(300, start, start + 90.5 * day)).toBe(900)
})

it('a stated resolution gives readings for whole days, and at least one', () => {
  expect(recordsFromResolution(24, start, start + 2.5 * day)).toBe(48)
  expect(recordsFromResolution(24, start, start + day)).toBe(24)
  expect(recordsFromResolution(24, start, start + 1.9 * day)).toBe(24)
  // Less than one reading a day: whole days count as they are, a part of a day as one.
  expect(recordsFromResolution(1 / 7, start, start + day)).toBe(1 / 7)
  expect(recordsFromResolution(1 / 7, start, start + day / 2)).toBe(1)
  expect(recordsFromResolution(24, start, start + day / 2)).toBe(12)
  expect(recordsFromResolution(24, start, start)).toBe(1)
})

it('records are whole, halves up, and within what a database can hold', () => {
  expect(recordNumbers(2.5, start, start + 4 * day)).toEqual({ records: 3, recordsPerDay: 0.625 })
  expect(recordNumbers(2.4, start, start)).toEqual({ records: 2, recordsPerDay: 2.4 })
  expect(recordNumbers(7, start, start + 1.9 * day).recordsPerDay).toBe(7)
  expect(recordNumbers(1, start, start + 7 * day).recordsPerDay).toBe(0.1429)
  expect(recordNumbers(-3, start, start)).toEqual({ records: 0, recordsPerDay: 0 })
  expect(recordNumbers(Number.MAX_VALUE, start, start).records).toBe(limits.records)
})
