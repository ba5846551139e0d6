/** Where a redirect leads, pure. */

import { HarvesterError } from '../errors.ts'

export const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Characters that ERDDAP leaves raw in `Location` and that servers and proxies refuse in a request. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be sent
const unsafe = /["<>|[\]{}^\\`\u0000-\u0020]|[^\u0000-\u007e]/gu

/**
 * @param from the URL that answered
 * @param location the header as sent: may be relative, may hold raw quotes
 * @param allowDowngrade whether https may lead to http
 * @param foreign whether it is another host than the configured one that sends us on: it is not quoted
 * @throws HTTP_BAD_ANSWER
 */
export function redirectTarget(
  from: URL,
  location: string | undefined,
  allowDowngrade: boolean,
  foreign = false,
): URL {
  if (!location)
    throw new HarvesterError('HTTP_BAD_ANSWER', `GET ${from.href}: a redirect without a Location`)
  let target: URL
  try {
    target = new URL(location, from)
  } catch (cause) {
    throw new HarvesterError(
      'HTTP_BAD_ANSWER',
      `GET ${from.href}: a redirect to ${foreign ? 'what' : `"${location}", which`} is no URL`,
      {
        cause,
      },
    )
  }
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    throw new HarvesterError(
      'HTTP_BAD_ANSWER',
      `GET ${from.href}: a redirect to ${foreign ? 'what' : `${target.protocol}, which`} is not HTTP`,
    )
  if (from.protocol === 'https:' && target.protocol === 'http:' && !allowDowngrade)
    throw new HarvesterError(
      'HTTP_BAD_ANSWER',
      `GET ${from.href}: redirected from https to http${foreign ? '' : ` (${target.href})`}, which is not followed`,
      { remedy: 'If the server really has no https, configure its http address.' },
    )
  // No credentials in an address that somebody else chose.
  target.username = ''
  target.password = ''
  target.hash = ''
  return tidyUrl(target)
}

/** The same URL with everything encoded that must not be sent raw. */
export function tidyUrl(url: URL): URL {
  const path = url.pathname.replace(unsafe, encodeURIComponent)
  const search = url.search.replace(unsafe, encodeURIComponent)
  if (path === url.pathname && search === url.search) return url
  return new URL(`${url.protocol}//${url.host}${path}${search}`)
}
