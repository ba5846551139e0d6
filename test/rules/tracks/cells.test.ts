import { describe, expect, it } from 'vitest'
import {
  cellCentre,
  cellOf,
  coordinateText,
  isOutside,
  readLatitudeCell,
  readLongitudeCell,
} from '../../../src/rules/tracks/cells.ts'
import { recordedTable } from '../../support/recorded-table.ts'

describe('a cell of 1/12 degree', () => {
  it('has its centre half a cell after its beginning', () => {
    expect(cellCentre(564)).toBe(47.04166667)
    expect(cellOf(-0)).toBe(0)
    expect(cellCentre(-35)).toBeCloseTo(-2.875, 9)
    expect(coordinateText(cellCentre(2052))).toBe('171.0417')
    expect(coordinateText(cellCentre(49 * 2, 6))).toBe('49.25')
  })

  it('is found for a coordinate as the server finds it', async () => {
    const first = await recordedTable('origin_first_in_cell')
    const counted = await recordedTable('casts_count_cells_with_data')
    const cells = first.rows.map((row) => [
      row[0],
      row[1]!.slice(0, 10),
      cellOf(Number(row[2])),
      cellOf(Number(row[3])),
    ])
    const numbered = counted.rows.map((row) => [row[0], row[1]!.slice(0, 10), Number(row[2]), Number(row[3])])
    const text = (rows: unknown[][]) => rows.map((row) => row.join(' ')).sort()
    expect(text(cells)).toEqual(text(numbered))
  })

  it.each([
    ['1079.0', 1079],
    ['-1080.0', -1080],
    // The poles: 90 / 0.0833333333333333 is 1080 and a little.
    ['1080.0', 1080],
    ['1081.0', 'impossible'],
    ['-1081.0', -1081],
    ['NaN', 'missing'],
    ['', 'missing'],
    ['6768.0', 'impossible'],
    ['-1082.0', 'impossible'],
    ['12.5', 'impossible'],
  ])('of latitude %s is %s', (text, expected) => {
    expect(readLatitudeCell(text)).toBe(expected)
  })

  it.each([
    ['2159.0', 2159],
    ['2160.0', -2160],
    ['2280.0', -2040],
    ['4320.0', 0],
    ['-2160.0', -2160],
    // −180 / 0.0833333333333333 is −2160 and a little.
    ['-2161.0', -2160],
    ['NaN', 'missing'],
    ['-8713.0', 'impossible'],
    ['-2162.0', 'impossible'],
    ['2159.5', 'impossible'],
    ['4321.0', 'impossible'],
  ])('of longitude %s is %s', (text, expected) => {
    expect(readLongitudeCell(text)).toBe(expected)
  })

  it.each([
    // −9999 / 0.0833333333333333 is −119988 and a little.
    ['-119989.0', [-9999]],
    ['-119988.0', [-9999]],
    ['1199988.0', [-9999, 99999]],
    // Of a float, and of a double.
    ['1.2E21', [1e20]],
    ['1.2000000000000005E21', [1e20]],
    ['1.1963052E38', [9.96921e36]],
    ['1080.0', [90]],
  ])('is missing where it is that of a value that stands for that: %s', (text, fills) => {
    const own = { range: { min: 45, max: 46 }, fills }
    expect(readLatitudeCell(text, own)).toBe('missing')
    expect(readLongitudeCell(text, own)).toBe('missing')
    expect(readLongitudeCell(text, { ...own, range: null })).toBe('missing')
  })

  it('is missing too where the range of its owner begins with such a value', () => {
    expect(readLatitudeCell('-119989.0', { range: { min: -9999, max: 46 }, fills: [-9999] })).toBe('missing')
  })

  it('is as impossible as ever where no such value has it, and there where the dataset has such coordinates', () => {
    const range = { min: 0, max: 10 }
    expect(readLatitudeCell('-119991.0', { range, fills: [-9999] })).toBe('impossible')
    expect(readLongitudeCell('1.3E21', { range, fills: [1e20] })).toBe('impossible')
    expect(readLatitudeCell('0.0', { range, fills: [0] })).toBe(0)
    expect(readLatitudeCell('12.5', { range, fills: [0] })).toBe('impossible')
  })

  it('is outside of a dataset that ends more than a cell before its centre', () => {
    expect(isOutside(564, { min: 47, max: 48 })).toBe(false)
    expect(isOutside(576, { min: 47, max: 48 })).toBe(false)
    expect(isOutside(577, { min: 47, max: 48 })).toBe(true)
    expect(isOutside(563, { min: 47, max: 48 })).toBe(false)
    expect(isOutside(562, { min: 47, max: 48 })).toBe(true)
    expect(isOutside(6768, null)).toBe(false)
  })
})
