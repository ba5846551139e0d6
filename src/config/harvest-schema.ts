import { z } from 'zod'
import { limits } from '../rules/limits.ts'
import { type MovingType, movingTypes } from '../rules/tracks/types.ts'
import { webAddress } from './address.ts'
import { cronForm, cronProblem } from './cron.ts'
import { truthOf } from './given.ts'
import { httpDefaults } from './http-defaults.ts'
import { alertsSchema, stepsSchema, waitForSchema } from './operations-schema.ts'
import { datasetId, emptyMeansAll, kindKeys } from './source.ts'
import { rate, seconds } from './timers.ts'

/**
 * The harvest configuration as a site writes it. Every default stands here and nowhere else, with its reason where
 * one is needed. Empty values are removed before this schema sees them, so that they mean the default.
 */

const datasetIds = z.array(datasetId)
const onlyIds = datasetIds.transform((ids) => emptyMeansAll(ids) ?? undefined).optional()
const positive = z.number().positive()
const count = z.number().int().min(1)
const boolean = z.preprocess((value) => truthOf(value) ?? value, z.boolean())

/** `https://catalogue.example.org/api/3/action` → `https://catalogue.example.org`; null for what is no API. */
function catalogueOfApi(address: string): string | null {
  if (!URL.canParse(address)) return null
  const { origin, pathname } = new URL(address)
  const parts = pathname.split('/')
  if (parts.at(-1) === '') parts.pop()
  const at = parts.findIndex(
    (part, index) => index > 0 && part === 'api' && isActionPath(parts.slice(index + 1)),
  )
  return at < 0 ? null : `${origin}${parts.slice(0, at).join('/')}`
}

/** What follows `api`: a version, `action` and the name of one, or less. */
function isActionPath(parts: readonly string[]): boolean {
  const [first = 'action', second = 'action'] = parts
  return first === 'action' || (/^\d+$/.test(first) && second === 'action')
}

/** `all` stands for every type, alone or in a list. */
const movingPlatforms = z
  .preprocess((value) => (value === 'all' ? ['all'] : value), z.array(z.enum(['all', ...movingTypes])))
  .transform((named): MovingType[] =>
    named.includes('all') ? [...movingTypes] : movingTypes.filter((type) => named.includes(type)),
  )

export const sourceSchema = z.strictObject({
  url: z.string().describe('Address of the server.'),
  concurrency: count.max(16).default(1).describe('Requests at once to its host.'),
  requests_per_second: rate.optional().describe('Requests a second at most.'),
  timeout_seconds: seconds.optional().describe('Time limit of one dataset.'),
  dataset_ids: onlyIds.describe('Only these datasets.'),
  skip_dataset_ids: datasetIds.default([]).describe('These datasets not.'),
  cron: z
    .string()
    .superRefine((value, context) => {
      const problem = cronProblem(value)
      if (problem !== null)
        context.addIssue({ code: 'custom', message: `is no schedule: ${problem}. ${cronForm}` })
    })
    .optional()
    .describe('A schedule of its own; the source is then left out of the scheduled harvest-all.'),
  contact: z.string().optional().describe('Contact in the User-Agent, instead of that of all.'),
  wait_for: waitForSchema.optional().describe('What its harvest waits for first, instead of that of all.'),
  moving_platforms: movingPlatforms
    .optional()
    .describe('The same key for this source, instead of the list for all.'),
})

export const harvestSchema = z.strictObject({
  erddap_urls: z
    .array(z.union([z.string().transform((url) => sourceSchema.parse({ url })), sourceSchema]))
    .default([])
    .describe('ERDDAP servers: addresses, or objects with the keys of a source (below).'),
  cache: boolean
    .default(false)
    .describe('Keep answers on disk and use them again: for developing, in one-shot commands only.'),
  folder: z.string().default('harvest').describe('Where the CSVs are written.'),
  dataset_ids: onlyIds.describe('Only these datasets, of every server.'),
  skip_dataset_ids: datasetIds.default([]).describe('These datasets not, of any server.'),
  log_time: boolean.default(true).describe('Whether console lines begin with the time.'),
  log_level: z.string().optional().describe('debug, info, warning or error.'),
  log_dir: z.string().optional().describe('Where the log files are written, instead of HARVESTER_LOG_DIR.'),
  flush_redis: boolean
    .default(false)
    .describe('Empty the Redis database of `REDIS_URL` as the last step after a harvest of all sources.'),
  incremental: boolean.default(true).describe('Skip datasets that are proven unchanged.'),

  ...kindKeys,
  worms_url: webAddress.default('https://www.marinespecies.org').describe('WoRMS, for vernacular names.'),

  ckan_url: webAddress
    .superRefine((value, context) => {
      const catalogue = catalogueOfApi(value)
      if (catalogue !== null)
        context.addIssue({
          code: 'custom',
          message: `must be the catalogue and not its API: write ${catalogue}`,
        })
    })
    .default('https://catalogue.cioos.ca')
    .describe('The catalogue that describes the datasets.'),
  ckan_cache_hours: z
    .number()
    .min(0)
    .default(1)
    .describe('Hours that a cached CKAN answer is used without asking again.'),
  ckan_accept_shrink: boolean
    .default(false)
    .describe('Believe a catalogue that lacks many of the records that the index has.'),
  contact: z.string().optional().describe('Who administrators can write to: part of the User-Agent.'),

  change_detection: z
    .enum(['auto', 'metadata', 'off'])
    .default('auto')
    .describe('Proof that a dataset is unchanged: metadata and source files, metadata alone, or none.'),
  change_detection_max_age_days: positive
    // Owners can remap ids or units without any sign that could be seen.
    .default(30)
    .describe('Days after which an unchanged dataset is harvested all the same, each on a day of its own.'),
  change_detection_settle: z
    .number()
    .min(0)
    .default(24)
    // Servers answer stale values for a while after a file changed.
    .describe('Hours that the newest source file must be old before a fingerprint counts.'),

  moving_platforms: movingPlatforms
    .default([])
    .describe(
      'Platforms that move: a list of `TrajectoryProfile`, `Trajectory` and `Point`, or `all` (docs/tracks.md). Needs ERDDAP 2.00.',
    ),
  moving_max_rows: z
    .number()
    .int()
    .min(1000)
    // A portal shows the rows of a dataset as one list.
    .default(20_000)
    .describe('Rows of one such dataset at most; one with more is indexed by coarser cells.'),
  moving_min_hours: z
    .number()
    .min(0)
    // Each question makes the server read all of the dataset.
    .default(24)
    .describe('Hours after which such a dataset whose data go on arriving is asked again.'),

  timeouts: z
    .strictObject({
      connect_seconds: seconds.default(httpDefaults.connectSeconds).describe('To connect.'),
      headers_seconds: seconds.default(httpDefaults.headersSeconds).describe('Until an answer begins.'),
      idle_seconds: seconds.default(httpDefaults.idleSeconds).describe('Without a byte within an answer.'),
      dataset_seconds: seconds.default(3600).describe('One dataset, with all its requests.'),
    })
    .prefault({})
    .describe('Time limits.'),
  max_answer_megabytes: positive
    .default(httpDefaults.answerMegabytes)
    .describe('Largest metadata or listing answer.'),
  max_table_rows: count.default(limits.tableRows).describe('Longest table.'),

  prune: z
    .strictObject({
      missing_runs: count.default(3).describe('Runs that a dataset must be missing before it is removed.'),
      max_share: z
        .number()
        .min(0)
        .max(1)
        .default(0.2)
        .describe('Largest share of a source that one run may remove.'),
      max_share_floor: z
        .number()
        .int()
        .min(0)
        .default(5)
        .describe('So many datasets may go whatever their share.'),
    })
    .prefault({})
    .describe('When datasets are removed from the index.'),
  prune_after_hours: z
    .number()
    .min(0)
    .default(24)
    // A server that is down for maintenance lists a part of its datasets for hours, however often one looks.
    .describe(
      'Hours that the runs must span in which a dataset was missing, before it is removed; with `missing_runs` of 1 none.',
    ),
  retention: z
    .strictObject({
      attempts_days: count.max(36_500).default(400).describe('Days that the audit is kept.'),
      folders: count.default(5).describe('Run folders that are kept of a source.'),
      folder_hours: z
        .number()
        .min(0)
        .default(6)
        .describe('Younger folders are kept too, up to `folders_most`.'),
      // A harvest a minute makes 360 in six hours; nobody looks at more than a day of hourly ones.
      folders_most: count.default(50).describe('Run folders of a source at most, however young they are.'),
      logs_days: count.default(30).describe('Days that log files are kept.'),
      logs_megabytes: positive.default(1000).describe('Log files beyond this sum go too, the oldest first.'),
    })
    .prefault({})
    .describe('How long things are kept.'),

  wait_for: waitForSchema.optional().describe('What the harvest of each ERDDAP source waits for first.'),
  after_success: stepsSchema
    .default([])
    .describe(
      'What follows a harvest of all sources in which none failed, in this order (docs/operations.md).',
    ),
  after_success_requires: z
    .enum(['completed', 'no_errors'])
    .default('completed')
    .describe('Whether sources that completed with some failed datasets let these steps run.'),
  alerts: alertsSchema.prefault({}).describe('When an operator is told; by which way, the environment says.'),
})

export type HarvestSettings = z.output<typeof harvestSchema>

/** Keys of older configurations that no longer do anything, and what to use. */
export const obsoleteKeys: Readonly<Record<string, string>> = {
  max_workers: 'concurrency is set per source now: `concurrency` of an entry of erddap_urls',
  'max-workers': 'concurrency is set per source now: `concurrency` of an entry of erddap_urls',
  n_workers: 'concurrency is set per source now: `concurrency` of an entry of erddap_urls',
  cache_requests: 'use `cache`',
  skip_ckan: 'CKAN is asked once for all sources and its answers are cached',
}
