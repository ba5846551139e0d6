/** JSON that others wrote: read only where it does not fill the memory. */

import { HarvesterError } from '../errors.ts'

/** Three bytes of text become an object of fifty: what counts is how many values there are, not how long the text is. */
const mostValues = 2_000_000
/** Far beyond any format, and what recursion over the values still bears. */
const deepest = 10_000

/**
 * Reads a text as JSON that has a size in memory which a process can bear, whatever the text is.
 * @throws SyntaxError also where it holds too many values, or nests too deep
 */
export function parseJson(text: string): unknown {
  const excess = excessOf(text)
  if (excess !== null) throw new SyntaxError(excess)
  return JSON.parse(text) as unknown
}

/**
 * The body of an answer as JSON.
 * @param remedy for whoever reads what is wrong
 * @throws HTTP_BAD_ANSWER
 */
export function readJson(
  { body, foreign = false }: { body: string; foreign?: boolean },
  url: string,
  remedy?: string,
): unknown {
  const problem = (what: string, cause?: unknown) =>
    badAnswer(url, what, { ...(remedy !== undefined && { remedy }), ...(cause !== undefined && { cause }) })
  const excess = excessOf(body)
  if (excess !== null) throw problem(`the answer is not read: ${excess}`)
  try {
    return JSON.parse(body) as unknown
  } catch (cause) {
    // The parser quotes the text as well.
    if (foreign) throw problem('the answer is no JSON')
    throw problem(`the answer is no JSON, it starts with ${JSON.stringify(body.slice(0, 60))}`, cause)
  }
}

/** An answer that says something else than was asked for. */
export function badAnswer(
  url: string,
  what: string,
  more: { remedy?: string; cause?: unknown } = {},
): HarvesterError {
  return new HarvesterError('HTTP_BAD_ANSWER', `GET ${url.slice(0, 300)}: ${what}`, {
    facts: { url },
    ...more,
  })
}

const quote = 34
const backslash = 92

/** What a text has too much of to be read; null where it may be. It need not be JSON. */
function excessOf(text: string): string | null {
  let values = 0
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at)
        break
      case 44: // ,
      case 58: // :
        values += 1
        break
      case 91: // [
      case 123: // {
        values += 1
        depth += 1
        if (depth > deepest) return `it nests more than ${deepest} levels deep`
        break
      case 93: // ]
      case 125: // }
        depth -= 1
        break
    }
    if (values > mostValues) return `it holds more than ${mostValues} values`
  }
  return null
}

/** Where the string that begins at `start` ends: at its closing quote, or with the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; ) {
    const end = text.indexOf('"', at)
    if (end < 0) return text.length
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1
    if (slashes % 2 === 0) return end
    at = end + 1
  }
}
