/** The requests of an attempt, as links that can be followed. They are stored decoded. */

export interface Request {
  /** As it is read. */
  text: string
  /** Encoded again, or null when it is not an http address and must not become a link. */
  href: string | null
}

export function requestsOf(queryUrls: string | null): Request[] {
  if (queryUrls === null) return []
  return queryUrls
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((text) => ({ text, href: encodeRequest(text) }))
}

/** Only http and https become links: the text comes from servers that nobody here controls. */
function encodeRequest(text: string): string | null {
  if (!/^https?:\/\/[^\s/]+/i.test(text)) return null
  const question = text.indexOf('?')
  const path = question < 0 ? text : text.slice(0, question)
  const query = question < 0 ? null : text.slice(question + 1)
  try {
    const encodedPath = encodeURI(path).replace(/#/g, '%23')
    return query === null ? encodedPath : `${encodedPath}?${encodeQuery(query)}`
  } catch {
    // A lone surrogate cannot be encoded.
    return null
  }
}

/** `+` would be read as a blank, `#` as the end, and `&` within quotes as the next constraint. */
function encodeQuery(query: string): string {
  return query
    .split(/("(?:[^"\\]|\\.)*")/)
    .map((part, index) => {
      const encoded = encodeURI(part).replace(/\+/g, '%2B').replace(/#/g, '%23')
      return index % 2 === 1 ? encoded.replace(/&/g, '%26') : encoded
    })
    .join('')
}
