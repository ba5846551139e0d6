import { z } from 'zod'
import { waitDefaults, waitForParameter } from '../config/operations-schema.ts'
import { hostSlug } from '../config/slug.ts'
import {
  carriedSource,
  findSource,
  normaliseSourceUrl,
  type Source,
  sourceOptionsSchema,
} from '../config/source.ts'
import { mergeWaitFor } from '../config/wait-for.ts'
import { HarvesterError, isHarvesterError } from '../errors.ts'
import { waitOf } from '../harvest/kinds.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { waitForSource } from '../harvest/wait-for-source.ts'
import { describeSeen } from '../rules/readiness.ts'
import { sourceTypes } from '../rules/source-types.ts'
import { completed, failed, flow } from '../runs/index.ts'
import { servicesFor } from './brought-source.ts'
import { namesOneSource, oneSourceMessage } from './one-source.ts'

const { dataset_id, newer_than, timeout_seconds, interval_seconds } = waitForParameter.shape

export const waitParameters = z
  .object({
    source: z.string().min(1).describe('URL, host or slug of a source; a URL need not be configured'),
    dataset_id: dataset_id.default(null),
    newer_than: newer_than.default(null),
    timeout_seconds: timeout_seconds
      .default(null)
      .describe(`How long to wait at most; empty for ${waitDefaults.timeout}`),
    interval_seconds: interval_seconds
      .default(null)
      .describe(`Time between two looks; empty for ${waitDefaults.interval}`),
    source_options: sourceOptionsSchema
      .nullable()
      .default(null)
      .describe('The source as the registering worker resolved it'),
  })
  .refine(namesOneSource, oneSourceMessage)
export type WaitParameters = z.output<typeof waitParameters>

/** The flow that ends when a source is ready, and is Failed with SOURCE_NOT_READY at its time limit. */
export function waitForSourceFlow(services: Pick<HarvestServices, 'config' | 'http'>) {
  return flow({
    name: 'Wait For Source',
    description:
      'Waits until a source answers, lists a dataset, or has data newer than a given time. Without parameters of its own it waits for what the configuration says of the source.',
    parameters: waitParameters,
    runName: (parameters) => `wait-${runSlug(parameters)}`,
    runFacts: (parameters) => ({ source: sourceOf(parameters).url }),
    async run(parameters, run) {
      const source = sourceOf(parameters)
      const wait = waitOf(source)
      if (wait === null)
        throw new HarvesterError(
          'PARAMETERS_INVALID',
          `${sourceTypes[source.type].label} is no ERDDAP: there is nothing to wait for`,
          { remedy: 'Name an ERDDAP server.' },
        )
      const waitFor = mergeWaitFor(wait.wanted(source), parameters)!
      try {
        const waited = await run.task(waitForSource, {
          services: await servicesFor(services, source),
          source,
          wait,
          waitFor,
          startedAt: run.startedAt,
        })
        return completed(`${source.url} is ready: ${describeSeen(waited.seen)}`)
      } catch (error) {
        if (!isHarvesterError(error, 'SOURCE_NOT_READY')) throw error
        return failed(`SOURCE_NOT_READY: ${error.message}`)
      }
    },
  })

  function runSlug(parameters: WaitParameters): string {
    try {
      return sourceOf(parameters).slug
    } catch {
      return 'unknown'
    }
  }

  function sourceOf({ source, source_options }: WaitParameters): Source {
    return source_options
      ? carriedSource(source_options, services.config.sources)
      : namedOrUrl(services.config.sources, source)
  }
}

/** A configured source by its name, else the one at an address, with defaults. */
export function namedOrUrl(sources: readonly Source[], name: string): Source {
  try {
    return findSource(sources, name)
  } catch (error) {
    if (!isHarvesterError(error, 'SOURCE_UNKNOWN') || !name.includes('://')) throw error
  }
  const url = normaliseSourceUrl(name)
  return {
    type: 'erddap',
    url,
    slug: hostSlug(url),
    concurrency: 1,
    requestsPerSecond: null,
    timeoutSeconds: null,
    datasetIds: null,
    skipDatasetIds: [],
    cron: null,
    contact: null,
    waitFor: null,
  }
}
