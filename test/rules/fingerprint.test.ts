import { describe, expect, it } from 'vitest'
import { type CataloguedFacts, catalogueChange, erddapWords } from '../../src/rules/catalogue-change.ts'
import {
  filesText,
  hasFileFacts,
  isRealTime,
  listRowText,
  metadataText,
  newestFileTime,
} from '../../src/rules/fingerprint.ts'
import type { DatasetMetadata } from '../../src/sources/erddap/types.ts'

const metadata = (
  globals: Record<string, string>,
  variables: [name: string, attributes: Record<string, string>][] = [],
): DatasetMetadata => ({
  datasetId: 'a',
  globals: new Map(Object.entries(globals)),
  variables: variables.map(([name, attributes]) => ({
    name,
    dataType: 'double',
    attributes: new Map(Object.entries(attributes)),
  })),
})
const listed = { datasetId: 'a', cdmDataType: 'TimeSeries', title: 'T', minTime: '', maxTime: '' }
const text = (value: DatasetMetadata) => metadataText(value, listed)
const file = (name: string, lastModified: string, size = '1') => ({
  name,
  lastModified,
  size,
  isFolder: false,
})

describe('the text of a fingerprint', () => {
  it('is the same whatever order attributes and files come in, and whatever is written anew all the time', () => {
    expect(text(metadata({ a: '1', b: '2' }))).toBe(text(metadata({ b: '2', a: '1', history: 'today' })))
    expect(filesText([file('a', '1'), file('b', '2')])).toBe(filesText([file('b', '2'), file('a', '1')]))
  })

  it.each([
    ['a global', metadata({ a: '2' }, [['x', { u: 'm' }]])],
    ['an attribute', metadata({ a: '1' }, [['x', { u: 'cm' }]])],
    ['a variable', metadata({ a: '1' }, [['y', { u: 'm' }]])],
    [
      'a variable more',
      metadata({ a: '1' }, [
        ['x', { u: 'm' }],
        ['y', {}],
      ]),
    ],
  ])('is another for %s', (_what, other) => {
    expect(text(other)).not.toBe(text(metadata({ a: '1' }, [['x', { u: 'm' }]])))
  })

  it('is another when variables change places, since the first ocean variable is theirs', () => {
    expect(
      text(
        metadata({}, [
          ['x', {}],
          ['y', {}],
        ]),
      ),
    ).not.toBe(
      text(
        metadata({}, [
          ['y', {}],
          ['x', {}],
        ]),
      ),
    )
  })

  it('cannot be imitated by names that hold what separates', () => {
    expect(filesText([file('a', '1","2'), file('b', '')])).not.toBe(
      filesText([file('a","1', '2'), file('b', '')]),
    )
  })

  it('knows the newest file by milliseconds or by ISO times, and none where one has no time', () => {
    expect(newestFileTime([file('a', '1795248736645'), file('b', '5')])).toBe(1795248736645)
    expect(newestFileTime([file('a', '2024-01-02T03:04:05Z')])).toBe(Date.UTC(2024, 0, 2, 3, 4, 5))
    expect(newestFileTime([file('a', '5'), file('b', '')])).toBeNull()
    expect(newestFileTime([file('a', 'yesterday'), file('b', '5')])).toBeNull()
    expect(newestFileTime([])).toBeNull()
  })
})

it('a file is told apart from another state of itself by its time or its size', () => {
  expect(hasFileFacts(file('a', '1', '2'))).toBe(true)
  expect(hasFileFacts(file('a', '1', ''))).toBe(true)
  expect(hasFileFacts(file('a', '', '2'))).toBe(true)
  expect(hasFileFacts(file('a', '', ''))).toBe(false)
})

it('the row of the list is one text, whatever the order of its columns', () => {
  expect(listRowText({ row: { b: '2', a: '1', c: '3' } })).toBe('[["a","1"],["b","2"],["c","3"]]')
  expect(listRowText({ row: { c: '3', b: '2', a: '1' } })).toBe('[["a","1"],["b","2"],["c","3"]]')
})

describe('a dataset is real-time', () => {
  it.each([
    ['a range without end', { actual_range: '1.6E9, NaN' }, '', '', true],
    ['a range with an end', { actual_range: '1.6E9, 1.7E9' }, '2020-01-01', '2021-01-01', false],
    ['a list without an end', {}, '2020-01-01T00:00:00Z', '', true],
    ['neither begin nor end', {}, '', '', false],
  ])('by %s: %#', (_what, attributes, minTime, maxTime, expected) => {
    expect(
      isRealTime(metadata({}, [['time', attributes as Record<string, string>]]), { minTime, maxTime }),
    ).toBe(expected)
  })
})

describe('the catalogue changes of an unchanged dataset', () => {
  const own = metadata({ title: 'Own title', institution: 'Own centre' })
  const record = {
    id: 'r',
    titleEn: 'Title',
    titleFr: 'Titre',
    organizations: ['Centre'],
    resourceUrls: [],
    xmlLocationUrl: null,
  }
  const known: CataloguedFacts = { ckanId: 'r', title: 'Title', titleFr: 'Titre', organizations: ['Centre'] }
  const uncatalogued: CataloguedFacts = {
    ckanId: null,
    title: 'Own title',
    titleFr: null,
    organizations: ['Own centre'],
  }

  it.each([
    ['nothing when the record is the same', known, record, 'none'],
    ['nothing where there was and is no record', uncatalogued, null, 'none'],
    ['its words when the record changed', known, { ...record, titleFr: 'Autre' }, 'record'],
    ['its words when a record came', uncatalogued, record, 'record'],
    ['so much that it is harvested when the record went', known, null, 'harvest'],
    ['its words when an organization was renamed', known, { ...record, organizations: ['Other'] }, 'record'],
    [
      'its words when one of two organizations was renamed',
      { ...known, organizations: ['Centre', 'Institute'] },
      { ...record, organizations: ['Centre', 'Other'] },
      'record',
    ],
    [
      'its words when the record changed that never named a title or an organization',
      { ckanId: 'r', title: 'Own title', titleFr: null, organizations: ['Own centre'] },
      { ...record, titleEn: null, titleFr: null, organizations: [], id: 'other' },
      'record',
    ],
    ['so much when the record lost its title', known, { ...record, titleEn: null }, 'harvest'],
    ['so much when the record lost its organizations', known, { ...record, organizations: [] }, 'harvest'],
  ] as const)('%s', (_what, before, now, expected) => {
    expect(catalogueChange(before, erddapWords(listed, own), now as never)).toBe(expected)
  })
})
