/** What an ERDDAP means when it refuses: its sentences, whatever form they come in. Pure. */

import { htmlSentence, isHtml, oneLine, plainSentence, textOfHtml } from '../../http/sentence.ts'
import { cut, readLength } from '../../text.ts'
import { decodeEscapes } from './escapes.ts'

export type AnswerKind =
  /** The query is right and has no rows. */
  | 'no-rows'
  | 'unknown-dataset'
  /** The server lacks the function or the file type. */
  | 'unsupported'
  /** A variable that the dataset does not have. */
  | 'unknown-variable'
  | 'too-much-data'
  /** The owner does not publish the source files. */
  | 'files-not-accessible'
  | 'not-authorized'
  | 'blocked'
  | 'too-many-requests'
  /** The server is starting, stopping or reading the dataset again: it may pass. */
  | 'try-later'
  /** Any other sentence on what is wrong with the query. */
  | 'bad-query'
  /** Nothing that we know: a proxy's page, a fault of the server. */
  | 'unknown'

/** In this order: the first that fits. The sentences are the same in the text bodies of now and the pages of old. */
const sentences: readonly (readonly [RegExp, AnswerKind])[] = [
  [/Your query produced no matching results/i, 'no-rows'],
  [/Currently unknown datasetID/i, 'unknown-dataset'],
  [/No operator found in constraint/i, 'unsupported'],
  [/fileType=[^\s=]* isn't supported by this dataset/i, 'unsupported'],
  [/Unrecognized (constraint )?variable/i, 'unknown-variable'],
  [/requesting too much data|produced too much data|too much data/i, 'too-much-data'],
  [/not accessible via \/files\//i, 'files-not-accessible'],
  [/isn't authorized to access/i, 'not-authorized'],
  [/request (black|block)list/i, 'blocked'],
  [/make just one request at a time|too many requests/i, 'too-many-requests'],
  [/shutting down|shut down|\(temporary\?\) problem|try again/i, 'try-later'],
  [/Query error:/i, 'bad-query'],
]

const transientKinds: ReadonlySet<AnswerKind> = new Set(['too-many-requests', 'try-later', 'unknown'])

/** What an answer that is no success means. 200 and 204 without a body mean "no rows". */
export function classifyAnswer(status: number, body: string): AnswerKind {
  if ((status === 200 || status === 204) && body.trim() === '') return 'no-rows'
  const text = answerSentence(status, body, false)
  for (const [pattern, kind] of sentences) if (pattern.test(text)) return kind
  if (status === 429) return 'too-many-requests'
  if (status === 401) return 'not-authorized'
  if (status === 403) return 'blocked'
  return 'unknown'
}

/** Whether the server says what is wrong, so that asking the same again is no use. */
export function isFinalAnswer(status: number, body: string): boolean {
  return !transientKinds.has(classifyAnswer(status, body))
}

/** The server's sentence, unescaped, in one line; empty if it gives none. */
export function serverSentence(status: number, body: string): string {
  return oneLine(answerSentence(status, body, true))
}

function answerSentence(status: number, whole: string, short: boolean): string {
  const body = cut(whole, readLength)
  const erddap = /^\s*Error \{[\s\S]*?message\s*=\s*"((?:[^"\\]|\\[\s\S])*)"?/.exec(body)
  if (erddap) return decodeEscapes(erddap[1]!)
  if (!isHtml(body)) return plainSentence(status, body)
  if (!short) return textOfHtml(body).replace(/\s+/g, ' ')
  const said = htmlSentence(body)
  // A page may hold the sentence anywhere: a known one says more than a title. It ends where its paragraph does.
  const paragraphs = body.split(paragraphEnd).map((piece) => textOfHtml(piece).replace(/\s+/g, ' ').trim())
  // Without a message and a title, all of the page is what it says.
  const isMessage = said.replace(/\s+/g, ' ').trim() !== textOfHtml(body).replace(/\s+/g, ' ').trim()
  for (const [pattern] of sentences) {
    if (isMessage && pattern.test(said)) return said
    for (const text of paragraphs) {
      const found = pattern.exec(text)
      if (found) return text.slice(found.index)
    }
  }
  return said
}

/** Where a page begins something else; `</u>` ends the message in pages of old containers. */
const paragraphEnd = /<\/?(?:p|h[1-6]|hr|br|div|td|tr|li|title|head|body|pre)\b[^<>]*>|<\/u>/i
