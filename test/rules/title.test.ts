import { expect, test } from 'vitest'
import { findTitle } from '../../src/rules/title.ts'

const find = (ownTitle: string, ckan: { titleEn: string | null; titleFr: string | null } | null = null) =>
  findTitle({ datasetId: 'buoy_1', ownTitle, ckan })

test('the title is that of the catalogue, else the own one', () => {
  const ckan = { titleEn: 'Catalogued', titleFr: 'Catalogué' }
  expect(find('Own', ckan)).toEqual({ title: 'Catalogued', titleFr: 'Catalogué', warning: null })
  expect(find('Own')).toEqual({ title: 'Own', titleFr: null, warning: null })
})

test('either language of the catalogue may be missing or blank', () => {
  expect(find('Own', { titleEn: null, titleFr: 'Seul' })).toEqual({
    title: 'Own',
    titleFr: 'Seul',
    warning: null,
  })
  expect(find('Own', { titleEn: ' ', titleFr: ' ' })).toEqual({ title: 'Own', titleFr: null, warning: null })
})

test('hand-written escapes of both are decoded, line breaks become blanks', () => {
  expect(find(' Bou\\u00e9e é\\nde la baie ')).toMatchObject({ title: 'Bouée é de la baie' })
  expect(find('', { titleEn: 'a\\nb', titleFr: '\\u00e9t\\u00e9' })).toMatchObject({
    title: 'a b',
    titleFr: 'été',
  })
})

test.each(['', '  ', '\\n'])('a title of %j falls back to the id, with a warning', (own) => {
  const { title, warning } = find(own)
  expect(title).toBe('buoy_1')
  expect(warning?.code).toBe('TITLE_MISSING')
})
