import type { CopyValue } from '../database/port.ts'
import { isStorableKey, limits } from '../rules/limits.ts'

/**
 * The check of one cell of a run folder: what it becomes in the stage, or why it is refused. Cells arrive as text;
 * an empty cell is NULL.
 */
export class CellFault {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

export type CheckedCell = CopyValue | CellFault
export type CellCheck = (text: string) => CheckedCell

const mustNotBeEmpty = new CellFault('must not be empty')
const holdsNul = new CellFault('holds a NUL character')
const notANumber = new CellFault('is not a number')
const notWhole = new CellFault('is not a whole number')
const notATime = new CellFault('is not a time like 2020-01-31T00:00:00Z')
const notAList = new CellFault('is not a JSON list of texts')
const notAnId = new CellFault('is not a UUID')
const notALine = new CellFault('is not a line like MULTILINESTRING((-60.5 45,-60 45.25))')
const notAUrl = new CellFault('is not a URL')
const tooLongForAKey = new CellFault(`is longer than the ${limits.keyBytes} bytes that a key can have`)

const decimalPattern = /^[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/
/** A whole number, also as some programs write one: `12.0`. */
const wholePattern = /^([+-]?\d{1,16})(\.0*)?$/
const timePattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const checkText: CellCheck = (text) => (text === '' ? null : text.includes('\0') ? holdsNul : text)

export const checkKey: CellCheck = (text) => (isStorableKey(text) ? checkText(text) : tooLongForAKey)

export const checkUrl: CellCheck = (text) => (/^https?:\/\/[^\s/]/.test(text) ? checkKey(text) : notAUrl)

export function checkDecimal(least: number, most: number): CellCheck {
  const outside = new CellFault(`is outside of ${least} to ${most}`)
  return (text) => {
    if (text === '') return null
    if (!decimalPattern.test(text)) return notANumber
    const value = Number(text)
    return value >= least && value <= most ? text : outside
  }
}

export function checkWhole(least: number, most: number): CellCheck {
  const outside = new CellFault(`is outside of ${least} to ${most}`)
  return (text) => {
    if (text === '') return null
    const match = wholePattern.exec(text)
    if (!match) return notWhole
    const value = Number(match[1])
    return value >= least && value <= most ? match[1]! : outside
  }
}

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** ISO 8601; without a zone it is UTC. */
export const checkTime: CellCheck = (text) => {
  if (text === '') return null
  const match = timePattern.exec(text)
  if (!match) return notATime
  const year = Number(match[1])
  const month = Number(match[2])
  const day = Number(match[3])
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysOfMonth[month - 1]! + leap) return notATime
  if (Number(match[4] ?? 0) > 23 || Number(match[5] ?? 0) > 59 || Number(match[6] ?? 0) > 59) return notATime
  return match[8] === undefined ? `${text}Z` : text
}

export const checkList: CellCheck = (text) => {
  if (text === '') return null
  try {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) return notAList
    return list.some((item) => item.includes('\0')) ? holdsNul : (list as string[])
  } catch {
    return notAList
  }
}

export const checkUuid: CellCheck = (text) => (text === '' ? null : uuidPattern.test(text) ? text : notAnId)

const lineBeginning = /^MULTILINESTRING ?\(\(/i
const positionPattern = /^ ?(-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?) (-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?)$/i

/**
 * Lines as WKT, each of two positions or more, longitude first: the database reads a geometry in the middle of a
 * statement about all datasets, which one that is none would end. Split and then looked at piece by piece, so that a
 * long line takes its length and no more.
 * @param longitude degrees on either side of Greenwich
 * @param latitude degrees on either side of the equator
 */
export function checkLines(longitude: number, latitude: number): CellCheck {
  const outside = new CellFault(`has a position outside of ±${longitude}, ±${latitude}`)
  return (text) => {
    if (text === '') return null
    const beginning = lineBeginning.exec(text)
    if (!beginning || !text.endsWith('))')) return notALine
    for (const line of text.slice(beginning[0].length, -2).split(/\), ?\(/)) {
      const positions = line.split(',')
      if (positions.length < 2) return notALine
      for (const position of positions) {
        const match = positionPattern.exec(position)
        if (!match) return notALine
        if (Math.abs(Number(match[1])) > longitude || Math.abs(Number(match[2])) > latitude) return outside
      }
    }
    return text
  }
}

export function checkChoice(...choices: string[]): CellCheck {
  const fault = new CellFault(`is none of ${choices.join(', ')}`)
  return (text) => (text === '' ? null : choices.includes(text) ? text : fault)
}

export function required(check: CellCheck): CellCheck {
  return (text) => (text === '' ? mustNotBeEmpty : check(text))
}
