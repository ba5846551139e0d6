import { describe, expect, it } from 'vitest'
import { parseCkanRecord } from '../../src/catalogue/record.ts'
import * as networks from '../../src/config/networks.ts'
import * as configSource from '../../src/config/source.ts'
import { describeError } from '../../src/errors.ts'
import * as charset from '../../src/http/charset.ts'
import * as json from '../../src/http/json.ts'
import * as redirect from '../../src/http/redirect.ts'
import * as retry from '../../src/http/retry.ts'
import * as sentence from '../../src/http/sentence.ts'
import * as cellCheck from '../../src/inventory/cell-check.ts'
import * as ckan from '../../src/rules/ckan.ts'
import * as duration from '../../src/rules/duration.ts'
import * as eov from '../../src/rules/eov.ts'
import * as numbers from '../../src/rules/numbers.ts'
import * as obisGeometry from '../../src/rules/obis-geometry.ts'
import * as organizations from '../../src/rules/organizations.ts'
import * as range from '../../src/rules/range.ts'
import * as rulesText from '../../src/rules/text.ts'
import * as time from '../../src/rules/time.ts'
import * as title from '../../src/rules/title.ts'
import type { Vocabularies } from '../../src/rules/vocabularies.ts'
import * as artifacts from '../../src/runs/artifacts.ts'
import * as lineOfLog from '../../src/runs/log.ts'
import * as secrets from '../../src/secrets.ts'
import * as answers from '../../src/serve/answers.ts'
import * as security from '../../src/serve/security.ts'
import * as slugs from '../../src/serve/slugs.ts'
import * as erddapAnswers from '../../src/sources/erddap/answers.ts'
import * as croissant from '../../src/sources/erddap/croissant.ts'
import * as csv from '../../src/sources/erddap/csv.ts'
import * as escapes from '../../src/sources/erddap/escapes.ts'
import type { DatasetMetadata } from '../../src/sources/erddap/types.ts'
import * as urls from '../../src/sources/erddap/urls.ts'
import * as text from '../../src/text.ts'

type Call = (input: string) => unknown

const vocabularies = {
  oceanVariables: [],
  cfNames: new Set<string>(),
  mappedNames: new Set<string>(),
} as never as Vocabularies
const named = (name: string) =>
  ({ variables: [{ name, attributes: new Map([['standard_name', name]]) }] }) as never as DatasetMetadata

/** What is done with text of others, by module: each exported function, or the reason why it meets none. */
const modules: [string, Record<string, unknown>, Record<string, Call | string>][] = [
  [
    'src/text.ts',
    text,
    {
      amount: (t) => text.amount(2, t),
      cut: (t) => text.cut(t),
      owned: text.owned,
      visible: text.visible,
      visibleLines: text.visibleLines,
      visibleJson: (t) => text.visibleJson({ [t]: [t] }),
    },
  ],
  [
    'src/secrets.ts',
    secrets,
    {
      scrub: secrets.scrub,
      scrubFacts: 'scrub of each text',
      scrubJson: 'scrub of each text',
      scrubError: 'scrub of each text',
      namesSecret: secrets.namesSecret,
      registerSecrets: 'values of the environment',
      forgetSecrets: 'takes nothing',
    },
  ],
  [
    'src/http/json.ts',
    json,
    {
      parseJson: json.parseJson,
      readJson: (t) => json.readJson({ body: t }, 'https://example.org'),
      badAnswer: (t) => json.badAnswer(t, t),
    },
  ],
  [
    'src/http/sentence.ts',
    sentence,
    {
      plainSentence: (t) => sentence.plainSentence(500, t),
      isHtml: sentence.isHtml,
      oneLine: sentence.oneLine,
      htmlSentence: sentence.htmlSentence,
      textOfHtml: sentence.textOfHtml,
    },
  ],
  [
    'src/http/charset.ts',
    charset,
    { decodeText: (t) => charset.decodeText(Buffer.from('x'), t), charsetOf: charset.charsetOf },
  ],
  [
    'src/http/retry.ts',
    retry,
    {
      retryAfterMs: (t) => retry.retryAfterMs(t, 0),
      isTransientStatus: 'a number',
      backoffMs: 'numbers',
    },
  ],
  [
    'src/http/redirect.ts',
    redirect,
    {
      redirectTarget: (t) => redirect.redirectTarget(new URL('https://h.example/a'), t, false),
      tidyUrl: (t) =>
        redirect.tidyUrl(new URL(`https://h.example/${encodeURIComponent(t.slice(0, 200_000))}`)),
    },
  ],
  [
    'src/sources/erddap/answers.ts',
    erddapAnswers,
    {
      classifyAnswer: (t) => erddapAnswers.classifyAnswer(500, t),
      isFinalAnswer: 'classifyAnswer',
      serverSentence: (t) => erddapAnswers.serverSentence(500, t),
    },
  ],
  [
    'src/sources/erddap/croissant.ts',
    croissant,
    {
      readCroissant: (t) =>
        croissant.readCroissant(
          'https://h.example',
          JSON.stringify({
            distribution: [
              { '@type': t, contentUrl: t },
              { '@type': 'cr:FileObject', contentUrl: t },
            ],
          }),
        ),
    },
  ],
  [
    'src/sources/erddap/csv.ts',
    csv,
    {
      readCsv: (t) =>
        csv.readCsv(
          {
            url: 'https://h.example/x.csv',
            headers: {},
            body: (async function* () {
              yield Buffer.from(t)
            })(),
            cancel() {},
          } as unknown as csv.CsvSource,
          { unitsRow: true, columns: ['a'] },
        ),
    },
  ],
  ['src/sources/erddap/escapes.ts', escapes, { decodeEscapes: escapes.decodeEscapes }],
  [
    'src/sources/erddap/urls.ts',
    urls,
    {
      ...Object.fromEntries(
        Object.keys(urls).map((name) => [name, 'of our own making: parts are encoded and joined']),
      ),
      decodeUrl: urls.decodeUrl,
      datasetAddress: (t) => urls.datasetAddress(`https://h.example/${t}`),
      baseUrlOf: urls.baseUrlOf,
      infoUrl: (t) => urls.infoUrl('https://h.example', t),
    },
  ],
  [
    'src/rules/ckan.ts',
    ckan,
    {
      matchCkan: (t) =>
        ckan.matchCkan(
          [{ id: 'a', resourceUrls: [`https://h.example/erddap/tabledap/${t}`, t] } as never],
          'https://h.example/erddap',
          ['a', 'b'],
        ),
      datasetOfAddress: (t) =>
        ckan.datasetOfAddress(
          `https://h.example/erddap/tabledap/${t}`,
          'https://h.example/erddap',
          new Set(['a']),
        ),
      ckanRow: (t) =>
        ckan.ckanRow('https://h.example', t, { organizations: [t], titleEn: t, titleFr: t } as never),
      ckanOrganizations: (t) => ckan.ckanOrganizations({ organizations: [t] } as never),
      severalRecords: (t) => ckan.severalRecords([{ id: t } as never, { id: `${t}b` } as never]),
    },
  ],
  [
    'src/inventory/cell-check.ts',
    cellCheck,
    {
      checkText: cellCheck.checkText,
      checkKey: cellCheck.checkKey,
      checkUrl: cellCheck.checkUrl,
      checkDecimal: cellCheck.checkDecimal(-1, 1),
      checkWhole: cellCheck.checkWhole(-1, 1),
      checkTime: cellCheck.checkTime,
      checkList: cellCheck.checkList,
      checkUuid: cellCheck.checkUuid,
      checkLines: (t) => {
        const check = cellCheck.checkLines(180, 90)
        return [t, `((${t}))`, `((1 2,${t}1 2))`].map((body) => check(`MULTILINESTRING${body}`))
      },
      checkChoice: cellCheck.checkChoice('a'),
      required: 'hands on',
    },
  ],
  ['src/rules/duration.ts', duration, { readingsPerDay: duration.readingsPerDay }],
  [
    'src/rules/eov.ts',
    eov,
    {
      findOceanVariables: (t) => eov.findOceanVariables(named(t), vocabularies),
      partsOfName: eov.partsOfName,
      standardNames: (t) => eov.standardNames(named(t)),
      unknownStandardNames: (t) => eov.unknownStandardNames(named(t), vocabularies),
      uncoveredStandardNames: (t) =>
        eov.uncoveredStandardNames(named(t), { ...vocabularies, cfNames: new Set([t.trim()]) }),
    },
  ],
  ['src/rules/numbers.ts', numbers, { parseNumber: numbers.parseNumber, roundTo: 'numbers' }],
  ['src/rules/obis-geometry.ts', obisGeometry, { parseShape: obisGeometry.parseShape }],
  [
    'src/rules/organizations.ts',
    organizations,
    {
      erddapOrganizations: (t) =>
        organizations.erddapOrganizations({
          globals: new Map([
            ['institution', t],
            ['creator_type', t],
          ]),
        }),
      distinctNames: (t) => organizations.distinctNames([t]),
    },
  ],
  [
    'src/rules/range.ts',
    range,
    {
      ...Object.fromEntries(Object.keys(range).map((name) => [name, 'two numbers'])),
      actualRange: (t) =>
        (range.actualRange as (...all: unknown[]) => unknown)({ attributes: new Map([['actual_range', t]]) }),
    },
  ],
  [
    'src/rules/text.ts',
    rulesText,
    {
      decodeHandWrittenEscapes: rulesText.decodeHandWrittenEscapes,
      tidy: rulesText.tidy,
      readable: rulesText.readable,
    },
  ],
  [
    'src/rules/time.ts',
    time,
    { parseTime: time.parseTime, formatTime: 'a number', durationInWords: 'a number' },
  ],
  [
    'src/rules/title.ts',
    title,
    { findTitle: (t) => title.findTitle({ datasetId: t, ownTitle: t, ckan: null }) },
  ],
  [
    'src/runs/artifacts.ts',
    artifacts,
    {
      artifactKey: artifacts.artifactKey,
      tableArtifact: (t) => artifacts.tableArtifact('k', [{ t }], t),
      markdownArtifact: (t) => artifacts.markdownArtifact('k', t, t),
      artifactWriter: 'joins these',
    },
  ],
  [
    'src/runs/log.ts',
    lineOfLog,
    {
      formatLine: (t) => lineOfLog.formatLine({ text: t, facts: { t } }),
      runLog: 'hands on',
      levelNumber: 'a level',
    },
  ],
  [
    'src/serve/security.ts',
    security,
    {
      bearerIs: (t) => security.bearerIs(`Bearer ${t}`, 'token'),
      mayChange: (t) => security.mayChange({ origin: t, fetchSite: undefined, host: t }, [t]),
      userOf: security.userOf,
      isLogName: security.isLogName,
      clientOf: (t) => security.clientOf('127.0.0.1', t, () => true),
    },
  ],
  [
    'src/config/networks.ts',
    networks,
    { trustedProxies: 'of the configuration', plainAddress: networks.plainAddress },
  ],
  [
    'src/serve/slugs.ts',
    slugs,
    {
      sourceSlug: slugs.sourceSlug,
      decodeUrlSlug: slugs.decodeUrlSlug,
      encodeUrlSlug: slugs.encodeUrlSlug,
      resolveSlug: (t) => slugs.resolveSlug(t, [t, `${t}b`]),
    },
  ],
  [
    'src/serve/answers.ts',
    answers,
    {
      ...Object.fromEntries(Object.keys(answers).map((name) => [name, 'our own answers'])),
      acceptsGzip: answers.acceptsGzip,
      matchesTag: (t) => answers.matchesTag(t, '"a"'),
    },
  ],
  [
    'src/config/source.ts',
    configSource,
    {
      ...Object.fromEntries(Object.keys(configSource).map((name) => [name, 'joins what is read already'])),
      normaliseSourceUrl: configSource.normaliseSourceUrl,
      findSource: (t) => configSource.findSource([], t),
    },
  ],
  [
    'src/catalogue/record.ts',
    { parseCkanRecord },
    { parseCkanRecord: (t) => parseCkanRecord({ id: t, title: t }) },
  ],
  [
    'src/errors.ts',
    { describeError },
    { describeError: (t) => describeError(new Error(t, { cause: new Error(t) })) },
  ],
]

/** What once held a pattern up, and the beginnings that patterns look for, without an end. */
const pieces = [
  'a-',
  '-',
  'a',
  ' ',
  '\n',
  '\t',
  '/',
  '//',
  '=',
  '.',
  '0',
  '9',
  '<',
  '>',
  '"',
  "'",
  '\\',
  '\\u',
  '\ufffd',
  '(',
  ')',
  '{',
  ',',
  ';',
  ':',
  '@',
  '%',
  '%E0',
  '&',
  '&#',
  '://',
  'a://',
  'a://b:',
  'http://a:b',
  'x-',
  'x-a-',
  'cookie ',
  'cookie:',
  'authorization= ',
  'basic ',
  'eyJ-',
  'eyJaaaaaaaa.',
  'eyJaaaaaaaa.aaaa',
  'xoxb-',
  'pnu_',
  'password',
  'password=',
  'password="',
  "token='",
  'api_key ',
  '/services/T',
  '/api/webhooks/1',
  'hooks.slack.com',
  '?key',
  '<b> message ',
  '<b>message</b>',
  '<title',
  '<title>',
  '<script',
  '<style>',
  '<!--',
  '<!-- -',
  '</',
  'message = ',
  'Error {',
  'fileType=',
  'Query error: ',
  'tabledap/',
  '/files/',
  '/files/a',
  'P1',
  '1D',
  '2020-',
  '1e',
  '+',
  'T00:',
  'charset=',
  'charset = "',
  'gzip;q=',
  ' gzip ',
  '((',
  ') ,',
  'pressure_',
  'partial_pressure',
  '[',
  '\u0130',
  '\u202e',
  '\ud800',
  'é',
  '1 2,',
  '1 2),(',
]
/** Before and after the repetition: so that an anchored pattern begins, and ends in vain. */
const frames: [string, string][] = [
  ['', ''],
  ['', '\u0001x'],
  ['<html>', '!'],
  ['Error { message="', ''],
  ['POLYGON ((', 'x'],
  ['1', 'x'],
  ['P', 'x'],
]

/**
 * Processor time, which a busy machine does not stretch. Linear work takes some milliseconds of it, quadratic work
 * minutes to hours; whoever shows at a small size is not asked at the large one.
 */
const sizes = [
  { characters: 32_000, tried: pieces, framed: frames.slice(0, 3), limitMs: 400 },
  {
    characters: 1_000_000,
    tried: pieces.filter((_, at) => at % 8 === 0),
    framed: frames.slice(0, 1),
    limitMs: 4_000,
  },
]

function processorMs(work: () => unknown): number {
  const began = process.cpuUsage()
  try {
    void Promise.resolve(work()).catch(() => undefined)
  } catch {
    // A refusal is an answer, too.
  }
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

describe.each(modules)('every function of %s that meets text of others', (_, module, calls) => {
  it('is in the list of this test', () => {
    const functions = Object.keys(module).filter(
      (name) => typeof module[name] === 'function' && !/^[A-Z]/.test(name),
    )
    expect(functions.filter((name) => !(name in calls))).toEqual([])
  })

  const held = Object.entries(calls).filter(
    (entry): entry is [string, Call] => typeof entry[1] === 'function',
  )
  it.each(held)(
    '%s takes a megabyte as it takes a kilobyte, in proportion',
    (_name, call) => {
      for (const { characters, tried, framed, limitMs } of sizes)
        for (const piece of tried)
          for (const [before, after] of framed) {
            const input = before + piece.repeat(Math.ceil(characters / piece.length)) + after
            const ms = processorMs(() => call(input))
            if (ms > limitMs)
              expect.fail(
                `${JSON.stringify(before + piece)}… of ${characters} characters took ${Math.round(ms)} ms`,
              )
          }
    },
    120_000,
  )
})
