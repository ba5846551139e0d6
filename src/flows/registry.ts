/** Our flows, and the deployments that a site has of them. */
import type { DeclaredDeployment } from '../config/deployments-file.ts'
import { HarvesterError } from '../errors.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { type AnyFlow, type DeploymentSpec, normaliseCron, normaliseTimezone } from '../runs/index.ts'
import { harvestAllFlow, harvestAllName } from './harvest-all.ts'
import { harvestSourceFlow } from './harvest-source.ts'
import { populateVernacularsFlow } from './populate-vernaculars.ts'
import { waitForSourceFlow } from './wait-for-source.ts'

/** Every flow that this process can run. */
export function harvesterFlows(services: HarvestServices): AnyFlow[] {
  return [
    harvestSourceFlow(services),
    harvestAllFlow(services),
    populateVernacularsFlow(services),
    waitForSourceFlow(services),
  ] as unknown as AnyFlow[]
}

/**
 * The declared deployments with their flows.
 * @throws HarvesterError CONFIG_INVALID for a schedule, zone or flow that is none
 */
export function deploymentSpecs(
  declared: readonly DeclaredDeployment[],
  flows: readonly AnyFlow[],
  version: string,
): DeploymentSpec[] {
  const perSource = declared.filter(({ source }) => source !== null)
  return declared.map((deployment) => {
    const flow = flows.find(({ name }) => name === deployment.flow)
    if (!flow) {
      throw new HarvesterError(
        'CONFIG_INVALID',
        `the deployment ${deployment.name} is of a flow "${deployment.flow}", which does not exist`,
        {
          remedy: `Flows: ${flows.map(({ name }) => name).join(', ')}.`,
        },
      )
    }
    const { schedule } = deployment
    const cron = schedule?.active ? normaliseCron(schedule.cron, schedule.named) : null
    const fanOut =
      flow.name === harvestAllName
        ? {
            deployments: perSource.map(({ name }) => name),
            own_schedule: perSource.filter(({ schedule }) => schedule !== null).map(({ name }) => name),
          }
        : {}
    return {
      name: deployment.name,
      flow,
      parameters: { ...fanOut, ...flow.deploymentParameters, ...deployment.parameters },
      schedule:
        cron === null
          ? null
          : { cron, timezone: normaliseTimezone(schedule?.timezone, `the time zone of ${deployment.name}`) },
      concurrencyLimit: deployment.concurrencyLimit,
      collisionStrategy: deployment.collisionStrategy,
      tags: deployment.tags,
      workPool: deployment.workPool,
      workQueue: deployment.workQueue,
      startsChildren: flow.name === harvestAllName,
      description: deployment.description,
      version,
    }
  })
}

/** The flow of a source in `deployments`, by the name of the source. */
export function deploymentOfSource(declared: readonly DeclaredDeployment[], url: string): string | null {
  return declared.find(({ source }) => source?.url === url)?.name ?? null
}
