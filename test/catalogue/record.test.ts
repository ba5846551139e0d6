import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCkanRecord } from '../../src/catalogue/record.ts'

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
    expect(parseCkanRecord(whole)).toEqual({
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
    expect(parseCkanRecord(text)).toEqual(parseCkanRecord(whole))
  })

  test.each([
    {},
    { title_translated: null, resources: null },
    { title_translated: '', 'cited-responsible-party': '' },
  ])('may lack everything but its id: %j', (rest) => {
    expect(parseCkanRecord({ id: 'a1', ...rest })).toEqual({
      id: 'a1',
      titleEn: null,
      titleFr: null,
      organizations: [],
      resourceUrls: [],
      xmlLocationUrl: null,
    })
  })

  test('may lack a language', () => {
    expect(parseCkanRecord({ id: 'a', title_translated: { fr: 'Seul' } })).toMatchObject({
      titleEn: null,
      titleFr: 'Seul',
    })
    expect(parseCkanRecord({ id: 'a', title_translated: { en: 'Only', fr: '' } })).toMatchObject({
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
    [{ id: 'a', title_translated: 7 }, 'record "a": title_translated is no object'],
    [{ id: 'a', title_translated: '{broken' }, 'record "a": title_translated is no object'],
    [{ id: 'a', resources: 'none' }, 'record "a": resources is no list'],
    [{ id: 'a', 'cited-responsible-party': {} }, 'record "a": cited-responsible-party is no list'],
  ])('that is malformed says how: %j', (raw, malformed) => {
    expect(parseCkanRecord(raw)).toEqual({ malformed })
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
