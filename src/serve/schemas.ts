/**
 * The shapes of the API's answers and bodies, written once: the routes check bodies by them, the tests check answers by
 * them, and the OpenAPI description is generated from them. All times are ISO 8601 in UTC.
 */

import { z } from '@hono/zod-openapi'
import { defaultSourceType, sourceTypeNames } from '../rules/source-types.ts'

const time = z.string().openapi({ format: 'date-time', description: 'ISO 8601, UTC' })
export const count = z.int().nonnegative()
export const status = z.enum(['success', 'skipped', 'error'])
/** The kinds of sources, with the word between them. */
export function sourceTypesIn(or: string): string {
  return sourceTypeNames.map((type) => `\`${type}\``).join(` ${or} `)
}

const sourceType = z.string().openapi({
  description: sourceTypesIn('or'),
  example: defaultSourceType,
})
const reasonCode = z.string().nullable().openapi({ example: 'MISSING_CF_ROLE' })
const queryUrls = z.string().nullable().openapi({ description: 'Every URL requested, in order, one a line' })
const runStatus = z.enum(['running', 'ok', 'failed'])

const fact = z.strictObject({ code: z.string(), values: z.unknown() })
const runFacts = z.array(fact).nullable().openapi({
  description: 'The message as codes and values; null where only its sentence is known',
})
const told = z
  .strictObject({
    facts: z.array(fact).openapi({ description: 'The reason first, then what else is to be said' }),
    warnings: z.array(fact),
    remedies: z.array(z.strictObject({ code: z.string(), of: z.string(), values: z.unknown() })).optional(),
    title: z.string().optional(),
    organizations: z.array(z.string()).optional(),
  })
  .nullable()
  .openapi({ description: 'The attempt as codes and values; null for attempts of older versions' })

export const ErrorAnswer = z
  .strictObject({
    error: z.string(),
    remedy: z.string().optional(),
    run_id: z.string().nullable().optional(),
  })
  .openapi('Error')

export const ServerSummary = z
  .strictObject({
    erddap_url: z.string(),
    slug: z.string(),
    source: sourceType,
    last_attempted_at: time.nullable(),
    last_run_id: z.string().nullable(),
    n_success: count.openapi({ description: 'Unchanged datasets count as success' }),
    n_skipped: count,
    n_error: count,
    n_total: count,
    n_unchanged: count.openapi({ description: 'Of `n_success`, those found unchanged' }),
    n_indexed: count.openapi({ description: 'Datasets in the index, whatever the latest run did' }),
    n_datasets: count.openapi({ description: 'Datasets ever met, as their latest attempt left them' }),
    n_left_out: count.openapi({ description: 'Of `n_datasets`, those whose latest attempt was skipped' }),
    n_failing: count.openapi({ description: 'Of `n_datasets`, those whose latest attempt failed' }),
    last_error: z.string().nullable().openapi({
      description: 'Why the newest run of the source failed as a whole; null where it did not',
    }),
    last_error_facts: runFacts,
    orphaned: z.boolean().openapi({ description: 'The source has left the configuration' }),
    gridded_datasets: count.nullable().openapi({
      description: 'Gridded datasets that the server has; they are not indexed. Null where it is not known',
    }),
  })
  .openapi('Server')

export const DatasetSummary = z
  .strictObject({
    erddap_url: z.string(),
    dataset_id: z.string(),
    source: sourceType,
    status,
    reason_code: reasonCode,
    error_message: z.string().nullable(),
    duration_ms: count.nullable(),
    attempted_at: time,
    run_id: z.string(),
    query_urls: queryUrls,
    last_success_at: time.nullable(),
    history_statuses: z.array(status).max(10).openapi({ description: 'Newest first' }),
    history_times: z.array(time).max(10),
    title: z.string().nullable(),
    title_fr: z.string().nullable(),
    content_hash: z.string().nullable(),
    content_hash_reason: z.string().nullable(),
    last_updated_at: time.nullable(),
    verified_at: time.nullable(),
    in_index: z.boolean().openapi({ description: 'Whether the index has the dataset now' }),
    cdm_data_type: z.string().nullable().openapi({ description: 'Null where the index does not have it' }),
    n_profiles: count
      .nullable()
      .openapi({ description: 'Rows of the index: profiles, casts, cells or samples' }),
    n_tracks: count.openapi({ description: 'Tracks of platforms that move' }),
    told,
  })
  .openapi('Dataset')

export const DatasetAttempt = z
  .strictObject({
    run_id: z.string(),
    attempted_at: time,
    status,
    reason_code: reasonCode,
    error_message: z.string().nullable(),
    duration_ms: count.nullable(),
    source: sourceType,
    query_urls: queryUrls,
    git_sha: z.string().nullable(),
    run_started_at: time,
    told,
  })
  .openapi('DatasetAttempt')

const ofRuns = {
  run_id: z.string(),
  started_at: time.nullable(),
  finished_at: time.nullable(),
  git_sha: z.string().nullable(),
  error_message: z.string().nullable(),
  facts: runFacts,
  scope: z.string().nullable().openapi({ description: '`full` or `single`' }),
  triggered_source: z.string().nullable(),
  triggered_by: z.string().nullable(),
  duration_s: z.number().nonnegative().nullable(),
  n_success: count,
  n_unchanged: count,
  n_skipped: count,
  n_error: count,
  n_total: count,
}

export const RunSummary = z.strictObject({ ...ofRuns, started_at: time, status: runStatus }).openapi('Run')

const RunDetail = z
  .strictObject({
    ...ofRuns,
    status: z.enum(['queued', 'running', 'ok', 'failed']),
    prefect_flow_run_id: z.string().nullable(),
    flow_run_id: z.string().nullable().openapi({ description: 'Of either engine' }),
    prefect_url: z.string().nullable().openapi({ description: "The run's page of the Prefect server" }),
  })
  .openapi('RunDetail')

const RunAttempt = z
  .strictObject({
    erddap_url: z.string(),
    dataset_id: z.string(),
    source: sourceType,
    status,
    reason_code: reasonCode,
    error_message: z.string().nullable(),
    duration_ms: count.nullable(),
    attempted_at: time,
    query_urls: queryUrls,
    told,
  })
  .openapi('RunAttempt')

export const RunAnswer = z
  .strictObject({ run: RunDetail, attempts: z.array(RunAttempt) })
  .openapi('RunAnswer')

export const IndexedDataset = z
  .strictObject({
    in_index: z.boolean(),
    title: z.string().nullable(),
    title_fr: z.string().nullable(),
    n_profiles: count.nullable(),
    organizations: z.array(z.string()),
    last_updated_at: time.nullable(),
    verified_at: time.nullable(),
  })
  .openapi('IndexedDataset')

export const ReportGroup = z
  .strictObject({
    kind: z.enum(['reason', 'warning']),
    reason_code: z.string(),
    reason: z.string().openapi({ description: 'What the reason is called, in the language asked for' }),
    remedy: z
      .string()
      .nullable()
      .openapi({ description: 'Code of the remedy; null where nothing can be proposed' }),
    remedy_title: z.string().nullable(),
    advice: z.string(),
    page: z.string().nullable().openapi({ description: 'Page of ERDDAP’s documentation' }),
    datasets: z.array(
      z.strictObject({
        erddap_url: z.string(),
        dataset_id: z.string(),
        title: z.string().nullable(),
        in_index: z.boolean(),
        message: z.string().nullable(),
        values: z.unknown().openapi({ description: 'What the message is made of' }),
        what: z.string().nullable().openapi({ description: 'What this dataset’s owner would do' }),
        change: z.string().nullable().openapi({ description: 'Piece of `datasets.xml` to add or alter' }),
      }),
    ),
  })
  .openapi('ReportGroup')

export const FoundDataset = z
  .strictObject({
    erddap_url: z.string(),
    slug: z.string(),
    dataset_id: z.string(),
    source: sourceType,
    status,
    reason_code: reasonCode,
    error_message: z.string().nullable(),
    attempted_at: time,
    title: z.string().nullable(),
    title_fr: z.string().nullable(),
    in_index: z.boolean(),
  })
  .openapi('FoundDataset')

export const ReasonCount = z.strictObject({ reason_code: z.string(), n: count }).openapi('ReasonCount')

export const TrendPoint = z
  .strictObject({
    run_id: z.string(),
    started_at: time,
    duration_ms: count.openapi({ description: "Sum of the datasets' durations" }),
    n_success: count,
    n_unchanged: count,
    n_skipped: count,
    n_error: count,
  })
  .openapi('TrendPoint')

export const CoverageAnswer = z
  .strictObject({
    zoom: z.union([z.literal(0), z.literal(1)]),
    edge_metres: z.number().openapi({ description: 'Length of an edge in EPSG:3857' }),
    truncated: z.boolean().openapi({ description: 'Only the fullest hexagons are given' }),
    n_profiles: count,
    n_cells: count.openapi({ description: 'Cells of OBIS: they are no profiles' }),
    n_datasets: count,
    hexagons: z.array(
      z.strictObject({
        longitude: z.number().openapi({ description: 'Of the centre' }),
        latitude: z.number(),
        n_profiles: count,
        n_cells: count,
        n_datasets: count,
      }),
    ),
    variables: z
      .array(z.string())
      .openapi({ description: 'Ocean variables that datasets of the index have' }),
    sources: z.array(z.strictObject({ erddap_url: z.string(), slug: z.string() })),
    n_tracks: count.openapi({ description: 'Tracks of platforms that move, of the whole index' }),
  })
  .openapi('Coverage')

const position = z.tuple([z.number(), z.number()]).openapi({ description: 'Longitude and latitude' })

export const TracksAnswer = z
  .strictObject({
    type: z.literal('FeatureCollection'),
    truncated: z.boolean().openapi({ description: 'There are more tracks' }),
    features: z.array(
      z.strictObject({
        type: z.literal('Feature'),
        geometry: z
          .strictObject({ type: z.literal('MultiLineString'), coordinates: z.array(z.array(position)) })
          .nullable(),
        properties: z.strictObject({
          erddap_url: z.string(),
          dataset_id: z.string(),
          trajectory_id: z.string().openapi({ description: 'Empty where there is none' }),
          time_min: z.string(),
          time_max: z.string(),
          n_records: count.nullable().openapi({ description: 'Null where nobody could count' }),
          n_days: count,
          n_rows: count,
          west: z.number().openapi({ description: 'Greater than east across the antimeridian' }),
          east: z.number(),
          south: z.number(),
          north: z.number(),
        }),
      }),
    ),
  })
  .openapi('Tracks')

export const Schedule = z
  .strictObject({
    name: z.string(),
    flow: z.string(),
    source: z.string().nullable(),
    slug: z.string().nullable(),
    cron: z.string().nullable(),
    timezone: z.string(),
    paused: z.boolean(),
    next_run_at: time.nullable(),
    last_run: z
      .strictObject({ run_id: z.string(), started_at: time.nullable(), state: z.string() })
      .nullable(),
  })
  .openapi('Schedule')

export const TriggerBody = z
  .strictObject({
    source: z
      .string()
      .min(1)
      .max(2000)
      .nullish()
      .openapi({ description: 'URL or slug of a source; none: all' }),
    force: z.boolean().optional().openapi({ description: 'Harvest unchanged datasets too' }),
  })
  .openapi('Trigger')

export const TriggerAccepted = z
  .strictObject({ run_id: z.string(), url: z.string() })
  .openapi('TriggerAccepted')

export const About = z
  .strictObject({
    version: z.string(),
    git_sha: z.string().nullable(),
    trigger_enabled: z.boolean(),
  })
  .openapi('About')

export type Server = z.infer<typeof ServerSummary>
export type Dataset = z.infer<typeof DatasetSummary>
export type DatasetAttemptRow = z.infer<typeof DatasetAttempt>
export type Run = z.infer<typeof RunSummary>
export type RunDetailRow = z.infer<typeof RunDetail>
export type RunAttemptRow = z.infer<typeof RunAttempt>
export type Reason = z.infer<typeof ReasonCount>
export type ReportGroupRow = z.infer<typeof ReportGroup>
export type FoundDatasetOf = z.infer<typeof FoundDataset>
export type IndexedDatasetOf = z.infer<typeof IndexedDataset>
export type Trend = z.infer<typeof TrendPoint>
export type Coverage = z.infer<typeof CoverageAnswer>
export type Tracks = z.infer<typeof TracksAnswer>
export type ScheduleRow = z.infer<typeof Schedule>
export type AboutRow = z.infer<typeof About>
export type AttemptStatus = z.infer<typeof status>
