/** The configuration of a long-lived process. */

import type { Environment } from '../config/environment.ts'
import { type HarvestConfig, readHarvestConfig } from '../config/harvest.ts'
import { variables } from '../config/variables.ts'
import { HarvesterError } from '../errors.ts'

/** A worker that only polls needs no list of sources: deployments carry their source. */
export function serviceConfig(
  options: { file?: string | undefined /** Polls and runs flows. */; work: boolean },
  environment: Environment,
  env: Readonly<Record<string, string | undefined>> = variables,
): HarvestConfig {
  const sourceless = !options.work || !environment.REGISTER_DEPLOYMENTS
  const request = {
    file: options.file,
    env,
    folder: process.cwd(),
    ...(sourceless && { sourcesOptional: true }),
  }
  try {
    return readHarvestConfig(request)
  } catch (error) {
    if (
      !(
        sourceless &&
        error instanceof HarvesterError &&
        error.code === 'CONFIG_NOT_FOUND' &&
        options.file === undefined
      )
    )
      throw error
    return readHarvestConfig({ ...request, env: { HARVEST_CONFIG_YAML: '{}' } })
  }
}
