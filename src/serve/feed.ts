import type { HealthChangeRow } from '../inventory/queries/source-changes.ts'
import { sourceSlug } from './slugs.ts'

/** An Atom feed (RFC 4287) of the datasets of a source that turned bad or well again, newest first. */
export function atomFeed(facts: {
  erddapUrl: string
  /** Where our pages are, without a slash at the end: an address, or a path for links that are relative to the host. */
  base: string
  changes: readonly HealthChangeRow[]
}): string {
  const { erddapUrl, base, changes } = facts
  const slug = encodeURIComponent(sourceSlug(erddapUrl))
  const self = `${base}/api/harvest/servers/${slug}.atom`
  const updated = changes[0]?.attempted_at ?? new Date(0)
  const entries = changes.map((change) => {
    const page = `${base}/harvest/dataset/${slug}/${encodeURIComponent(change.dataset_id)}`
    const what = change.well
      ? 'is harvested again / de nouveau moissonné'
      : `${change.reason_code ?? 'is not harvested / non moissonné'}`
    return `  <entry>
    <id>${xml(`${erddapUrl}#harvest/${encodeURIComponent(change.dataset_id)}/${change.run_id}`)}</id>
    <title>${xml(`${change.dataset_id}: ${what}`)}</title>
    <link href="${xml(page)}"/>
    <updated>${change.attempted_at.toISOString()}</updated>
    <category term="${change.well ? 'well' : 'bad'}"/>
    <summary>${xml(change.error_message ?? what)}</summary>
  </entry>
`
  })
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>${xml(`${erddapUrl}#harvest`)}</id>
  <title>${xml(erddapUrl)}</title>
  <subtitle>Datasets that turned bad or well again / Jeux de données tombés en panne ou rétablis</subtitle>
  <link rel="self" href="${xml(self)}"/>
  <link href="${xml(`${base}/harvest/server/${slug}`)}"/>
  <author><name>erddap-harvester</name></author>
  <updated>${updated.toISOString()}</updated>
${entries.join('')}</feed>
`
}

/** Text for XML; characters that XML cannot hold at all are dropped. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
}
