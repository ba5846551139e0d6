/**
 * Cells of 1/12 degree, as a server numbers them. Grouped by `latitude/0.0833333333333333`, ERDDAP answers the number of
 * the cell, floor(value / step), and not a coordinate. Cells begin at multiples of 1/12, unlike those of OBIS, whose
 * centres lie on them: no centre falls on the antimeridian.
 */

import type { Extent } from '../extent.ts'
import { parseNumber, roundTo } from '../numbers.ts'
import { positionDecimals } from '../position.ts'

/** The step as it is asked for: as many digits as a server tells from 1/12 and back. */
export const cellStep = '0.0833333333333333'
export const cellsPerDegree = 12

/** Numbers of a whole turn. */
const turn = 360 * cellsPerDegree
/** Numbers from here on are those of longitudes from 0 to 360. */
const halfTurn = turn / 2
const quarterTurn = turn / 4

/** What a cell of an answer says: a number, nothing (`NaN`), or what no cell of the Earth has. */
export type CellNumber = number | 'missing' | 'impossible'

/** What a dataset says of its own latitudes or longitudes, degrees as its data have them. */
export interface OwnCoordinates {
  range: Extent | null
  /** Values that stand for a missing one. */
  fills: readonly number[]
}
const nothingKnown: OwnCoordinates = { range: null, fills: [] }

/**
 * The number of a cell of latitude. The poles themselves fall out of the last cells by a hair (90 / step is 1080 and a
 * little): they are told apart from numbers that no latitude has, since the rule of bad rows removes them.
 */
export function readLatitudeCell(text: string, own = nothingKnown): CellNumber {
  const number = wholeNumber(text, own)
  if (typeof number !== 'number') return number
  return number >= -quarterTurn - 1 && number <= quarterTurn ? number : 'impossible'
}

/** The number of a cell of longitude, brought from 0–360 to ±180. −180 itself falls out of its cell by a hair. */
export function readLongitudeCell(text: string, own = nothingKnown): CellNumber {
  const number = wholeNumber(text, own)
  if (typeof number !== 'number') return number
  if (number < -halfTurn - 1 || number > turn) return 'impossible'
  return normaliseLongitudeCell(number)
}

/** The cell of a coordinate, by the same arithmetic as the server's. */
export function cellOf(value: number): number {
  return Math.floor(value / Number(cellStep)) + 0
}

export function normaliseLongitudeCell(number: number): number {
  if (number === -halfTurn - 1) return -halfTurn
  return number >= halfTurn ? number - turn : number
}

/**
 * The centre of a cell, degrees.
 * @param size cells of 1/12 degree that it is wide
 */
export function cellCentre(cell: number, size = 1): number {
  return roundTo(((cell + 0.5) * size) / cellsPerDegree, 8)
}

/** Whether a centre lies more than one cell outside of a range, degrees. */
export function isOutside(cell: number, range: Extent | null): boolean {
  if (range === null) return false
  const centre = cellCentre(cell)
  return centre < range.min - 1 / cellsPerDegree || centre > range.max + 1 / cellsPerDegree
}

/** A coordinate as ids hold it: 4 decimals at most, without padding. */
export function coordinateText(value: number): string {
  return String(roundTo(value, positionDecimals))
}

function wholeNumber(text: string, own: OwnCoordinates): CellNumber {
  const value = parseNumber(text)
  if (value === null || isFill(value, own)) return 'missing'
  return Number.isInteger(value) ? value : 'impossible'
}

/**
 * Whether a number is that of the cell of a value that stands for a missing one: a server divides first, and sees what is
 * missing afterwards. A cell of the Earth that the dataset's own range covers has coordinates in it, and stays.
 */
function isFill(number: number, { range, fills }: OwnCoordinates): boolean {
  if (fills.length === 0) return false
  if (Math.abs(number) <= turn && range !== null && !isOutside(number, range)) return false
  // A server divides numbers of its own type: of a float the quotient may lie on the other side of a whole number, and
  // what is as large as 1e20 agrees in seven digits only.
  return fills.some((fill) => Math.abs(number - cellOf(fill)) <= Math.max(1, Math.abs(number) * 1e-6))
}
