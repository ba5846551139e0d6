import type { HarvestEvent } from '../log/events.ts'
import type { RunLogFile } from '../log/log-file.ts'
import type { Attempt } from '../rules/attempt.ts'
import type { FlowContext } from '../runs/index.ts'
import { amount } from '../text.ts'

/** Rows beyond this would be cut from the artifact anyway; only their number is kept. */
const rowsKept = 20_000
const order = { error: 0, skipped: 1, success: 2 } as const

type StatusRow = Pick<
  Attempt,
  'datasetId' | 'source' | 'status' | 'reason' | 'durationMs' | 'message' | 'erddapUrl'
>

/** Gathers the attempts of a run for its status artifact. */
export class StatusTable {
  readonly #rows: StatusRow[] = []
  /** Four numbers that never overlap: what did not change was not skipped. */
  readonly #counts = { error: 0, skipped: 0, unchanged: 0, success: 0 }

  readonly listen = (event: HarvestEvent): void => {
    if (event.type !== 'dataset-attempted') return
    const { datasetId, source, status, reason, durationMs, message, erddapUrl } = event.attempt
    this.#counts[reason === 'UNCHANGED' ? 'unchanged' : status] += 1
    if (this.#rows.length < rowsKept || status === 'error')
      this.#rows.push({ datasetId, source, status, reason, durationMs, message, erddapUrl })
  }

  get description(): string {
    const { error, skipped, unchanged, success } = this.#counts
    const total = error + skipped + unchanged + success
    return `${amount(total, 'dataset')}: ${success} harvested, ${unchanged} unchanged, ${skipped} skipped, ${error} failed`
  }

  /** Errors first, then skips, then successes, by id. */
  rows(): Record<string, unknown>[] {
    return this.#rows
      .sort((a, b) => order[a.status] - order[b.status] || (a.datasetId < b.datasetId ? -1 : 1))
      .map((row) => ({
        dataset_id: row.datasetId,
        source: row.source,
        status: row.status,
        reason_code: row.reason,
        duration_ms: row.durationMs,
        error_message: row.message,
        erddap_url: row.erddapUrl,
      }))
  }
}

/** Publishes the status table and the end of the log, whatever became of the run. */
export async function publishArtifacts(parts: {
  context: FlowContext
  slug: string
  statuses: StatusTable
  logFile: RunLogFile
  logBaseUrl: string | null
  message: string
}): Promise<void> {
  const { context, slug, statuses, logFile, logBaseUrl } = parts
  await context.artifact.table({
    key: `harvest-dataset-status-${slug}`,
    rows: statuses.rows(),
    description: `${statuses.description}. ${parts.message}`,
  })
  const link = logBaseUrl
    ? `[${logFile.name}](${logBaseUrl.replace(/(?<!\/)\/+$/, '')}/harvester_logs/${encodeURIComponent(logFile.name)})\n\n`
    : ''
  const tail =
    logFile.failure === null ? await logFile.tail() : `The log file could not be written: ${logFile.failure}`
  // A fence longer than any in the log keeps the log whole.
  let longest = 2
  for (const [run] of tail.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  const fence = '`'.repeat(longest + 1)
  await context.artifact.markdown({
    key: `harvest-log-${slug}`,
    markdown: `${link}${fence}text\n${tail}\n${fence}\n`,
    description: `Log of ${slug}`,
  })
}
