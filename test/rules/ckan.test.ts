import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CkanRecord } from '../../src/catalogue/record.ts'
import { tableColumns } from '../../src/inventory/contract.ts'
import { ckanRow, datasetOfAddress, matchCkan } from '../../src/rules/ckan.ts'
import { limits } from '../../src/rules/limits.ts'
import { matchObisCkan } from '../../src/rules/obis-dataset.ts'
import { sentence } from '../../src/rules/reasons/index.ts'

const server = 'https://data.example.org/erddap'

function record(id: string, ...resourceUrls: string[]): CkanRecord {
  return { id, titleEn: null, titleFr: null, organizations: [], resourceUrls, xmlLocationUrl: null }
}

const datasetOf = (address: string, ids: string[] = ['buoy_1'], erddapUrl = server) =>
  datasetOfAddress(address, erddapUrl, new Set(ids))

describe('the dataset of an address', () => {
  test.each([
    'https://data.example.org/erddap/tabledap/buoy_1',
    'https://data.example.org/erddap/tabledap/buoy_1.html',
    'https://data.example.org/erddap/tabledap/buoy_1.csv?time,latitude&time>=2020-01-01',
    'https://data.example.org/erddap/tabledap/buoy_1?x',
    'https://data.example.org/erddap/tabledap/buoy_1/',
    'https://data.example.org/erddap/tabledap/buoy_1#top',
    'https://data.example.org/erddap/tabledap/buoy_1.html%3Ftime',
    'https://data.example.org/erddap/fr/tabledap/buoy_1.html',
    'https://data.example.org/erddap/zh-CN/tabledap/buoy_1.html',
    'http://data.example.org/erddap/tabledap/buoy_1.html',
    'HTTPS://Data.Example.ORG/erddap/tabledap/buoy_1.html',
    'https://data.example.org//erddap//tabledap/buoy_1.html',
    'https://data.example.org/erddap/tabledap/buoy%5F1.html',
    '  https://data.example.org/erddap/tabledap/buoy_1.html\n',
    'data.example.org/erddap/tabledap/buoy_1.html',
    '//data.example.org/erddap/tabledap/buoy_1.html',
  ])('is found in %j', (address) => {
    expect(datasetOf(address)).toBe('buoy_1')
  })

  test.each([
    'https://other.example.org/erddap/tabledap/buoy_1.html',
    'https://data.example.org:8080/erddap/tabledap/buoy_1.html',
    'https://data.example.org/other/tabledap/buoy_1.html',
    'https://data.example.org/Erddap/tabledap/buoy_1.html',
    'https://data.example.org/erddap2/tabledap/buoy_1.html',
    'https://data.example.org/erddap/griddap/buoy_1.html',
    'https://data.example.org/erddap/info/buoy_1/index.html',
    'https://data.example.org/erddap/tabledap/buoy_10.html',
    'https://data.example.org/erddap/tabledap/buoy_1-b.html',
    'https://data.example.org/erddap/tabledap/BUOY_1.html',
    'https://data.example.org/erddap/tabledap/',
    'https://proxy.example.org/?u=https://data.example.org/erddap/tabledap/buoy_1',
    'https://data.example.org/erddap/tabledap/%zz',
    'not an address: tabledap data.example.org',
    '',
  ])('is not found in %j', (address) => {
    expect(datasetOf(address)).toBeNull()
  })

  test('is the longest listed id that fits, since ids may hold dots', () => {
    const at = (rest: string, ids: string[]) => datasetOf(`${server}/tabledap/${rest}`, ids)
    expect(at('buoy.csv', ['buoy', 'buoy.v2'])).toBe('buoy')
    expect(at('buoy.v2', ['buoy', 'buoy.v2'])).toBe('buoy.v2')
    expect(at('buoy.v2.html', ['buoy', 'buoy.v2'])).toBe('buoy.v2')
    expect(at('buoy.v2.html', ['buoy'])).toBe('buoy')
    expect(at('buoy.v22.html', ['buoy', 'buoy.v2'])).toBe('buoy')
  })

  test('counts port and path of the server', () => {
    const address = 'http://localhost:8080/deep/erddap/tabledap/buoy_1.html'
    expect(datasetOf(address, ['buoy_1'], 'http://localhost:8080/deep/erddap/')).toBe('buoy_1')
    expect(datasetOf(address, ['buoy_1'], 'http://localhost:8081/deep/erddap')).toBeNull()
  })

  test('is found for any id, whatever other ids there are and whatever follows', () => {
    const id = fc.stringMatching(/^[A-Za-z][\w.-]{0,8}\w$/)
    const suffix = fc.constantFrom('', '.html', '.csv?a&b=1', '/', '?x=1.2', '.graph?time')
    fc.assert(
      fc.property(id, fc.array(id), suffix, (wanted, others, end) => {
        const ids = [wanted, ...others]
        fc.pre(
          !ids.includes(`${wanted}.html`) &&
            !ids.includes(`${wanted}.csv`) &&
            !ids.includes(`${wanted}.graph`),
        )
        expect(datasetOf(`${server}/tabledap/${wanted}${end}`, ids)).toBe(wanted)
      }),
    )
  })
})

describe('matching records', () => {
  test('gives each listed dataset its record', () => {
    const one = record('r1', `${server}/tabledap/a.html`, `${server}/fr/tabledap/a.html`)
    const two = record('r2', 'https://example.org/x', `${server}/tabledap/b.csv`)
    const { records, warnings } = matchCkan([one, two], `${server}/`, ['a', 'b', 'c'])
    expect([...records]).toEqual([
      ['a', one],
      ['b', two],
    ])
    expect(warnings.size).toBe(0)
  })

  test('a record may describe several datasets', () => {
    const both = record('r', `${server}/tabledap/a`, `${server}/tabledap/b`)
    expect([...matchCkan([both], server, ['a', 'b']).records.keys()]).toEqual(['a', 'b'])
  })

  test('of several records for one dataset the first by id counts, with a warning', () => {
    const claims = ['c', 'a', 'b'].map((id) =>
      record(id, `${server}/tabledap/x`, `${server}/tabledap/x.html`),
    )
    const { records, warnings } = matchCkan(claims, server, ['x'])
    expect(records.get('x')?.id).toBe('a')
    expect(warnings.get('x')).toEqual({
      code: 'CKAN_RECORDS_SEVERAL',
      values: { records: ['a', 'b', 'c'] },
    })
  })

  test('of one pair there is a warning, too', () => {
    const claims = ['b', 'a'].map((id) => record(id, `${server}/tabledap/x`))
    expect(matchCkan(claims, server, ['x']).warnings.get('x')?.values).toEqual({ records: ['a', 'b'] })
  })

  test('up to ten records are named, with a hundred characters of their ids', () => {
    const named = (count: number) => {
      const claims = Array.from({ length: count }, (_, at) => record(`r${at}`, `${server}/tabledap/x`))
      const { values } = matchCkan(claims, server, ['x']).warnings.get('x')!
      const { records, count: total } = values as { records: string[]; count?: number }
      return [records.length, total]
    }
    expect(named(10)).toEqual([10, undefined])
    expect(named(11)).toEqual([10, 11])
    const long = ['a', 'b'].map((id) => record(id.repeat(101), `${server}/tabledap/x`))
    const { records } = matchCkan(long, server, ['x']).warnings.get('x')!.values as { records: string[] }
    expect(records[0]).toMatch(/^a{99,100}…?$/)
  })

  test('an id that is longer than any database holds is not looked for', () => {
    const ids = [limits.keyBytes, limits.keyBytes + 1].map((length) => 'a'.repeat(length))
    const of = (id: string) => record(id.length.toString(), `${server}/tabledap/${id}`)
    expect([...matchCkan(ids.map(of), server, ids).records.keys()]).toEqual([ids[0]])
  })

  test('of many records for one dataset some are named', () => {
    const claims = Array.from({ length: 5_000 }, (_, at) =>
      record(`${at}`.padStart(4, '0') + 'x'.repeat(1_000), `${server}/tabledap/x`),
    )
    const warning = matchCkan(claims, server, ['x']).warnings.get('x')!
    expect(sentence('en', warning)).toMatch(/^5000 CKAN records point at the dataset \(0000x/)
    expect(sentence('fr', warning)).toMatch(/^5000 fiches CKAN/)
    expect(JSON.stringify(warning).length).toBeLessThan(2_000)
  })

  // Linear work takes some hundred milliseconds of the processor, quadratic work ten times what is allowed.
  test('a catalogue as large as may be is no more work than its size', () => {
    const ids = Array.from({ length: 100_000 }, (_, at) => `dataset_${at}`)
    const addresses = ids.map((id) => `${server}/tabledap/${id}.html`)
    const began = process.cpuUsage()
    expect(matchCkan([record('r', ...addresses)], server, ids).records.size).toBe(ids.length)
    const id = '2d8e2ad2-0000-4000-8000-000000000001'
    const claims = ids.map((name) => ({ ...record(name), xmlLocationUrl: `https://obis.org/${id}` }))
    expect(matchObisCkan(claims, [id]).warnings.size).toBe(1)
    const { user, system } = process.cpuUsage(began)
    expect(user + system).toBeLessThan(5_000_000)
  })

  test('does not depend on the order of the records', () => {
    const claims = ['q', 'w', 'e', 'r'].map((id) => record(id, `${server}/tabledap/x`))
    fc.assert(
      fc.property(fc.shuffledSubarray(claims, { minLength: 4 }), (shuffled) => {
        expect(matchCkan(shuffled, server, ['x']).records.get('x')?.id).toBe('e')
      }),
    )
  })
})

test('the row of ckan.csv has the columns of the file, decoded', () => {
  const row = ckanRow(server, 'a', {
    ...record('r1'),
    titleEn: 'Bou\\u00e9e\\nA',
    organizations: ['P\\u00eaches', 'Pêches', ' '],
  })
  expect(row).toEqual({
    erddap_url: server,
    dataset_id: 'a',
    ckan_id: 'r1',
    ckan_organizations: ['Pêches'],
    ckan_title: 'Bouée A',
    title_fr: null,
  })
  expect(Object.keys(row)).toEqual([...tableColumns.ckan])
})
