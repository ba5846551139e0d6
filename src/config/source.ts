import { z } from 'zod'
import { HarvesterError } from '../errors.ts'
import { isStorableKey, limits } from '../rules/limits.ts'
import { sourceTypeFacts } from '../rules/source-types.ts'
import { movingTypes } from '../rules/tracks/types.ts'
import { webAddress } from './address.ts'
import { carriedWaitForSchema } from './operations-schema.ts'
import { deploymentSlugs, hostSlug, slugApart, slugOf, urlSlug } from './slug.ts'
import { rate, seconds } from './timers.ts'

/** The name under which OBIS stands among the sources, and in `erddap_url` columns. */
export const obisUrl = 'https://obis.org'

/** An id is text whatever it looks like: YAML reads 007 as 7 and 1.10 as 1.1, which no server knows. */
export const datasetId = z
  .string('must be a text, and YAML reads it as something else: quote it')
  .trim()
  .min(1)
  .refine(isStorableKey, `is longer than the ${limits.keyBytes} bytes that an id can have`)

/** An empty list of the only wanted ids means the default, as all that is empty: all of them. */
export const emptyMeansAll = (ids: string[] | null): string[] | null => (ids?.length ? ids : null)

/** The only wanted ids as a parameter carries them; null for all. */
export const onlyIds = (id: z.ZodType<string>) => z.array(id).nullable().transform(emptyMeansAll)

/** As in the configuration. */
const carriedId = z.string().min(1).refine(isStorableKey, 'is longer than an id can be')

/**
 * An ERDDAP server of the configuration, resolved. A schema, since deployments carry it as a parameter to workers that
 * have no list of sources.
 */
export const erddapSourceSchema = z.object({
  type: z.literal('erddap'),
  /** Without trailing slash; this is what is stored. */
  url: z.string().superRefine((url, check) => {
    try {
      normaliseSourceUrl(url)
    } catch (error) {
      check.addIssue({ code: 'custom', message: (error as Error).message })
    }
  }),
  /** For people: folders and logs are named after the address. */
  slug: z.string(),
  /** Requests in flight to the host at most. */
  concurrency: z.number().int().min(1).max(16),
  requestsPerSecond: rate.nullable(),
  /** Time limit of one dataset. */
  timeoutSeconds: seconds.nullable(),
  /** Only these datasets, or all. */
  datasetIds: onlyIds(carriedId),
  skipDatasetIds: z.array(carriedId),
  /** A schedule of its own, or that of all sources. */
  cron: z.string().nullable(),
  /** Who to name in the User-Agent. */
  contact: z.string().nullable(),
  /** What its harvest waits for first. Absent in what an older version registered. */
  waitFor: carriedWaitForSchema.nullable().default(null),
  /** Platforms that move, where the source list says something of them; else what the harvester's settings say. */
  movingPlatforms: z.array(z.enum(movingTypes)).optional(),
})
export type ErddapSource = z.output<typeof erddapSourceSchema>

export const obisSourceSchema = z.object({
  type: z.literal('obis'),
  url: z.literal(obisUrl),
  slug: z.literal('obis'),
  datasetIds: z.array(carriedId).readonly(),
})
export type ObisSource = z.output<typeof obisSourceSchema>

/** OBIS knows its datasets by UUIDs. */
export const obisId = datasetId.regex(
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  'must be the UUID of an OBIS dataset, as 2d8e2ad2-5c9c-4f2f-9b5d-3d7e5d3f0f4e',
)

const obisKeys = {
  obis_dataset_ids: z.array(obisId).optional().describe('OBIS datasets by their UUIDs.'),
  obis_datasets_file: z
    .string()
    .optional()
    .describe('JSON file with `{"datasets": ["uuid", …]}`, beside the configuration.'),
  obis_folder: z.string().optional().describe('Where OBIS answers are kept, instead of the cache folder.'),
  obis_geo_filter: z
    .strictObject({
      mode: z
        .enum(['canada', 'none'])
        .default('canada')
        .describe('`canada` keeps what lies in the polygon; `none` keeps all.'),
      polygon_file: z
        .string()
        .optional()
        .describe('Polygon as WKT or GeoJSON, instead of the coarse one that ships.'),
      exempt_node_ids: z.array(datasetId).optional().describe('OBIS nodes whose datasets are kept whole.'),
    })
    .optional()
    .describe('Which OBIS occurrences are kept.'),
  obis_api_url: webAddress.default('https://api.obis.org/v3').describe('The OBIS API.'),
  obis_parquet_url: webAddress
    .default('https://obis-open-data.s3.amazonaws.com/occurrence')
    .describe('Where OBIS publishes occurrences as parquet files.'),
}

/** The keys of the configuration that name sources of a kind, and say how they are asked. */
export const kindKeys = { ...obisKeys }

/** Any source, as a deployment carries it: a kind is a schema here. */
export const sourceOptionsSchema = z.discriminatedUnion('type', [erddapSourceSchema, obisSourceSchema])

export type Source = z.output<typeof sourceOptionsSchema>

/**
 * A source as a run may use it: its address as the configuration would read it, its slug (the name of folders, logs and
 * artifacts) derived from that and never taken, and that of no source of the configuration but itself.
 * @throws HarvesterError CONFIG_INVALID
 */
export function carriedSource(source: Source, configured: readonly Source[]): Source {
  // The schema of a kind with an address of its own lets no other through.
  if (!isAnywhere(source)) return source
  const url = normaliseSourceUrl(source.url)
  const known = configured.find((one) => one.url === url)
  if (known) return { ...source, url, slug: known.slug }
  const slug = slugOf(url, source.slug)
  const taken = configured.some((one) => one.slug === slug)
  return { ...source, url, slug: taken ? slugApart(slug, url) : slug }
}

/**
 * What identifies an ERDDAP server, and is stored: its URL with scheme and host in lower case, without the port that
 * the scheme has anyway, and without blanks, query and trailing slashes.
 * @throws HarvesterError CONFIG_INVALID
 */
export function normaliseSourceUrl(text: string): string {
  let url: URL
  try {
    url = new URL(text.trim())
  } catch (cause) {
    throw new HarvesterError('CONFIG_INVALID', `"${text}" is not a URL`, {
      cause,
      remedy: 'Write it whole, as https://erddap.example.org/erddap',
    })
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new HarvesterError('CONFIG_INVALID', `"${text}" is not an http or https address`, {
      remedy: 'Write it whole, as https://erddap.example.org/erddap',
    })
  }
  if (url.username || url.password) {
    throw new HarvesterError('CONFIG_INVALID', `the address of ${url.host} holds a user name or password`, {
      remedy: 'Remove it: addresses of sources are stored and shown in public.',
    })
  }
  const server = serverOfPage(url.pathname)
  if (server !== undefined)
    throw new HarvesterError('CONFIG_INVALID', `"${text}" is a page of a server and not the server`, {
      remedy: `Write ${url.protocol}//${url.host}${server}`,
    })
  // The parser has brought scheme and host to lower case and left out the scheme's own port.
  const address = `${url.protocol}//${url.host}${withoutTrailingSlashes(url.pathname)}`
  if (!isStorableKey(address))
    throw new HarvesterError(
      'CONFIG_INVALID',
      `the address of ${url.host} is longer than ${limits.keyBytes} bytes`,
    )
  return address
}

/** What people copy from the browser: the list of datasets, a dataset, a search. */
const folders = new Set(['info', 'tabledap', 'griddap', 'search', 'categorize', 'convert', 'files', 'wms'])
const pages = new Set(['index.html', 'rest.html', 'status.html', 'information.html', 'login.html'])

/** The path of the server that a path is a page of; undefined where it is none. */
function serverOfPage(path: string): string | undefined {
  const parts = path.split('/')
  const last = parts.length - 1
  const at = parts.findIndex(
    (part, index) => index > 0 && (folders.has(part) || (index === last && pages.has(part))),
  )
  return at < 0 ? undefined : parts.slice(0, at).join('/')
}

function withoutTrailingSlashes(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '/') end -= 1
  return text.slice(0, end)
}

/** What two addresses of one server have in common: all but http or https. */
export function serverOf(address: string): string {
  return address.replace(/^https?:/, '')
}

/**
 * Finds the source that a person named by URL, host, slug or `obis`.
 * @throws HarvesterError SOURCE_UNKNOWN if none or several match
 */
export function findSource(sources: readonly Source[], name: string): Source {
  const wanted = URL.canParse(name.trim()) ? normalisedOr(name.trim()) : withoutTrailingSlashes(name.trim())
  const matching = sources.filter((source) => names(source).has(wanted.toLowerCase()))
  const exact = matching.filter((source) => source.url === wanted)
  const found = exact.length === 1 ? exact : matching
  if (found.length === 1) return found[0]!
  const known = sources.map((source) => source.slug).join(', ') || 'none'
  throw new HarvesterError(
    'SOURCE_UNKNOWN',
    found.length === 0
      ? `no configured source is called "${name}"`
      : `"${name}" names several sources: ${found.map((source) => source.url).join(', ')}`,
    { remedy: `Name one by URL, host or slug. Configured: ${known}.` },
  )
}

function normalisedOr(name: string): string {
  try {
    return normaliseSourceUrl(name)
  } catch {
    return name
  }
}

/** Whether a source may be at any address, or is where all of its kind are. */
function isAnywhere(source: Source): source is Extract<Source, { concurrency: number }> {
  return sourceTypeFacts(source.type).hosts.length === 0
}

function names(source: Source): Set<string> {
  if (!isAnywhere(source)) return new Set([source.slug, new URL(source.url).host, source.url])
  const url = source.url.toLowerCase()
  return new Set([url, new URL(url).host, hostSlug(url), urlSlug(url), source.slug])
}

/** Gives each source its deployment slug. */
export function withSlugs<T extends { url: string }>(sources: readonly T[]): (T & { slug: string })[] {
  const slugs = deploymentSlugs(sources.map((source) => source.url))
  return sources.map((source) => ({ ...source, slug: slugs.get(source.url)! }))
}
