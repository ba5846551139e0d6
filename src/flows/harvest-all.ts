import { z } from 'zod'
import { waitForParameter } from '../config/operations-schema.ts'
import { completed, failed, flow } from '../orchestration/index.ts'

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
})

/** The flow that starts the run of every source and waits for all of them. */
export const harvestAll = flow({
  name: 'Harvest All Sources',
  description: 'Starts the deployment of every source, waits for all, and fails if one of them failed.',
  parameters: harvestAllParameters,
  runName: () => 'harvest-all',
  async run(parameters, run) {
    const scheduled = run.createdBy === 'schedule'
    const names = parameters.deployments.filter(
      (name) => !(scheduled && parameters.own_schedule.includes(name)),
    )
    if (names.length === 0) return completed('no source to harvest')
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
    run.log.info({ deployments: names }, `${children.length} sources are being harvested`)
    const results = await run.waitFor(children)
    const bad = results.filter(({ type }) => type !== 'COMPLETED')
    for (const { deployment, stateName, message } of bad)
      run.log.error({ deployment, state: stateName }, `${deployment}: ${stateName}: ${message}`)
    if (bad.length === 0) return completed(`${results.length} sources harvested`)
    return failed(
      `${bad.length} of ${results.length} sources failed: ${bad.map(({ deployment, message }) => `${deployment} (${message})`).join('; ')}`,
    )
  },
})
