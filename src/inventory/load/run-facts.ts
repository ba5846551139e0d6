import { placesOf } from '../contract.ts'
import { fileExists, readChecked } from './read.ts'
import { keyOf } from './staging.ts'
import type { Listing } from './types.ts'

export interface Attempt {
  erddapUrl: string
  datasetId: string
  status: 'success' | 'skipped' | 'error'
  reasonCode: string | null
  attemptedAt: string | null
}

/** What the audit files of a folder tell about the run that wrote it. */
export interface RunFacts {
  /** Null in a folder without audit. */
  runId: string | null
  startedAt: string | null
  finishedAt: string | null
  status: string | null
  errorMessage: string | null
  /** By {@link keyOf}. */
  attempts: Map<string, Attempt>
}

/** A source as far as pruning is concerned. */
export interface SourceFacts {
  erddapUrl: string
  /** Null where nobody said: a folder that is loaded by hand. */
  complete: boolean | null
  restricted: boolean
}

/** @throws HarvesterError FOLDER_UNREADABLE, CANCELLED */
export async function readRunFacts(folder: string, signal: AbortSignal | undefined): Promise<RunFacts> {
  const facts: RunFacts = {
    runId: null,
    startedAt: null,
    finishedAt: null,
    status: null,
    errorMessage: null,
    attempts: new Map(),
  }
  const run = placesOf('harvest_runs')
  if (await fileExists(folder, 'harvest_runs'))
    for await (const { cells, faults } of readChecked(folder, 'harvest_runs', signal))
      if (faults.length === 0) {
        facts.runId = cells[run.run_id] as string
        facts.startedAt = cells[run.started_at] as string | null
        facts.finishedAt = cells[run.finished_at] as string | null
        facts.status = cells[run.status] as string | null
        facts.errorMessage = cells[run.error_message] as string | null
      }
  const of = placesOf('harvest_attempts')
  if (await fileExists(folder, 'harvest_attempts'))
    for await (const { cells, faults } of readChecked(folder, 'harvest_attempts', signal))
      if (faults.length === 0)
        facts.attempts.set(keyOf(cells[of.erddap_url] as string, cells[of.dataset_id] as string), {
          erddapUrl: cells[of.erddap_url] as string,
          datasetId: cells[of.dataset_id] as string,
          status: cells[of.status] as Attempt['status'],
          reasonCode: cells[of.reason_code] as string | null,
          attemptedAt: cells[of.attempted_at] as string | null,
        })
  return facts
}

/** The sources that the folder or the harvest speaks of, with what is known about their listings. */
export function sourcesOf(
  datasets: Iterable<{ erddapUrl: string }>,
  facts: RunFacts,
  listings: readonly Listing[] | undefined,
): SourceFacts[] {
  const sources = new Map<string, SourceFacts>()
  for (const { erddapUrl } of [...datasets, ...facts.attempts.values()])
    sources.set(erddapUrl, { erddapUrl, complete: null, restricted: false })
  const attempted = new Set([...facts.attempts.values()].map((attempt) => attempt.erddapUrl))
  // A listing without a single attempt was empty, whatever it says of itself.
  for (const { erddapUrl, complete, restricted } of listings ?? [])
    sources.set(erddapUrl, { erddapUrl, complete: complete && attempted.has(erddapUrl), restricted })
  return [...sources.values()]
}
