import { describe, expect, it } from 'vitest'
import {
  type AnswerKind,
  classifyAnswer,
  isFinalAnswer,
  serverSentence,
} from '../../../src/sources/erddap/answers.ts'
import { recording, recordingNames } from './recordings.ts'

const recordedKinds: Record<string, AnswerKind> = {
  all_none: 'no-rows',
  count_range_outside: 'no-rows',
  distinct_private: 'not-authorized',
  err_429: 'too-many-requests',
  err_constraint: 'unknown-variable',
  err_dataset: 'unknown-dataset',
  err_dup: 'bad-query',
  err_fr: 'no-rows',
  err_json: 'unknown-variable',
  err_nodata: 'no-rows',
  err_nodata_time: 'no-rows',
  err_operator: 'unsupported',
  err_orderby_var: 'bad-query',
  err_page: 'unknown',
  err_path: 'unknown',
  err_time: 'bad-query',
  err_type: 'unsupported',
  err_unclosed: 'bad-query',
  err_unquoted: 'bad-query',
  err_variable: 'unknown-variable',
  files_not_accessible: 'files-not-accessible',
  info_broken: 'unknown-dataset',
  info_depth_alt: 'unknown-dataset',
  info_private: 'not-authorized',
  info_unknown: 'unknown-dataset',
  manifest_not_accessible: 'files-not-accessible',
  rows_num_id_quoted: 'bad-query',
  starting_alldatasets: 'unknown-dataset',
  starting_info: 'unknown-dataset',
}

describe('every recorded refusal', () => {
  const refusals = recordingNames.filter((name) => recording(name).status >= 400)

  it.each(refusals)('%s is understood', (name) => {
    const { status, body } = recording(name)
    const text = body.toString('utf8')
    expect(serverSentence(status, text)).not.toMatch(/Error \{|\\"|\n/)
    if (text.startsWith('Error {')) expect(recordedKinds).toHaveProperty(name)
    if (recordedKinds[name]) expect(classifyAnswer(status, text)).toBe(recordedKinds[name])
  })

  it('is given back as the sentence of the server, unescaped', () => {
    const { status, body } = recording('err_operator')
    expect(serverSentence(status, body.toString())).toBe(
      'Bad Request: Query error: No operator found in constraint="orderByNothing("station_id")".',
    )
  })
})

/** As Tomcat sent them for ERDDAP 1.x. */
const oldPage = (message: string) => `<html><head><title>Apache Tomcat/7.0.47 - Error report</title>
<style><!--H1 {font-family:Tahoma;color:white;} A {color : black;}--></style> </head><body>
<h1>HTTP Status 500 - ${message}</h1><HR size="1" noshade="noshade"><p><b>type</b> Status report</p>
<p><b>message</b> <u>${message}</u></p><p><b>description</b> <u>The server encountered an internal error that
prevented it from fulfilling this request.</u></p><HR size="1"><h3>Apache Tomcat/7.0.47</h3></body></html>`

/** As later ones. */
const newerPage = (
  message: string,
) => `<!doctype html><html lang="en"><head><title>HTTP Status 500 – Internal Server
Error</title></head><body><h1>HTTP Status 500</h1><hr class="line" /><p><b>Type</b> Status Report</p><p><b>Message</b>
${message}</p><p><b>Description</b> The server encountered an unexpected condition.</p></body></html>`

describe('an old server', () => {
  const said: [string, AnswerKind, string][] = [
    [
      'Your query produced no matching results. (nRows = 0)',
      'no-rows',
      'Your query produced no matching results. (nRows = 0)',
    ],
    [
      'Query error: No operator found in constraint=&quot;orderByCount(&#34;station_id&#x22;)&quot;.',
      'unsupported',
      'Query error: No operator found in constraint="orderByCount("station_id")".',
    ],
    [
      'You are requesting too much data. Please request a smaller subset.',
      'too-much-data',
      'You are requesting too much data. Please request a smaller subset.',
    ],
    ['Currently unknown datasetID=nosuch', 'unknown-dataset', 'Currently unknown datasetID=nosuch'],
    [
      'Query error: Unrecognized variable=&quot;files&quot;',
      'unknown-variable',
      'Query error: Unrecognized variable="files"',
    ],
  ]
  for (const page of [oldPage, newerPage])
    it.each(said)(`says "%s" on a page (${page.name})`, (message, kind, sentence) => {
      expect(classifyAnswer(500, page(message))).toBe(kind)
      expect(serverSentence(500, page(message))).toBe(sentence)
      expect(isFinalAnswer(500, page(message))).toBe(true)
    })

  it('with a fault of its own says nothing that is final', () => {
    const page = oldPage('java.lang.NullPointerException')
    expect(classifyAnswer(500, page)).toBe('unknown')
    expect(isFinalAnswer(500, page)).toBe(false)
    expect(serverSentence(500, page)).toBe('java.lang.NullPointerException')
  })
})

describe('other answers', () => {
  it.each([
    [200, '', 'no-rows', true],
    [204, '', 'no-rows', true],
    [502, '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>', 'unknown', false],
    [503, 'Error {\n    code=503;\n    message="ERDDAP is shutting down";\n}', 'try-later', false],
    [
      500,
      'Error {\n    code=500;\n    message="There was a (temporary?) problem.  Wait a minute, then try again.";\n}',
      'try-later',
      false,
    ],
    [
      413,
      'Error {\n    code=413;\n    message="Payload Too Large: Your query produced too much data.";\n}',
      'too-much-data',
      true,
    ],
    [413, '', 'unknown', false],
    [403, 'Your IP address is on the request blacklist.', 'blocked', true],
    [401, '', 'not-authorized', true],
    [429, '', 'too-many-requests', false],
  ] as const)('%i with %j is %s', (status, body, kind, final) => {
    expect(classifyAnswer(status, body)).toBe(kind)
    expect(isFinalAnswer(status, body)).toBe(final)
  })

  it('a body that was cut inside its message still gives it', () => {
    expect(serverSentence(404, 'Error {\n    code=404;\n    message="Not Found: Currently unk')).toBe(
      'Not Found: Currently unk',
    )
  })
})

describe('the sentence of an error page', () => {
  const sentence = 'Your query produced no matching results. (nRows = 0)'

  it.each([
    [
      'of an old container',
      `<html><head><title>Error report</title></head><body><h1>HTTP Status 500 - ${sentence}</h1><HR size="1" noshade="noshade"><p><b>type</b> Status report</p><p><b>description</b> <u>The server encountered an internal error.</u></p></body></html>`,
    ],
    [
      'of one that breaks lines',
      `<html><body>HTTP Status 500: ${sentence}<br>type Status report<br>description none</body></html>`,
    ],
    [
      'with its message marked',
      `<html><body><p><b>type</b> Status report</p><p><b>message</b> <u>${sentence}</u></p><p><b>description</b> none</p></body></html>`,
    ],
  ])('%s ends where it ends', (_what, page) => {
    expect(serverSentence(500, page)).toBe(sentence)
  })
})
