import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allDatasetsUrl,
  baseUrlOf,
  countUrl,
  croissantUrl,
  datasetAddress,
  decodeUrl,
  distinctUrl,
  filesUrl,
  infoPageUrl,
  infoUrl,
  manifestUrl,
  minMaxUrl,
} from '../../../src/sources/erddap/urls.ts'
import { recording } from './recordings.ts'

/** Without lone halves of characters, which no address can hold. */
const isWellFormed = (text: string) => !/[\ud800-\udfff]/u.test(text)

const base = 'http://127.0.0.1:8180/erddap'

describe('the addresses that are asked', () => {
  it.each([
    [infoUrl(base, 'ts_multi'), 'info_ts_multi'],
    [distinctUrl(base, 'ts_multi', ['station_id', 'latitude', 'longitude']), 'distinct_ts_multi'],
    [minMaxUrl(base, 'profile_one', ['profile_id'], 'time'), 'minmax_millis'],
    [countUrl(base, 'ts_multi', ['depth', 'station_id', 'time'], ['station_id']), 'count_multi'],
    [manifestUrl(base, 'ts_multi'), 'manifest_ts_multi'],
    [filesUrl(base, 'ts_multi'), 'files_ts_multi'],
    [croissantUrl(base, 'ts_multi'), 'croissant_ts_multi'],
  ])('%s is one that a real server was seen to answer', (url, name) => {
    expect(decodeUrl(url)).toBe(decodeUrl(recording(name).url))
  })

  it('ask for public tables by the columns named, or for all', () => {
    expect(allDatasetsUrl(base, 'table', ['datasetID', 'files'])).toBe(
      `${base}/tabledap/allDatasets.csv?datasetID,files&accessible=%22public%22&dataStructure=%22table%22`,
    )
    expect(decodeUrl(allDatasetsUrl(base, 'table'))).toBe(recording('all_raw').url)
  })

  it('limit a count to a window, both ends included', () => {
    const window = { timeFrom: '2023-01-01T00:00:00Z', timeTo: '2023-01-31T00:00:00Z' }
    expect(decodeUrl(countUrl(base, 'x', ['time', 'id'], ['id'], window))).toBe(
      `${base}/tabledap/x.csv?time,id&time>=2023-01-01T00:00:00Z&time<=2023-01-31T00:00:00Z&orderByCount("id")`,
    )
  })

  it('hold nothing raw that a server refuses, whatever the names are', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }),
        (id, names) => {
          fc.pre([id, ...names].every(isWellFormed))
          // A name of dots alone would be a step in the path; ERDDAP has none such.
          fc.pre(
            ![id, ...names]
              .join('/')
              .split('/')
              .some((part) => /^\.+$/.test(part)),
          )
          for (const url of [
            infoUrl(base, id),
            infoPageUrl(base, id),
            distinctUrl(base, id, names),
            minMaxUrl(base, id, names, 'time'),
            countUrl(base, id, names, names),
            filesUrl(base, id, names.join('/')),
          ]) {
            // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
            expect(url).not.toMatch(/["<>|[\]{}^\\`\u0000-\u0020\u007f]|[^\u0000-\u007e]/u)
            // An apostrophe means the same either way, and is encoded in what is sent.
            expect(new URL(url).href.replaceAll('%27', "'")).toBe(url)
          }
        },
      ),
      { examples: [["it's", ["l'eau"]]] },
    )
  })
})

describe('an address for people', () => {
  it('is decoded, and left alone where it is no encoding', () => {
    expect(decodeUrl('http://h/a?x=%22%C3%8Ele%22&y%3E=1')).toBe('http://h/a?x="Île"&y>=1')
    expect(decodeUrl('http://h/100%?a=%zz&b=%e9')).toBe('http://h/100%?a=%zz&b=%e9')
  })

  it('of any text is what was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(isWellFormed(text))
        expect(decodeUrl(encodeURIComponent(text))).toBe(text)
      }),
    )
  })
})

describe('whose data an address is', () => {
  it.each([
    ['https://o.example/erddap/tabledap/ts.csv?x&y', 'https://o.example/erddap', 'ts'],
    ['https://o.example/erddap/tabledap/a.b.v2.croissant', 'https://o.example/erddap', 'a.b.v2'],
    ['http://o.example:8080/sub/erddap/fr/tabledap/ts.csv', 'http://o.example:8080/sub/erddap', 'ts'],
    ['https://o.example/fr/tabledap/ts.csv', 'https://o.example/fr', 'ts'],
    ['https://o.example/erddap/griddap/ts.nc', null, null],
    ['nonsense', null, null],
  ])('%s', (url, baseUrl, datasetId) => {
    expect(datasetAddress(url)).toEqual(baseUrl === null ? null : { baseUrl, datasetId })
  })

  it('is the configured address without trailing slashes', () => {
    expect(baseUrlOf(' https://o.example/erddap// ')).toBe('https://o.example/erddap')
  })
})

it('asks for no folder beside the dataset, and for no dataset that is another page', () => {
  const base = 'https://erddap.example.org/erddap'
  expect(filesUrl(base, 'a', '../b/./c/..')).toBe(`${base}/files/a/b/c/.csv`)
  expect(datasetAddress(`${base}/tabledap/%2e%2e.csv?time`)).toBeNull()
  expect(datasetAddress(`${base}/tabledap/a%0a.csv?time`)).toBeNull()
})
