import { fileExists, readChecked } from './read.ts'
import { keyOf } from './stage.ts'
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
  if (await fileExists(folder, 'harvest_runs'))
    for await (const { cells, faults } of readChecked(folder, 'harvest_runs', signal))
      if (faults.length === 0) {
        facts.runId = cells[0] as string
        facts.startedAt = cells[1] as string | null
        facts.finishedAt = cells[2] as string | null
        facts.status = cells[4] as string | null
        facts.errorMessage = cells[5] as string | null
      }
  if (await fileExists(folder, 'harvest_attempts'))
    for await (const { cells, faults } of readChecked(folder, 'harvest_attempts', signal))
      if (faults.length === 0)
        facts.attempts.set(keyOf(cells[1] as string, cells[2] as string), {
          erddapUrl: cells[1] as string,
          datasetId: cells[2] as string,
          status: cells[4] as Attempt['status'],
          reasonCode: cells[5] as string | null,
          attemptedAt: cells[8] as string | null,
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
