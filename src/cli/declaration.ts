/** What is declared, for the back ends: deployments with their flows, pools with their queues, limits of tags. */
import { loadDeclaration } from '../config/deployments-file.ts'
import type { Environment } from '../config/environment.ts'
import { deploymentSpecs, harvesterFlows } from '../flows/registry.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { version } from '../package.ts'
import type { LimitDeclaration, PoolSpec } from '../runs/index.ts'

/** The tags that our tasks carry: an operator may limit them where the file does not. */
const ourTags = { database: null }

/** @throws HarvesterError CONFIG_NOT_FOUND, CONFIG_INVALID */
export function limitDeclaration(environment: Environment, services: HarvestServices): LimitDeclaration {
  const { deployments, workPools, tagLimits } = loadDeclaration(environment, services.config.sources)
  const polled = [environment.HARVEST_POOL, environment.MAINTENANCE_POOL].map(
    (name): PoolSpec => ({ name, concurrencyLimit: null }),
  )
  const pools = [...workPools, ...polled]
  return {
    deployments: deploymentSpecs(deployments, harvesterFlows(services), services.gitSha ?? version),
    pools: pools.filter(({ name }, index) => pools.findIndex((pool) => pool.name === name) === index),
    tagLimits: { ...ourTags, ...tagLimits },
  }
}
