/** The text of a cell, at the numbers where it turns. */
import { expect, it } from 'vitest'
import { formatCell } from '../../src/inventory/cell.ts'
import { checkedColumns } from '../../src/inventory/contract.ts'
import { limits } from '../../src/rules/limits.ts'

it.each([
  '0001-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '1970-01-01T00:00:00Z',
  '2020-02-29T01:00:00Z',
  '2020-02-29T23:00:00Z',
  '2020-02-29T12:59:59Z',
  '2020-02-29T13:00:00Z',
  '9999-12-31T23:59:59Z',
])('the time %s is written as it is', (text) => expect(formatCell(new Date(text))).toBe(text))

it('a list is cut behind the last item that fits', () => {
  const item = 'x'.repeat(limits.nameBytes)
  const most = Math.floor(limits.listCharacters / item.length)
  const rest = 'y'.repeat(limits.listCharacters - most * item.length)
  const full = [...Array<string>(most).fill(item), ...(rest === '' ? [] : [rest])]
  expect(JSON.parse(formatCell(full))).toEqual(full)
  expect(JSON.parse(formatCell([...full, 'z']))).toEqual(full)
})

it('numbers of records and of days may be none', () => {
  for (const name of ['n_records', 'n_days', 'n_rows'])
    expect(checkedColumns.tracks.find((column) => column.name === name)!.check('0')).toBe('0')
})
