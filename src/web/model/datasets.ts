/** What the page of a source shows of its datasets: filtered, counted and cut into pages, all from the address. */
import { folded } from '../../rules/reasons/folded.ts'
import { titleOf } from '../../rules/reasons/index.ts'
import { shownTitle } from '../../rules/reasons/shown-title.ts'
import type { Dataset } from '../../serve/schemas.ts'
import type { Language } from './times.ts'
import { said, warningsOf } from './told.ts'

export type StatusFilter = 'success' | 'skipped' | 'error'
/** `problems`: what is no success. */
export type ShownStatus = StatusFilter | 'problems' | 'all'
const shownStatuses: readonly ShownStatus[] = ['success', 'skipped', 'error', 'problems', 'all']
export const pageSize = 100
/** A search over all sources gives so many at most; whether there are more it does not say. */
export const mostFound = 100

export interface DatasetView {
  /** Null: what the page opens on. */
  status: ShownStatus | null
  search: string
  /** From 1. */
  page: number
}

export function readView(query: URLSearchParams): DatasetView {
  const status = query.get('status')
  const page = Number(query.get('page') ?? '1')
  return {
    status: shownStatuses.find((one) => one === status) ?? null,
    search: query.get('q') ?? '',
    page: Number.isSafeInteger(page) && page >= 1 ? page : 1,
  }
}

/** The view as a query, without what is the default; other keys (`lang`) stay. */
export function writeView(view: DatasetView, before: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams(before)
  const set = (key: string, value: string) => (value === '' ? query.delete(key) : query.set(key, value))
  set('status', view.status ?? '')
  set('q', view.search)
  set('page', view.page > 1 ? String(view.page) : '')
  return query
}

type Searchable = Pick<
  Dataset,
  'title' | 'title_fr' | 'dataset_id' | 'status' | 'reason_code' | 'error_message' | 'told'
>

/**
 * Whether a dataset has the text in what the page shows of it in its language, or in its codes, without regard to case and
 * accents: words that somebody reads are found, and none that nobody sees.
 */
export function matches(dataset: Searchable, search: string, language: Language): boolean {
  const wanted = folded(search)
  return wanted === '' || searchedWords(dataset, language).includes(wanted)
}

/** Made once a dataset: sentences of two thousand at every key would be felt. */
const wordsMade = { en: new WeakMap<Searchable, string>(), fr: new WeakMap<Searchable, string>() }

function searchedWords(dataset: Searchable, language: Language): string {
  const before = wordsMade[language].get(dataset)
  if (before !== undefined) return before
  const code = dataset.reason_code
  const words = [
    dataset.dataset_id,
    shownTitle(dataset, language) ?? '',
    ...(code === null ? [] : [code, titleOf(language, code)]),
    said(dataset, language)?.text ?? '',
    ...(dataset.told?.warnings ?? []).map((warning) => titleOf(language, warning.code)),
    ...warningsOf(dataset.told, language),
  ]
    .map(folded)
    .join('\n')
  wordsMade[language].set(dataset, words)
  return words
}

export function countByStatus(datasets: readonly Pick<Dataset, 'status'>[]): Record<StatusFilter, number> {
  const counts = { success: 0, skipped: 0, error: 0 }
  for (const dataset of datasets) counts[dataset.status] += 1
  return counts
}

/** Reasons of the datasets that are not well, most frequent first, then by code. */
export function countReasons(
  datasets: readonly Pick<Dataset, 'status' | 'reason_code'>[],
): Array<{ reason_code: string; n: number }> {
  const counts = new Map<string, number>()
  for (const { reason_code, status } of datasets) {
    if (status !== 'success' && reason_code !== null)
      counts.set(reason_code, (counts.get(reason_code) ?? 0) + 1)
  }
  return [...counts]
    .map(([reason_code, n]) => ({ reason_code, n }))
    .sort((a, b) => b.n - a.n || (a.reason_code < b.reason_code ? -1 : 1))
}
