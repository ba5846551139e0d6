/** Names made from a source's URL. See docs/glossary.md for who uses which. */

import { createHash } from 'node:crypto'

/** Words that name something else where a deployment slug stands. */
const reserved = new Set(['all', 'full', 'obis'])

/** `https://erddap.ogsl.ca/erddap` → `erddap-ogsl-ca-erddap`: the name of a source in the API's addresses. */
export function urlSlug(url: string): string {
  return url
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/(?<!\/)\/+$/, '')
    .replace(/[./]/g, '-')
}

/** Host in lower case, dots as dashes, `-port` if there is one: `erddap-ogsl-ca`. */
export function hostSlug(url: string): string {
  const { hostname, port } = new URL(url)
  const name = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/[.:]/g, '-')
  return port ? `${name}-${port}` : name
}

/**
 * The slug of each source as deployments, folders, logs and run names use it: the host's, or the URL's where several
 * sources share a host.
 */
export function deploymentSlugs(urls: readonly string[]): Map<string, string> {
  const shared = new Map<string, number>()
  for (const url of urls) shared.set(hostSlug(url), (shared.get(hostSlug(url)) ?? 0) + 1)
  const slugs = urls.map((url): [url: string, slug: string] => {
    const host = hostSlug(url)
    const slug = shared.get(host) === 1 ? host : safe(urlSlug(url).toLowerCase())
    return [url, reserved.has(slug) ? `${slug}-erddap` : slug]
  })
  // Dots and dashes are one: `a.b-c` and `a-b.c` are not.
  const alike = (slug: string) => slugs.filter(([, other]) => other === slug).length > 1
  return new Map(slugs.map(([url, slug]) => [url, alike(slug) ? slugApart(slug, url) : slug]))
}

/** The slug of a source whose own slug is another's. */
export function slugApart(slug: string, url: string): string {
  return `${slug}-${createHash('sha256').update(url).digest('hex').slice(0, 8)}`
}

/** The slug of a source by itself: the one that was asked for, where its address gives that; else the host's. */
export function slugOf(url: string, asked: string): string {
  const long = safe(urlSlug(url).toLowerCase())
  const own = deploymentSlugs([url]).get(url)!
  const given = [long, `${long}-erddap`].flatMap((slug) => [slug, slugApart(slug, url)])
  return given.includes(asked) ? asked : own
}

/** Only characters that folders, artifact keys and Prefect's names all take. */
function safe(text: string): string {
  return text.replace(/[^a-z0-9-]+/g, '-').replace(/^-+|(?<!-)-+$/g, '')
}
