/** The JSON API as the page asks it. Addresses are relative to <base>, so that any base path works. */
import type {
  AboutRow,
  Coverage,
  Dataset,
  DatasetAttemptRow,
  FoundDatasetOf,
  IndexedDatasetOf,
  Reason,
  ReportGroupRow,
  Run,
  ScheduleRow,
  Server,
  Tracks,
  Trend,
} from '../serve/schemas.ts'
import type { RunAnswer } from './model/liveRun.ts'

export type {
  AboutRow,
  AttemptStatus,
  Coverage,
  Dataset,
  DatasetAttemptRow,
  FoundDatasetOf,
  IndexedDatasetOf,
  Reason,
  ReportGroupRow,
  Run,
  RunAttemptRow,
  RunDetailRow,
  ScheduleRow,
  Server,
  Tracks,
  Trend,
} from '../serve/schemas.ts'

export type { RunAnswer } from './model/liveRun.ts'

/** The API said no; `status` is 0 when it could not be reached at all. */
export class ApiError extends Error {
  readonly status: number
  /** The run that stands in the way, of a 409. */
  readonly runId: string | null
  constructor(status: number, message: string, runId: string | null = null) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.runId = runId
  }
}

export function apiUrl(path: string): string {
  return new URL(path.replace(/^\/+/, ''), document.baseURI).toString()
}

/** Asks for an answer of the API. What only one page asks stands with that page. */
export async function ask<T>(path: string, options: RequestInit = {}): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(apiUrl(path), options)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, error instanceof Error ? error.message : String(error))
  }
  const body: unknown = await answer.json().catch(() => null)
  if (answer.ok) return body as T
  const { error: said, run_id: runId } = (body ?? {}) as { error?: unknown; run_id?: unknown }
  throw new ApiError(
    answer.status,
    typeof said === 'string' ? said : `HTTP ${answer.status}`,
    typeof runId === 'string' ? runId : null,
  )
}

const part = encodeURIComponent

export const api = {
  about: () => ask<AboutRow>('api/harvest/about'),
  servers: () => ask<Server[]>('api/harvest/servers'),
  datasets: (slug: string) => ask<Dataset[]>(`api/harvest/servers/${part(slug)}`),
  trend: (slug: string) => ask<Trend[]>(`api/harvest/servers/${part(slug)}/trend`),
  dataset: (slug: string, id: string) =>
    ask<DatasetAttemptRow[]>(`api/harvest/dataset/${part(slug)}/${part(id)}`),
  inIndex: (slug: string, id: string) => ask<IndexedDatasetOf>(`api/harvest/index/${part(slug)}/${part(id)}`),
  report: (path: string, language: string) =>
    ask<ReportGroupRow[]>(`api/harvest/report/${path}?lang=${language}`),
  search: (text: string, language: string) =>
    ask<FoundDatasetOf[]>(`api/harvest/search?q=${part(text)}&lang=${language}`),
  runs: () => ask<Run[]>('api/harvest/runs/recent'),
  /** A run and its first attempts, of one outcome where that is given; all of them without `limit`. */
  run: (id: string, { limit, outcome }: { limit?: number; outcome?: string } = {}) => {
    const query = new URLSearchParams()
    if (limit !== undefined) query.set('limit', String(limit))
    if (outcome !== undefined) query.set('outcome', outcome)
    return ask<RunAnswer>(`api/harvest/runs/${part(id)}${query.size > 0 ? `?${query}` : ''}`)
  },
  reasons: () => ask<Reason[]>('api/harvest/reasons'),
  schedules: () => ask<ScheduleRow[]>('api/harvest/schedules'),
  tracks: (slug: string, id: string) =>
    ask<Tracks>(`api/harvest/tracks?source=${part(slug)}&dataset=${part(id)}`),
  tracksInView: (query: URLSearchParams) => ask<Tracks>(`api/harvest/tracks?${query}`),
  coverage: (query: URLSearchParams) => ask<Coverage>(`api/harvest/coverage?${query}`),
  trigger: (body: { source?: string; force?: boolean }, token: string) =>
    ask<{ run_id: string; url: string }>('api/harvest/trigger', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    }),
}
