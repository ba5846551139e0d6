/** What an ERDDAP sends. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { plainSentence } from '../../../src/http/sentence.ts'
import { actualRange } from '../../../src/rules/range.ts'
import { parseTime } from '../../../src/rules/time.ts'
import { classifyAnswer, isFinalAnswer, serverSentence } from '../../../src/sources/erddap/answers.ts'
import { readCroissant } from '../../../src/sources/erddap/croissant.ts'
import { readCsv } from '../../../src/sources/erddap/csv.ts'
import { readListing } from '../../../src/sources/erddap/listing.ts'
import { readMetadata } from '../../../src/sources/erddap/metadata.ts'
import type { ErddapTable } from '../../../src/sources/erddap/types.ts'
import { type Target, utf8 } from '../target.ts'

const recorded = join(import.meta.dirname, '../../recorded/erddap')
const bodies = (pattern: RegExp): Uint8Array[] =>
  readdirSync(recorded)
    .filter((name) => name.endsWith('.body') && pattern.test(name))
    .map((name) => readFileSync(join(recorded, name)))
    .filter((body) => body.length > 0 && body.length < 30_000)

const url = 'https://erddap.example.org/erddap/x.csv'
const types = [
  'text/csv;charset=UTF-8',
  'text/csv;charset=ISO-8859-1',
  'text/csv;charset=utf-16le',
  'text/html',
  '',
  'text/csv;charset=x',
]

/** Bytes in pieces, as a wire brings them. */
async function* pieces(input: Uint8Array, random: () => number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < input.length; ) {
    const length = random() < 0.5 ? input.length : 1 + Math.floor(random() * 300)
    yield input.subarray(at, at + length)
    at += length
  }
}

function csv(input: Uint8Array, random: () => number, unitsRow: boolean): Promise<ErddapTable | null> {
  const type = random() < 0.8 ? types[0] : types[Math.floor(random() * types.length)]
  return readCsv(
    { url, headers: { 'content-type': type }, body: pieces(input, random), cancel: () => {} },
    { unitsRow, maxRows: 5000 },
  )
}

const words = [
  'datasetID',
  'NC_GLOBAL',
  'attribute',
  'variable',
  'dimension',
  'actual_range',
  'UTC',
  'degrees_north',
  'Error {',
  '\n\n',
  '"\n',
  'allDatasets',
  'time',
]

export const erddapTargets: readonly Target[] = [
  {
    name: 'erddap-csv',
    what: 'tables of an ERDDAP: positions, extents, counts',
    corpus: bodies(/^(rows|minmax|distinct|count|depth|head)/),
    tokens: words,
    errors: ['HTTP_BAD_ANSWER', 'TABLE_TOO_LONG'],
    weight: 20,
    async parse(input, random) {
      const table = await csv(input, random, random() < 0.5)
      if (!table) return
      for await (const row of table.rows) {
        if (row.length !== table.columns.length) throw new Error('a row of another length than its header')
        for (const cell of row) parseTime(cell)
      }
    },
  },
  {
    name: 'erddap-listing',
    what: 'the list of datasets of an ERDDAP',
    corpus: bodies(/alldatasets|info_index|list/i),
    tokens: words,
    errors: ['HTTP_BAD_ANSWER', 'TABLE_TOO_LONG'],
    weight: 8,
    async parse(input, random) {
      const found = await readListing(await csv(input, random, true))
      if (new Set(found.map(({ datasetId }) => datasetId)).size !== found.length)
        throw new Error('an id twice')
    },
  },
  {
    name: 'erddap-info',
    what: 'the metadata of a dataset',
    corpus: bodies(/^info_/),
    tokens: words,
    errors: ['HTTP_BAD_ANSWER', 'TABLE_TOO_LONG', 'ERDDAP_BAD_METADATA'],
    weight: 8,
    async parse(input, random) {
      const metadata = await readMetadata('a', url, await csv(input, random, false))
      for (const { name } of metadata.variables) actualRange(metadata, name, { now: 1.7e12 })
    },
  },
  {
    name: 'erddap-errors',
    what: 'pages and sentences of refusals, of an ERDDAP, its container and proxies',
    corpus: bodies(/^(err|starting|files_not|manifest_not|info_(broken|unknown|private))/),
    tokens: [
      'Error {',
      'message="',
      'code=404',
      '<title>',
      '</title>',
      '<script',
      '</script>',
      '<b>message</b>',
      '<u>',
      '<!doctype html>',
      '<html',
      '&#x27;',
      '{"error":{"message":"',
      '<!--',
      '-->',
    ],
    errors: [],
    weight: 15,
    parse(input, random) {
      const status = [200, 204, 401, 403, 404, 429, 500, 503][Math.floor(random() * 8)] as number
      const body = utf8(input)
      classifyAnswer(status, body)
      isFinalAnswer(status, body)
      for (const said of [serverSentence(status, body), plainSentence(status, body)])
        if (said.length > 300 || /[\r\n]/.test(said)) throw new Error('no sentence of one line')
    },
  },
  {
    name: 'erddap-croissant',
    what: 'Croissant descriptions',
    corpus: bodies(/croissant/i),
    tokens: [
      '"@type"',
      '"cr:FileObject"',
      '"distribution"',
      '"contentUrl"',
      '"dateModified"',
      '/files/',
      '.manifest',
    ],
    errors: ['HTTP_BAD_ANSWER'],
    weight: 5,
    parse: (input) => void readCroissant(url, utf8(input)).files.map(({ name }) => name.length),
  },
]
