/**
 * Slugs: how a source's URL stands in a path. The readable form is the URL without scheme and trailing slashes,
 * `.` and `/` as `-`; the base64url form of the whole URL is understood too, since old links use it.
 */

/** The readable slug: `https://erddap.ogsl.ca/erddap/` becomes `erddap-ogsl-ca-erddap`. */
export function sourceSlug(erddapUrl: string): string {
  return erddapUrl
    .trim()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/(?<!\/)\/+$/, '')
    .replace(/[./]/g, '-')
}

/** The source URL that a base64url slug spells, or null when it spells none. */
export function decodeUrlSlug(slug: string): string | null {
  const text = slug.replace(/(?<!=)=+$/, '')
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null
  const decoded = Buffer.from(text, 'base64url').toString('utf8')
  return /^https?:\/\/[\x21-\x7e\u00a0-\uffff]+$/i.test(decoded) ? decoded : null
}

export function encodeUrlSlug(erddapUrl: string): string {
  return Buffer.from(erddapUrl, 'utf8').toString('base64url')
}

/**
 * Which of the known sources a slug names, or null. Where two sources share a readable slug (http and https), the
 * first by URL wins, in reverse order so that https goes before http; the base64url form tells them apart.
 */
export function resolveSlug(slug: string, knownUrls: readonly string[]): string | null {
  const readable = [...knownUrls].sort((a, b) => (a < b ? 1 : -1)).find((url) => sourceSlug(url) === slug)
  if (readable !== undefined) return readable
  const decoded = decodeUrlSlug(slug)
  if (decoded === null) return null
  const bare = decoded.replace(/(?<!\/)\/+$/, '')
  return (
    knownUrls.find((url) => url === decoded) ??
    knownUrls.find((url) => url.replace(/(?<!\/)\/+$/, '') === bare) ??
    null
  )
}
