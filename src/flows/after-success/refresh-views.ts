import { isTransient } from '../../database/failure.ts'
import { describeError, isHarvesterError } from '../../errors.ts'
import { refreshView } from '../../inventory/refresh-view.ts'
import { type StepContext, type StepServices, stepFailed } from './step.ts'

/**
 * Refreshes materialized views one after the other.
 * @throws HarvesterError STEP_FAILED naming the view
 */
export async function refreshViews(
  views: readonly string[],
  services: Pick<StepServices, 'database'>,
  context: StepContext,
): Promise<void> {
  const database = await services.database?.()
  if (!database)
    throw stepFailed('there is no database whose views could be refreshed', 'Configure a database.')
  for (const view of views) {
    const began = performance.now()
    try {
      const refreshed = await refreshView(database, view, { signal: context.signal })
      if (!refreshed)
        throw stepFailed(
          `there is no materialized view ${view}`,
          'Correct refresh_views in the configuration, or create the view.',
        )
      context.log.info(
        {
          view: refreshed.view,
          concurrently: refreshed.concurrently,
          ms: Math.round(performance.now() - began),
        },
        `refreshed ${refreshed.view}`,
      )
    } catch (error) {
      if (context.signal.aborted || isHarvesterError(error, 'STEP_FAILED')) throw error
      throw stepFailed(
        `${view} could not be refreshed: ${describeError(error)}`,
        (isHarvesterError(error) ? error.remedy : undefined) ??
          'The user of the database must own the view to refresh it.',
        { transient: isTransient(error), cause: error },
      )
    }
  }
}
