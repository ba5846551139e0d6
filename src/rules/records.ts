/** How many records a profile holds, and how many a day. */
import { limits } from './limits.ts'
import { roundTo } from './numbers.ts'

const dayMs = 86_400_000

/** A single id that spans at least this long is counted over its first days only. */
const sampleDays = 30

/** Whole days between two times (epoch ms), floored. */
function wholeDays(startMs: number, endMs: number): number {
  return Math.floor((endMs - startMs) / dayMs)
}

/** Whether counting the first days, instead of everything, is the rule: a span of 30 days or more. */
export function isSampled(startMs: number, endMs: number): boolean {
  return endMs - startMs >= sampleDays * dayMs
}

/** The end of the sampled window. */
export function sampleEnd(startMs: number): number {
  return startMs + sampleDays * dayMs
}

/**
 * Records from the stated resolution: whole days times readings a day; under one day the fraction of it, at least 1.
 * Not rounded.
 */
export function recordsFromResolution(readingsPerDay: number, startMs: number, endMs: number): number {
  const days = wholeDays(startMs, endMs)
  return days >= 1 ? days * readingsPerDay : Math.max(1, ((endMs - startMs) / dayMs) * readingsPerDay)
}

/** Records from those of the first 30 days. Not rounded. */
export function recordsFromSample(count: number, startMs: number, endMs: number): number {
  return (count * wholeDays(startMs, endMs)) / sampleDays
}

/**
 * What is written: a whole number (halves up), and the unrounded number over whole days, at least one day. A server
 * that counts less than nothing, or more than a database can, is brought to the nearest that can be written.
 */
export function recordNumbers(
  records: number,
  startMs: number,
  endMs: number,
): { records: number; recordsPerDay: number } {
  const possible = Math.min(Math.max(0, records), limits.records)
  return {
    records: Math.min(Math.floor(possible + 0.5), limits.records),
    recordsPerDay: roundTo(possible / Math.max(1, wholeDays(startMs, endMs)), 4),
  }
}
