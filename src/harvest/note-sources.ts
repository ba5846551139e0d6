import type { Database } from '../database/port.ts'
import { describeError } from '../errors.ts'
import { recordSource } from '../inventory/queries/record-source.ts'
import type { FlowContext } from '../runs/index.ts'
import type { SourceListing } from './run.ts'
import type { HarvestServices } from './services.ts'

/**
 * Notes what is known of the sources beside their datasets: that they are configured, and how many gridded datasets
 * they have, which are not indexed and which somebody will miss. It is no part of the harvest: a failure is a warning.
 */
export async function noteSources(
  database: Database,
  listings: readonly SourceListing[],
  { wholeAnswerMs }: Pick<HarvestServices, 'wholeAnswerMs'>,
  context: FlowContext,
): Promise<void> {
  await Promise.all(
    listings.map(async (listing) => {
      const { opened, error, restricted } = listing
      if (!opened.countUnindexed || error !== null || restricted) return
      const source = listing.source.url
      try {
        const griddedDatasets = await opened.countUnindexed({
          signal: context.signal,
          timeoutMs: wholeAnswerMs,
        })
        await recordSource(database, {
          erddapUrl: source,
          configured: true,
          griddedDatasets,
          seenAt: context.startedAt,
        })
      } catch (error) {
        if (!context.signal.aborted)
          context.log.warn(
            { source, error },
            `gridded datasets could not be counted: ${describeError(error)}`,
          )
      }
    }),
  )
}
