/** What is stored of a scientific name, and how names are put together into batches. */

const fetchStatuses = ['ok', 'not_found', 'error'] as const
export type FetchStatus = (typeof fetchStatuses)[number]

/** What of known names is asked again: names of a status, or `ok` ones whose place in the tree is missing. */
export const refreshModes = ['error', 'not_found', 'missing_classification'] as const
export type RefreshMode = (typeof refreshModes)[number]

/** A row of `cde.scientific_name_vernaculars`. */
export interface NameRow {
  scientificName: string
  aphiaId: number | null
  rank: string | null
  /** Root first; null where the classification could not be had. */
  ancestorAphiaIds: number[] | null
  vernacularsEn: string[]
  vernacularsFr: string[]
  status: FetchStatus
}

export interface NameCounts {
  ok: number
  not_found: number
  error: number
  /** Of the names found: with English names, with French ones. */
  english: number
  french: number
}

export const noNames: Readonly<NameCounts> = { ok: 0, not_found: 0, error: 0, english: 0, french: 0 }

export function countNames(counts: NameCounts, rows: readonly NameRow[]): void {
  for (const row of rows) {
    counts[row.status] += 1
    if (row.vernacularsEn.length > 0) counts.english += 1
    if (row.vernacularsFr.length > 0) counts.french += 1
  }
}

/** `120 found (80 English, 40 French), 3 unknown to WoRMS, 1 failed`. */
export function describeNames(counts: NameCounts): string {
  const parts = [
    `${counts.ok} found (${counts.english} with English names, ${counts.french} with French ones)`,
  ]
  if (counts.not_found > 0) parts.push(`${counts.not_found} unknown to WoRMS`)
  if (counts.error > 0) parts.push(`${counts.error} failed`)
  return parts.join(', ')
}

export function unknownName(scientificName: string, status: 'not_found' | 'error'): NameRow {
  return {
    scientificName,
    aphiaId: null,
    rank: null,
    ancestorAphiaIds: null,
    vernacularsEn: [],
    vernacularsFr: [],
    status,
  }
}

/** Servers commonly refuse addresses beyond 8 kB. */
const longestQuery = 7000

/** Names in batches of at most `size`, each short enough for an address. */
export function batchesOfNames(names: readonly string[], size: number): string[][] {
  const batches: string[][] = []
  let batch: string[] = []
  let length = 0
  for (const name of names) {
    const extra = encodeURIComponent(Buffer.from(name).toString()).length + 'scientificnames%5B%5D=&'.length
    if (batch.length > 0 && (batch.length >= size || length + extra > longestQuery)) {
      batches.push(batch)
      batch = []
      length = 0
    }
    batch.push(name)
    length += extra
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}
