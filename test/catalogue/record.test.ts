import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CkanRecord, parseCkanRecord } from '../../src/catalogue/record.ts'

/** Of a record in which there is nothing odd. */
function recordOf(raw: unknown): CkanRecord {
  const read = parseCkanRecord(raw)
  expect(read).toMatchObject({ unreadable: [] })
  return (read as { record: CkanRecord }).record
}

const whole = {
  id: 'a1',
  name: 'buoy',
  title: 'ignored',
  title_translated: { en: 'Buoy', fr: 'Bouée' },
  'cited-responsible-party': [
    { 'organisation-name': 'B', role: 'owner' },
    { 'organisation-name': 'A' },
    { 'organisation-name': 'B' },
    { 'individual-name': 'Somebody' },
  ],
  resources: [
    { url: 'https://e.org/erddap/tabledap/x.html' },
    { url: 'https://e.org/file.pdf' },
    { url: null },
    { url: 'https://e.org/erddap/tabledap/x.html' },
  ],
  xml_location_url: 'https://e.org/records/uuid.xml',
}

describe('a CKAN record', () => {
  test('gives what the harvest needs', () => {
    expect(recordOf(whole)).toEqual({
      id: 'a1',
      titleEn: 'Buoy',
      titleFr: 'Bouée',
      organizations: ['B', 'A'],
      resourceUrls: ['https://e.org/erddap/tabledap/x.html'],
      xmlLocationUrl: 'https://e.org/records/uuid.xml',
    })
  })

  test('may have its composite fields as JSON text', () => {
    const text = {
      ...whole,
      title_translated: JSON.stringify(whole.title_translated),
      'cited-responsible-party': JSON.stringify(whole['cited-responsible-party']),
    }
    expect(recordOf(text)).toEqual(recordOf(whole))
  })

  test.each([
    {},
    { title_translated: null, resources: null },
    { title_translated: '', 'cited-responsible-party': '' },
  ])('may lack everything but its id: %j', (rest) => {
    expect(recordOf({ id: 'a1', ...rest })).toEqual({
      id: 'a1',
      titleEn: null,
      titleFr: null,
      organizations: [],
      resourceUrls: [],
      xmlLocationUrl: null,
    })
  })

  test('may lack a language', () => {
    expect(recordOf({ id: 'a', title_translated: { fr: 'Seul' } })).toMatchObject({
      titleEn: null,
      titleFr: 'Seul',
    })
    expect(recordOf({ id: 'a', title_translated: { en: 'Only', fr: '' } })).toMatchObject({
      titleEn: 'Only',
      titleFr: null,
    })
  })

  test.each([
    [null, 'a record is no object'],
    ['text', 'a record is no object'],
    [[], 'a record is no object'],
    [{ name: 'buoy' }, 'record "buoy" has no id'],
    [{ id: 7 }, 'record (unnamed) has no id'],
  ])('that is malformed says how: %j', (raw, malformed) => {
    expect(parseCkanRecord(raw)).toEqual({ malformed })
  })

  test.each([
    [{ title_translated: 7 }, 'title_translated is no object', { titleEn: null, titleFr: null }],
    [{ title_translated: 'Buoy' }, 'title_translated is no object', { titleEn: null, titleFr: null }],
    [{ title_translated: '{broken' }, 'title_translated is no object', { titleEn: null, titleFr: null }],
    [{ title_translated: ['Buoy'] }, 'title_translated is no object', { titleEn: null, titleFr: null }],
    [{ resources: 'none' }, 'resources is no list', { resourceUrls: [] }],
    [{ resources: 3 }, 'resources is no list', { resourceUrls: [] }],
    [{ 'cited-responsible-party': {} }, 'cited-responsible-party is no list', { organizations: [] }],
    [{ 'cited-responsible-party': 'Org' }, 'cited-responsible-party is no list', { organizations: [] }],
  ])('with an odd field is read without it, and says so: %j', (odd, why, without) => {
    expect(parseCkanRecord({ ...whole, ...odd })).toEqual({
      record: { ...recordOf(whole), ...without },
      unreadable: [`record "a1": ${why}`],
    })
  })

  test('may have one entry where a list is meant', () => {
    const [party] = whole['cited-responsible-party']
    const [resource] = whole.resources
    for (const one of [party, JSON.stringify(party)])
      expect(recordOf({ ...whole, 'cited-responsible-party': one, resources: resource })).toEqual({
        ...recordOf(whole),
        organizations: ['B'],
      })
  })

  test('never throws, whatever it holds', () => {
    const anything = fc.anything()
    const record = fc.record(
      {
        id: fc.string(),
        title_translated: anything,
        'cited-responsible-party': anything,
        resources: anything,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(anything, record), (raw) => {
        expect(parseCkanRecord(raw)).toBeTypeOf('object')
      }),
    )
  })
})
