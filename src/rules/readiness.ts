/** When a source is ready for what is wanted of it, judged from what was seen of it. */

import { formatTime, parseTime } from './time.ts'

/** Nothing named: the server must answer. `newerThanMs` (epoch milliseconds) only with a dataset. */
export interface Wanted {
  datasetId: string | null
  newerThanMs: number | null
}

/** What one look at a source gave. */
export type Seen =
  /** No connection. */
  | { kind: 'unreachable'; why: string }
  /** An answer that is of no use, or none in time; `forGood` where asking again would not change it. */
  | { kind: 'refused'; why: string; forGood: boolean; cutOff?: boolean }
  /** The server answers, and has no list of datasets as yet. */
  | { kind: 'starting' }
  /** The server answers, and has a list. Null: too old to say its version. */
  | { kind: 'answers'; version: string | null }
  | { kind: 'not-listed' }
  | { kind: 'listed' }
  /** The data has no time after the wanted one; what the list gives as its newest, or ''. */
  | { kind: 'not-newer'; listedMaxTime: string }
  /** The newest time of the data, as ERDDAP sends it, or at least one that is later than the wanted one. */
  | { kind: 'newest'; time: string }

export function isReady(wanted: Wanted, seen: Seen): boolean {
  switch (seen.kind) {
    case 'answers':
      return wanted.datasetId === null
    case 'listed':
      return wanted.datasetId !== null && wanted.newerThanMs === null
    case 'newest': {
      const time = parseTime(seen.time)
      return wanted.newerThanMs !== null && time !== null && time > wanted.newerThanMs
    }
    default:
      return false
  }
}

/** `dataset buoy_7 has data after 2026-11-21T05:00:00Z` */
export function describeWanted({ datasetId, newerThanMs }: Wanted): string {
  if (datasetId === null) return 'the server answers'
  if (newerThanMs === null) return `dataset ${datasetId} is listed`
  return `dataset ${datasetId} has data after ${formatTime(newerThanMs)}`
}

export function describeSeen(seen: Seen): string {
  switch (seen.kind) {
    case 'unreachable':
    case 'refused':
      return seen.why
    case 'starting':
      return 'the server is starting: it has no list of datasets yet'
    case 'answers':
      return `the server answers${seen.version === null ? '' : ` (ERDDAP ${seen.version})`}`
    case 'not-listed':
      return 'the dataset is not listed'
    case 'listed':
      return 'the dataset is listed'
    case 'not-newer': {
      const listed = parseTime(seen.listedMaxTime)
      return `the dataset has no later data${listed === null ? '' : `; its newest time is ${formatTime(listed)} by the list`}`
    }
    case 'newest':
      return `the dataset has data up to ${seen.time}`
  }
}

const ageUnitMs = { min: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Epoch milliseconds of a time, or of an age (`90min`, `6h`, `2d`) before `startMs`; null for what is neither. */
export function newerThanMs(text: string, startMs: number): number | null {
  const age = /^(\d+)\s*(min|h|d)$/.exec(text.trim())
  if (age) return startMs - Number(age[1]) * ageUnitMs[age[2] as keyof typeof ageUnitMs]
  return parseTime(text)
}
