import { z } from 'zod'
import { rate } from '../config/timers.ts'
import type { Database } from '../database/port.ts'
import { HarvesterError } from '../errors.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { nameCoverage } from '../inventory/vernaculars/coverage.ts'
import { fillAphiaIds } from '../inventory/vernaculars/fill-ids.ts'
import { refreshNameIndex } from '../inventory/vernaculars/name-index.ts'
import { pendingNames } from '../inventory/vernaculars/pending-names.ts'
import { createWormsClient } from '../names/client.ts'
import { type FetchedNames, fetchNames } from '../names/fetch-names.ts'
import { describeNames, type NameCounts, type RefreshMode, refreshModes } from '../rules/vernaculars.ts'
import { completed, failed, flow, type ProgressBar, task } from '../runs/index.ts'
import { amount } from '../text.ts'

const count = z.number().int().min(1)

const vernacularParameters = z.object({
  top: count
    .nullable()
    .default(null)
    .describe('Only names among the so many most frequent ones; empty for all'),
  limit: count.nullable().default(null).describe('At most so many names in this run; empty for all'),
  workers: count.max(32).default(8).describe('Requests in flight to WoRMS at once'),
  batch_size: count.max(50).default(50).describe('Names that are asked for, and stored, at once'),
  rate: rate.nullable().default(null).describe('Requests a second at most; empty for no limit'),
  refresh_status: z
    .array(z.enum(refreshModes))
    .default([])
    .describe('Known names to ask for again: error, not_found, missing_classification'),
})
export type VernacularParameters = z.output<typeof vernacularParameters>

export type VernacularServices = Pick<HarvestServices, 'config' | 'http' | 'database'> & {
  /** Told after each stored batch. */
  onNames?: (done: number, total: number, counts: Readonly<NameCounts>) => void
}

interface Work {
  services: VernacularServices
  database: Database
  parameters: VernacularParameters
}

/** The flow that asks WoRMS for the vernacular names of the species in the OBIS cells, and for their place in the tree of life. */
export function populateVernacularsFlow(services: VernacularServices) {
  return flow({
    name: 'Populate Vernaculars',
    description: 'Fetches English and French names and the classification of species from WoRMS.',
    parameters: vernacularParameters,
    runName: () => 'populate-vernaculars',
    async run(parameters, context) {
      const database = await services.database?.()
      if (!database)
        throw new HarvesterError('USAGE', 'vernacular names are kept in the database, and there is none', {
          remedy: 'Run without --no-load, with a database.',
        })
      const work: Work = { services, database, parameters }
      const listed = context.task(listNames, work)
      const names = await listed
      const fetched = context.task(askWorms, { ...work, names }, { after: [listed] })
      const result = await fetched
      // What was stored is of use even if more is left.
      const filled = context.task(fillIds, { ...work, since: context.startedAt }, { after: [fetched] })
      const cells = await filled
      const coverage = await nameCoverage(database, { signal: context.signal })
      await context.artifact.table({
        key: 'vernacular-coverage',
        rows: [
          {
            names: coverage.names,
            found: coverage.found,
            not_found: coverage.notFound,
            failed: coverage.failed,
            english: coverage.english,
            french: coverage.french,
            classified: coverage.classified,
          },
        ],
        description: `${amount(coverage.names, 'name')}: ${coverage.english} with English names, ${coverage.french} with French ones`,
      })
      const message = summary(names.length, result, cells)
      return result.outage === null ? completed(message) : failed(message)
    },
  })
}

const listNames = task({
  name: 'list-names',
  async run({ database, parameters }: Work, context): Promise<string[]> {
    const refresh: RefreshMode[] = parameters.refresh_status
    const { top, limit } = parameters
    const names = await pendingNames(database, { refresh, top, limit }, { signal: context.signal })
    context.log.info(
      { names: names.length, refresh },
      `${amount(names.length, 'name is', 'names are')} to be asked for`,
    )
    return names
  },
})

const askWorms = task({
  name: 'fetch-names',
  async run(input: Work & { names: string[] }, context): Promise<FetchedNames> {
    const { services, database, parameters, names } = input
    const { worms_url: wormsUrl } = services.config.settings
    const total = names.length
    services.http.gate?.limit(new URL(wormsUrl).host, {
      inFlight: parameters.workers,
      requestsPerSecond: parameters.rate ?? Number.POSITIVE_INFINITY,
    })
    const bar: ProgressBar = await context.artifact.progress({
      key: 'vernaculars-progress',
      description: amount(total, 'name'),
    })
    const result = await fetchNames({
      worms: createWormsClient({ http: services.http, baseUrl: wormsUrl }),
      database,
      names,
      batchSize: parameters.batch_size,
      signal: context.signal,
      log: context.log,
      now: () => new Date(),
      onProgress(done, counts) {
        bar.update((100 * done) / total, `${done} of ${amount(total, 'name')}`)
        services.onNames?.(done, total, counts)
      },
    })
    await bar.flush()
    if (result.outage !== null)
      context.log.error(
        {
          left: result.left,
          remedy: 'Run it again once WoRMS answers: names that are stored are not asked for again.',
        },
        `WoRMS cannot be asked any more (${result.outage}); ${amount(result.left, 'name is', 'names are')} left`,
      )
    return result
  },
})

const fillIds = task({
  name: 'fill-ids',
  tags: ['database'],
  retries: 3,
  retryDelaySeconds: 30,
  async run({ database, since }: Work & { since: Date }, context): Promise<number> {
    const cells = await fillAphiaIds(database, since, {
      signal: context.signal,
      log: (level, message, facts = {}) => context.log[level](facts, message),
    })
    await refreshNameIndex(database, { signal: context.signal })
    context.log.info({ cells }, `the ids of species were filled into ${amount(cells, 'cell')}`)
    return cells
  },
})

function summary(total: number, { counts, left, outage }: FetchedNames, cells: number): string {
  if (total === 0) return `no new names; ${amount(cells, 'cell')} got ids`
  const parts = [
    `${total - left} of ${amount(total, 'name')}: ${describeNames(counts)}`,
    `${amount(cells, 'cell')} got ids`,
  ]
  if (left > 0) parts.push(`${left} are left for the next run`)
  if (outage !== null) parts.push(`WoRMS cannot be reached: ${outage}`)
  return parts.join('; ')
}
