/** A report to the owner of datasets: what is not in the index and why, grouped by what would mend it. Pure. */
import type { ReportRow } from '../inventory/queries/report-rows.ts'
import { adviceOf, type Language, titleOf } from '../rules/reasons/index.ts'
import { shownTitle } from '../rules/reasons/shown-title.ts'
import { remedyGroup } from '../rules/remedies/index.ts'
import type { ReportGroupRow } from './schemas.ts'
import { messageOf, remediesOf, warningsOf } from './told.ts'

/**
 * Datasets that are not harvested, then those that are but with a warning, each group with the datasets that one
 * remedy would mend: the largest groups first, datasets by address and id. A dataset is in one group for its reason,
 * and in one for each warning.
 */
export function reportGroups(rows: readonly ReportRow[], language: Language): ReportGroupRow[] {
  const groups = new Map<string, ReportGroupRow>()
  const put = (row: ReportRow, code: string, kind: 'reason' | 'warning', said: string | null) => {
    const remedy = remediesOf(language, row.told).find(({ of }) => of === code) ?? null
    const key = `${kind} ${code} ${remedy?.code ?? ''}`
    const group: ReportGroupRow = groups.get(key) ?? {
      kind,
      reason_code: code,
      reason: titleOf(language, code),
      remedy: remedy?.code ?? null,
      remedy_title: remedy ? remedyGroup(language, remedy.code) : null,
      advice: adviceOf(language, code),
      page: remedy?.page ?? null,
      datasets: [],
    }
    groups.set(key, group)
    const values = [...(row.told?.facts ?? []), ...(row.told?.warnings ?? [])].find(
      (fact) => fact.code === code,
    )?.values
    group.datasets.push({
      erddap_url: row.erddap_url,
      dataset_id: row.dataset_id,
      title: shownTitle(row, language),
      in_index: row.in_index,
      message: said,
      values: values ?? null,
      what: remedy?.text ?? null,
      change: remedy?.change ?? null,
    })
  }
  for (const row of rows) {
    if (row.status !== 'success' && row.reason_code !== null)
      put(row, row.reason_code, 'reason', messageOf(language, row))
    if (row.status !== 'success') continue
    const warnings = warningsOf(language, row.told)
    for (const code of new Set(warnings.map((warning) => warning.code))) {
      const texts = warnings.filter((warning) => warning.code === code).map(({ text }) => text)
      put(row, code, 'warning', texts.join('; '))
    }
  }
  return [...groups.values()].sort(
    (a, b) =>
      (a.kind === b.kind ? 0 : a.kind === 'reason' ? -1 : 1) ||
      b.datasets.length - a.datasets.length ||
      (a.reason_code < b.reason_code ? -1 : 1),
  )
}
