import { z } from 'zod'

/**
 * The harvest configuration as a site writes it. Every default stands here and nowhere else, with its reason where
 * one is needed. Empty values are removed before this schema sees them, so that they mean the default.
 */

const text = z.union([z.string(), z.number()]).transform((value) => String(value).trim())
const datasetIds = z.array(text.pipe(z.string().min(1)))
const positive = z.number().positive()
const count = z.number().int().min(1)

export const sourceSchema = z.strictObject({
  url: z.string(),
  concurrency: count.max(16).default(1),
  requests_per_second: positive.optional(),
  timeout_seconds: positive.optional(),
  dataset_ids: datasetIds.optional(),
  skip_dataset_ids: datasetIds.default([]),
  cron: z.string().optional(),
  contact: z.string().optional(),
})

export const harvestSchema = z.strictObject({
  erddap_urls: z
    .array(z.union([z.string().transform((url) => sourceSchema.parse({ url })), sourceSchema]))
    .default([]),
  cache: z.boolean().default(false),
  folder: z.string().default('harvest'),
  dataset_ids: datasetIds.optional(),
  skip_dataset_ids: datasetIds.default([]),
  log_time: z.boolean().default(true),
  log_level: z.string().optional(),
  log_dir: z.string().optional(),
  flush_redis: z.boolean().default(false),
  incremental: z.boolean().default(true),

  obis_dataset_ids: z.array(z.string()).optional(),
  obis_datasets_file: z.string().optional(),
  obis_folder: z.string().optional(),
  obis_geo_filter: z
    .strictObject({
      mode: z.enum(['canada', 'none']).default('canada'),
      polygon_file: z.string().optional(),
      exempt_node_ids: z.array(z.string()).optional(),
    })
    .optional(),
  obis_api_url: z.url().default('https://api.obis.org/v3'),
  obis_parquet_url: z.url().default('https://obis-open-data.s3.amazonaws.com/occurrence'),
  worms_url: z.url().default('https://www.marinespecies.org'),

  ckan_url: z.url().default('https://catalogue.cioos.ca'),
  /** How long a cached CKAN answer is used without asking again. */
  ckan_cache_hours: z.number().min(0).default(1),
  contact: z.string().optional(),

  change_detection: z.enum(['auto', 'metadata', 'off']).default('auto'),
  /** With `metadata`: how long unchanged metadata are trusted. */
  change_detection_max_age_days: positive.default(7),
  /** Hours that the newest source file must be old before a fingerprint counts; servers answer stale values for a while. */
  change_detection_settle: z.number().min(0).default(24),

  timeouts: z
    .strictObject({
      connect_seconds: positive.default(10),
      headers_seconds: positive.default(120),
      idle_seconds: positive.default(120),
      dataset_seconds: positive.default(3600),
    })
    .prefault({}),
  /** Largest metadata or listing answer. */
  max_answer_megabytes: positive.default(200),
  /** Longest table. */
  max_table_rows: count.default(10_000_000),

  prune: z
    .strictObject({
      missing_runs: count.default(3),
      max_share: z.number().min(0).max(1).default(0.2),
      max_share_floor: z.number().int().min(0).default(5),
    })
    .prefault({}),
  retention: z
    .strictObject({
      attempts_days: count.default(400),
      folders: count.default(5),
      folder_hours: z.number().min(0).default(6),
      logs_days: count.default(30),
    })
    .prefault({}),
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
