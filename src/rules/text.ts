/** Titles and names of organizations, as people typed them into catalogues. */

const handWritten =
  /\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([nrt]))/g
const characters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * Decodes, in one pass, the escapes that owners write by hand: `\uXXXX` (pairs make one character), `\n`, `\r`, `\t`.
 * Whatever else follows a backslash stays, and so does half a pair, which is no character.
 */
export function decodeHandWrittenEscapes(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(handWritten, (written, high?: string, low?: string, code?: string, letter?: string) => {
    if (high !== undefined && low !== undefined)
      return String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16))
    if (code !== undefined)
      return isSurrogate(code) ? written : String.fromCharCode(Number.parseInt(code, 16))
    return characters[letter ?? ''] ?? written
  })
}

/** Runs of blanks, line breaks and control characters become one blank; ends are trimmed. */
export function tidy(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

/** A title or an organization as it is stored: escapes decoded, then tidied. */
export function readable(text: string): string {
  return tidy(decodeHandWrittenEscapes(text))
}

function isSurrogate(code: string): boolean {
  return /^d[89a-f]/i.test(code)
}
