import type { Cell } from './columns.ts'

/** Seconds since 1970 of the last moment that ISO 8601 writes with four digits of year. */
const lastPlainYear = Date.UTC(9999, 11, 31, 23, 59, 59)

const dayMs = 86_400_000
let lastDay = Number.NaN
let lastDate = ''

/** A time as the files hold it: UTC, to the second. The date of the last call is kept, since times come in clusters. */
export function formatTimestamp(time: Date): string {
  const ms = Math.min(time.getTime(), lastPlainYear)
  const day = Math.floor(ms / dayMs)
  if (day !== lastDay) {
    lastDate = new Date(day * dayMs).toISOString().slice(0, -13)
    lastDay = day
  }
  const second = Math.floor((ms - day * dayMs) / 1000)
  return `${lastDate}${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}Z`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** A number without padding, exponent or negative zero. */
export function formatDecimal(value: number): string {
  if (!Number.isFinite(value)) return ''
  const text = String(value === 0 ? 0 : value)
  if (!text.includes('e')) return text
  return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(20).replace(/\.?0+$/, '')
}

/** The text of one cell; the absent value is the empty cell. */
export function formatCell(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number') return formatDecimal(cell)
  if (typeof cell === 'boolean') return String(cell)
  if (cell instanceof Date) return formatTimestamp(cell)
  return JSON.stringify(cell)
}
