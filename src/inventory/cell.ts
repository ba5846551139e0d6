import { cutToBytes, cutToCell, isStorableTime, limits, storableText } from '../rules/limits.ts'
import type { Cell } from './column.ts'

const dayMs = 86_400_000
let lastDay = Number.NaN
let lastDate = ''

/**
 * A time as the files hold it: UTC, to the second. The date of the last call is kept, since times come in clusters.
 * @throws RangeError outside of the years 1 to 9999: the rules drop such a row before it is written
 */
function formatTimestamp(time: Date): string {
  const ms = time.getTime()
  if (!isStorableTime(ms)) throw new RangeError(`no file can hold the time ${ms} ms`)
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
  if (typeof cell === 'string') return storableText(cutToCell(cell))
  if (typeof cell === 'number') return formatDecimal(cell)
  if (typeof cell === 'boolean') return String(cell)
  if (cell instanceof Date) return formatTimestamp(cell)
  return JSON.stringify(storableList(cell))
}

/** The items that a list can hold, each cut to a name; beyond the limit the rest is left out. */
function storableList(items: readonly string[]): string[] {
  const kept: string[] = []
  let characters = 0
  for (const item of items) {
    const text = cutToBytes(storableText(item), limits.nameBytes)
    characters += text.length
    if (characters > limits.listCharacters) break
    kept.push(text)
  }
  return kept
}

/** How many items of the lists of a record are not written as they are: cut, or left out. For a warning. */
export function itemsCut(record: readonly Cell[]): number {
  let cut = 0
  for (const cell of record) {
    if (!Array.isArray(cell)) continue
    const items = cell as readonly string[]
    const kept = storableList(items)
    cut += items.length - kept.length
    for (const [at, text] of kept.entries()) if (text.length < storableText(items[at]!).length) cut += 1
  }
  return cut
}
