import { execFile } from 'node:child_process'
import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { httpServer, stopServersAfterEach } from '../http/servers.ts'
import { testProgram } from '../support/program.ts'

stopServersAfterEach()

const megabyte = 1024 * 1024

/** Text of so many megabytes: units one after another between two ends. */
function* body(begin: string, unit: (at: number) => string, megabytes: number, end = ''): Generator<string> {
  yield begin
  for (let at = 0, bytes = 0; bytes < megabytes * megabyte; ) {
    let piece = ''
    while (piece.length < 256 * 1024) piece += unit(at++)
    bytes += piece.length
    yield piece
  }
  yield end
}

const listed = (value: (at: number) => string) => (at: number) => `${at === 0 ? '' : ','}${value(at)}`
const records = '{"success":true,"result":{"results":['
const attributes = 'Row Type,Variable Name,Attribute Name,Data Type,Value\n'

interface Case {
  name: string
  reads: string
  answer: (turn: number) => Iterable<string>
  outcome: string
  gzip?: true
}

const cases: Case[] = [
  {
    name: 'a catalogue of pages without end',
    reads: 'catalogue',
    answer: (turn) =>
      body(
        records,
        listed((at) => `{"id":"${turn}-${at}","title":"${'t'.repeat(200)}"}`),
        16,
        ']}}',
      ),
    outcome: 'HTTP_TOO_LARGE',
  },
  {
    name: 'a catalogue of one record with a title of 70 MB',
    reads: 'catalogue',
    answer: () =>
      body(`${records}{"id":"a","title_translated":{"en":"`, () => 't'.repeat(1000), 70, '"}}]}}'),
    outcome: 'HTTP_TOO_LARGE',
  },
  {
    name: 'a record with millions of resources',
    reads: 'catalogue',
    answer: () =>
      body(
        `${records}{"id":"a","resources":[`,
        listed((at) => `{"url":"tabledap${at}"}`),
        70,
        ']}]}}',
      ),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'as many empty records as fit into a page',
    reads: 'catalogue',
    answer: () =>
      body(
        records,
        listed(() => '{}'),
        70,
        ']}}',
      ),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'a page of brackets',
    reads: 'catalogue',
    answer: () => body(records, () => '[', 70),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'records in a record’s text',
    reads: 'catalogue',
    answer: () => body(`${records}{"id":"a","title_translated":"`, () => '[{},[]],', 70, '"}]}}'),
    outcome: 'done',
  },
  {
    name: 'a page beyond its limit',
    reads: 'catalogue',
    answer: () => body(records, () => ' '.repeat(1000), 101, ']}}'),
    outcome: 'HTTP_TOO_LARGE',
  },
  {
    name: 'a taxon with names without end',
    reads: 'vernaculars',
    answer: () =>
      body(
        '[',
        listed((at) => `{"vernacular":"${at}","language_code":"eng"}`),
        20,
      ),
    outcome: 'HTTP_TOO_LARGE',
  },
  {
    name: 'matches of one name by the million',
    reads: 'match',
    answer: () =>
      body(
        '[[',
        listed(() => '{}'),
        7,
        ']]',
      ),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'a tree of life without a crown',
    reads: 'ancestors',
    answer: () => body('', () => '{"child":', 7),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'a dataset of millions of institutes',
    reads: 'obis',
    answer: () =>
      body(
        '{"results":[{"id":"x","institutes":[',
        listed(() => '{"name":"i"}'),
        40,
        ']}]}',
      ),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'occurrences without end, each of a species of its own',
    reads: 'occurrences',
    answer: (turn) =>
      body(
        '{"results":[',
        listed((at) => `{"id":"${turn}-${at}","scientificName":"${turn}-${at} ${'n'.repeat(300)}"}`),
        8,
        ']}',
      ),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'a list of ten million datasets',
    reads: 'list',
    answer: () => body('datasetID\n\n', (at) => `${at}\n`, 40),
    outcome: 'TABLE_TOO_LONG',
  },
  {
    name: 'a list of millions of columns',
    reads: 'list',
    answer: () => body('datasetID', () => ',', 15, '\n'),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'a dataset of a million variables',
    reads: 'metadata',
    answer: () => body(attributes, (at) => `variable,${at},,String,\n`, 31),
    outcome: 'TABLE_TOO_LONG',
  },
  {
    name: 'metadata of gigantic texts',
    reads: 'metadata',
    answer: () => body(attributes, (at) => `attribute,a,${at},String,${'v'.repeat(megabyte)}\n`, 40),
    outcome: 'HTTP_TOO_LARGE',
  },
  {
    name: 'millions of files',
    reads: 'files',
    answer: () => body('Name,Last modified,Size\n', (at) => `${at},1,1\n`, 40),
    outcome: 'TABLE_TOO_LONG',
  },
  {
    name: 'a description of millions of empty files',
    reads: 'croissant',
    answer: () =>
      body(
        '{"distribution":[',
        listed(() => '{}'),
        31,
        ']}',
      ),
    outcome: 'HTTP_BAD_ANSWER',
  },
  {
    name: 'a table whose ids are as long as rows may be',
    reads: 'table',
    answer: () => body('id\n\n', (at) => `${at}${'i'.repeat(500_000)}\n`, 400),
    outcome: 'done',
  },
  {
    name: 'a table whose rows are nearly all of no use',
    reads: 'table',
    answer: () => body('id,more\n,\n', (at) => `this is the id ${at},${'m'.repeat(60_000)}\n`, 500),
    outcome: 'done',
  },
  {
    name: 'a table of few compressed bytes',
    reads: 'table',
    answer: () => body('id\n\n', () => `${'0'.repeat(1000)}\n`, 600),
    outcome: 'HTTP_BAD_ANSWER',
    gzip: true,
  },
]

describe('whatever the size of an answer, it is read in 320 MB of heap or not at all:', () => {
  it.each(cases)('$name', async ({ reads, answer, outcome, gzip }) => {
    const server = await httpServer((_, response, turn) => {
      const text = Readable.from(answer(turn))
      response.setHeader('content-type', 'text/plain;charset=UTF-8')
      // Whoever reads goes away in the middle.
      const ended = () => {}
      if (!gzip) return void pipeline(text, response, ended)
      response.setHeader('content-encoding', 'gzip')
      pipeline(text, createGzip(), response, ended)
    })
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--max-old-space-size=320',
      ...testProgram('foreign-reader'),
      reads,
      server.url,
    ])
    const told = JSON.parse(stdout) as { outcome: string; megabytes: number }
    expect(told.outcome).toBe(outcome)
    expect(told.megabytes).toBeLessThan(700)
  })
})
