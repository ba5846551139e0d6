/** A source as it is named on the page. */

import { defaultSourceType, sourceTypeFacts, sourceTypeOf } from '../../rules/source-types.ts'

/** Host (with port) and path of a source URL; what is no URL is shown as it is. */
export function sourceParts(erddapUrl: string): { host: string; path: string } {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/]+)(\/.*)?$/i.exec(erddapUrl.trim())
  if (!match) return { host: erddapUrl, path: '' }
  return { host: match[1] ?? erddapUrl, path: (match[2] ?? '').replace(/(?<!\/)\/+$/, '') }
}

/** The readable slug, as the API makes it. */
export function slugOf(erddapUrl: string): string {
  return erddapUrl
    .trim()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/(?<!\/)\/+$/, '')
    .replace(/[./]/g, '-')
}

/** What a source is called besides, where its host does not tell its kind; null for the usual kind. */
export function kindLabel(source: string, host: string): string | null {
  const type = sourceTypeOf(source)
  const { label, hosts } = sourceTypeFacts(type)
  return type === defaultSourceType || hosts.includes(host) ? null : label
}

/** Where a dataset is on its own server; null when the source is no web address. */
export function datasetLink(erddapUrl: string, datasetId: string, source: string): string | null {
  if (!/^https?:\/\//i.test(erddapUrl)) return null
  return sourceTypeFacts(sourceTypeOf(source)).page(
    erddapUrl.replace(/(?<!\/)\/+$/, ''),
    encodeURIComponent(datasetId),
  )
}
