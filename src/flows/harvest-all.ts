import { z } from 'zod'
import { namedSteps } from '../config/after-success.ts'
import { waitForParameter } from '../config/operations-schema.ts'
import { describeError, isHarvesterError } from '../errors.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { findRun } from '../inventory/queries/find-run.ts'
import { type ChildResult, completed, type FlowContext, failed, flow } from '../runs/index.ts'
import { amount } from '../text.ts'
import { chooseSteps, notGreen, type SourceEnd, unknownSteps } from './after-success/gate.ts'
import { runSteps } from './after-success/run-steps.ts'
import { summarise, withoutFlow } from './after-success/summary.ts'

export const harvestAllParameters = z.object({
  triggered_by: z.string().nullable().default(null).describe('Who or what started the run'),
  force: z.boolean().default(false).describe('Harvest datasets that are proven unchanged too'),
  incremental: z
    .boolean()
    .nullable()
    .default(null)
    .describe('false switches change detection off; never a full reload'),
  wait_for: waitForParameter
    .nullable()
    .default(null)
    .describe('What each source waits for first, where its own wait_for does not say otherwise'),
  deployments: z.array(z.string()).default([]).describe('The per-source deployments'),
  own_schedule: z
    .array(z.string())
    .default([])
    .describe('Those of them that a scheduled run leaves to their own schedule'),
  after_success: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe(
      'Names of the configured steps that follow when all sources are green; [] for none, empty for all that the worker has',
    ),
})
export type HarvestAllParameters = z.output<typeof harvestAllParameters>

export const harvestAllName = 'Harvest All Sources'

export type HarvestAllServices = Pick<
  HarvestServices,
  'config' | 'http' | 'database' | 'variables' | 'pageOfRun'
>

/**
 * The flow that starts the run of every source and waits for all of them; then what depends on a fresh index, if all
 * are green.
 */
export function harvestAllFlow(services: HarvestAllServices) {
  return flow({
    name: harvestAllName,
    description:
      'Starts the deployment of every source, waits for all, and fails if one of them failed; else runs the steps that follow.',
    parameters: harvestAllParameters,
    // Names only: a command in a parameter would let whoever may start runs execute programs.
    deploymentParameters: {
      after_success: namedSteps(services.config.settings).map(({ name }) => name),
    },
    runName: () => 'harvest-all',
    run: (parameters, run) => harvestAll(services, parameters, run),
  })
}

async function harvestAll(services: HarvestAllServices, parameters: HarvestAllParameters, run: FlowContext) {
  const configured = namedSteps(services.config.settings)
  const { steps, missing } = chooseSteps(configured, parameters.after_success)
  const unknown = missing.length > 0 ? unknownSteps(missing, configured) : null
  // Said at once, decided at the end: fresh data is worth having without what follows it.
  if (unknown) run.log.error({ remedy: unknown.remedy }, unknown.message)
  const gated = steps.length > 0 || unknown !== null
  const skipped = (why: string): string => {
    if (!gated && configured.length === 0) return ''
    const said = `after_success steps skipped: ${gated ? why : 'the parameter after_success names none'}`
    run.log.warn({ steps: configured.map(({ name }) => name) }, said)
    return `; ${said}`
  }

  const scheduled = run.createdBy === 'schedule'
  const names = parameters.deployments.filter(
    (name) => !(scheduled && parameters.own_schedule.includes(name)),
  )
  if (names.length === 0) return completed(`no source to harvest${skipped('no source was harvested')}`)
  const triggeredBy = parameters.triggered_by ?? run.createdBy ?? 'schedule'
  const children = await Promise.all(
    names.map((name) =>
      run.runDeployment(`Harvest Source/${name}`, {
        triggered_by: triggeredBy,
        force: parameters.force,
        ...(parameters.incremental !== null && { incremental: parameters.incremental }),
        ...(parameters.wait_for !== null && { wait_for: parameters.wait_for }),
      }),
    ),
  )
  run.log.info(
    { deployments: names },
    `${amount(children.length, 'source is', 'sources are')} being harvested`,
  )
  const results = await run.waitFor(children)
  const finishedAt = new Date()
  const bad = results.filter(({ type }) => type !== 'COMPLETED')
  for (const { deployment, stateName, message } of bad)
    run.log.error({ deployment, state: stateName }, `${deployment}: ${stateName}: ${message}`)
  const counts = `${bad.length} of ${amount(results.length, 'source')} failed`
  if (bad.length > 0) {
    const told = bad.map(({ deployment, message }) => `${deployment} (${message})`).join('; ')
    return failed(`${counts}: ${told}${skipped(counts)}`)
  }
  const harvested = `${amount(results.length, 'source')} harvested`
  if (!gated) return completed(`${harvested}${skipped('')}`)
  const requires = services.config.settings.after_success_requires
  const held = notGreen(await endsOf(services, results, requires === 'no_errors', run), requires)
  if (held !== null) {
    const said = skipped(held)
    if (unknown) throw unknown
    return completed(`${harvested}${said}`)
  }
  if (unknown) throw unknown
  const summary = summarise(run, results, services.pageOfRun, finishedAt)
  const end = await runSteps(steps, { services, summary }, run, children)
  if (end.failed === null) return completed(`${harvested}; ${end.done.join(', ')} done`)
  const { name, error } = end.failed
  const remedy = isHarvesterError(error) && error.remedy ? ` ${error.remedy}` : ''
  const notRun = end.notRun.length > 0 ? ` Not run after it: ${end.notRun.join(', ')}.` : ''
  return failed(
    `${harvested}, but STEP_FAILED: the step ${name} failed: ${describeError(error).replace(/\.$/, '')}.${remedy}${notRun}`,
  )
}

/** How the sources ended; with their failed datasets where that decides. */
async function endsOf(
  services: HarvestAllServices,
  results: readonly ChildResult[],
  counted: boolean,
  run: FlowContext,
): Promise<SourceEnd[]> {
  return Promise.all(
    results.map(async ({ id, deployment, type }) => ({
      deployment: withoutFlow(deployment),
      type,
      errors: counted ? await failedDatasets(services, id, run) : null,
    })),
  )
}

/** From the audit of the run, which is exact where a message is prose. Null where there is no account of it. */
async function failedDatasets(
  services: HarvestAllServices,
  flowRunId: string,
  run: FlowContext,
): Promise<number | null> {
  try {
    const database = await services.database?.()
    const found = database ? await findRun(database, flowRunId, { signal: run.signal }) : null
    // A row that is not closed is that of an attempt which was interrupted.
    return found?.status === 'ok' ? found.n_error : null
  } catch (error) {
    run.signal.throwIfAborted()
    run.log.warn({ flowRunId, error }, 'the audit of a source could not be read')
    return null
  }
}
