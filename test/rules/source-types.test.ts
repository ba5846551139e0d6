import { expect, it } from 'vitest'
import { sourceTypeAt, sourceTypeFacts, sourceTypeNames, sourceTypeOf } from '../../src/rules/source-types.ts'

it.each([
  ['erddap', 'erddap'],
  ['obis', 'obis'],
  // Files and rows of before there were several kinds name none.
  ['', 'erddap'],
  [null, 'erddap'],
  [undefined, 'erddap'],
  ['of tomorrow', 'erddap'],
])('the kind that is named %j is %s', (name, type) => {
  expect(sourceTypeOf(name)).toBe(type)
})

it.each([
  ['https://obis.org', 'obis'],
  ['https://api.obis.org/v3', 'obis'],
  ['https://erddap.obis.org/erddap', 'erddap'],
  ['https://data.example.org/erddap', 'erddap'],
  ['no address', 'erddap'],
])('a source of which only the address %s is known is of the kind %s', (address, type) => {
  expect(sourceTypeAt(address)).toBe(type)
})

it('each kind has a page for its datasets and a table of its rows', () => {
  const pages = sourceTypeNames.map((type) => sourceTypeFacts(type).page('https://a.example', 'x%20y'))
  expect(pages).toEqual(['https://a.example/info/x%20y/index.html', 'https://a.example/dataset/x%20y'])
  expect(sourceTypeNames.map((type) => sourceTypeFacts(type).rows)).toEqual(['profiles', 'obis_cells'])
})
