import type { HealthChangeRow } from '../inventory/queries/source-changes.ts'
import { type Language, titleOf } from '../rules/reasons/index.ts'
import type { ReportGroupRow } from './schemas.ts'
import { sourceSlug } from './slugs.ts'
import { messageOf } from './told.ts'

const words = {
  en: {
    well: 'is harvested again',
    bad: 'is not harvested',
    changes: 'Datasets that turned bad or well again',
    report: 'Datasets that are not harvested, and what would mend them',
  },
  fr: {
    well: 'est de nouveau moissonné',
    bad: 'n’est pas moissonné',
    changes: 'Jeux de données tombés en panne ou rétablis',
    report: 'Jeux de données non moissonnés, et ce qui y remédierait',
  },
} satisfies Record<Language, object>

interface Entry {
  id: string
  title: string
  link: string
  updated: Date
  category: string
  summary: string
}

/** An Atom feed (RFC 4287) of the datasets of a source that turned bad or well again, newest first. */
export function atomFeed(facts: {
  erddapUrl: string
  /** Where our pages are, without a slash at the end: an address, or a path for links that are relative to the host. */
  base: string
  language: Language
  changes: readonly HealthChangeRow[]
}): string {
  const { erddapUrl, base, changes, language } = facts
  const slug = encodeURIComponent(sourceSlug(erddapUrl))
  return feed({
    id: `${erddapUrl}#harvest`,
    self: `${base}/api/harvest/servers/${slug}.atom`,
    title: erddapUrl,
    subtitle: words[language].changes,
    page: `${base}/harvest/server/${slug}`,
    language,
    updated: changes[0]?.attempted_at ?? new Date(0),
    entries: changes.map((change) => {
      const link = `${base}/harvest/dataset/${slug}/${encodeURIComponent(change.dataset_id)}`
      const what = change.well
        ? words[language].well
        : change.reason_code
          ? titleOf(language, change.reason_code)
          : words[language].bad
      return {
        id: `${erddapUrl}#harvest/${encodeURIComponent(change.dataset_id)}/${change.run_id}`,
        title: `${change.dataset_id}: ${what}`,
        link,
        updated: change.attempted_at,
        category: change.well ? 'well' : 'bad',
        summary: messageOf(language, change) ?? what,
      }
    }),
  })
}

/** A report as an Atom feed: an entry a dataset. */
export function reportFeed(facts: {
  name: string
  erddapUrl: string | null
  base: string
  self: string
  language: Language
  groups: readonly ReportGroupRow[]
  newest: Date | null
}): string {
  const { base, language, self } = facts
  const updated = facts.newest ?? new Date(0)
  return feed({
    id:
      facts.erddapUrl === null
        ? `urn:organization:${encodeURIComponent(facts.name)}`
        : `${facts.erddapUrl}#report`,
    self,
    title: facts.name,
    subtitle: words[language].report,
    page:
      facts.erddapUrl === null
        ? `${base}/harvest/report/organization/${encodeURIComponent(facts.name)}`
        : `${base}/harvest/report/${encodeURIComponent(sourceSlug(facts.erddapUrl))}`,
    language,
    updated,
    entries: facts.groups.flatMap((group) =>
      group.datasets.map((dataset) => {
        const slug = encodeURIComponent(sourceSlug(dataset.erddap_url))
        const link = `${base}/harvest/dataset/${slug}/${encodeURIComponent(dataset.dataset_id)}`
        return {
          id: `${dataset.erddap_url}#report/${encodeURIComponent(dataset.dataset_id)}/${group.reason_code}`,
          title: `${dataset.dataset_id}: ${group.reason}`,
          link,
          updated,
          category: group.kind,
          summary: [dataset.message, dataset.what ?? group.advice, dataset.change]
            .filter(Boolean)
            .join('\n\n'),
        }
      }),
    ),
  })
}

function feed(facts: {
  id: string
  self: string
  title: string
  subtitle: string
  page: string
  language: Language
  updated: Date
  entries: readonly Entry[]
}): string {
  const entries = facts.entries.map(
    (entry) => `  <entry>
    <id>${xml(entry.id)}</id>
    <title>${xml(entry.title)}</title>
    <link href="${xml(entry.link)}"/>
    <updated>${entry.updated.toISOString()}</updated>
    <category term="${xml(entry.category)}"/>
    <summary>${xml(entry.summary)}</summary>
  </entry>
`,
  )
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="${facts.language}">
  <id>${xml(facts.id)}</id>
  <title>${xml(facts.title)}</title>
  <subtitle>${xml(facts.subtitle)}</subtitle>
  <link rel="self" href="${xml(facts.self)}"/>
  <link href="${xml(facts.page)}"/>
  <author><name>erddap-harvester</name></author>
  <updated>${facts.updated.toISOString()}</updated>
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
