import type { Cell } from './columns.ts'

/** Seconds since 1970 of the last moment that ISO 8601 writes with four digits of year. */
const lastPlainYear = Date.UTC(9999, 11, 31, 23, 59, 59)

/** A time as the files hold it: UTC, to the second. */
export function formatTimestamp(time: Date): string {
  const ms = time.getTime()
  if (ms > lastPlainYear) return new Date(lastPlainYear).toISOString().replace('.000Z', 'Z')
  return `${time.toISOString().slice(0, -5)}Z`
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
