import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { HarvesterError } from '../errors.ts'
import { isSet } from './given.ts'
import { type HarvestSettings, harvestSchema, obsoleteKeys, sourceSchema } from './harvest-schema.ts'
import {
  type ErddapSource,
  normaliseSourceUrl,
  obisId,
  obisUrl,
  type Source,
  serverOf,
  withSlugs,
} from './source.ts'
import { readTextFile } from './text-file.ts'
import { type Fault, faultsOf, readYaml, stripUniformIndent } from './yaml.ts'

/** The harvest configuration, resolved: what the program works with. */
export interface HarvestConfig {
  settings: HarvestSettings
  sources: readonly Source[]
  /** Where it came from, for people. */
  origin: string
  warnings: readonly string[]
}

export interface ConfigRequest {
  /** `-f` */
  file?: string | undefined
  /** `--url`, replacing `erddap_urls` only. */
  urls?: readonly string[] | undefined
  env: Readonly<Record<string, string | undefined>>
  /** The working folder. */
  folder: string
  /** A process that is handed its sources, or only shows what is stored, needs no list. @default false */
  sourcesOptional?: boolean
}

const defaultFile = 'config/harvest.yaml'

/** Where the configuration comes from, or null where there is none (the demo, then). */
export function findConfig(request: ConfigRequest): { origin: string; text: string; base: string } | null {
  const { env } = request
  const origin = given(env.HARVEST_CONFIG_YAML) === undefined ? 'HARVEST_CONFIG_B64' : 'HARVEST_CONFIG_YAML'
  // What is not used is not judged.
  const yaml =
    request.file === undefined
      ? (given(env.HARVEST_CONFIG_YAML) ?? fromBase64(given(env.HARVEST_CONFIG_B64)))
      : undefined
  const named = request.file ?? (yaml === undefined ? given(env.HARVEST_CONFIG_FILE) : undefined)
  if (named !== undefined) {
    const path = resolve(request.folder, named)
    return { origin: path, text: readConfigFile(path), base: dirname(path) }
  }
  if (yaml !== undefined) {
    return {
      origin,
      text: stripUniformIndent(yaml),
      base: join(request.folder, 'config'),
    }
  }
  const path = join(request.folder, defaultFile)
  if (existsSync(path)) return { origin: path, text: readConfigFile(path), base: dirname(path) }
  if (request.urls && request.urls.length > 0)
    return { origin: '--url', text: '', base: join(request.folder, 'config') }
  return null
}

/** @throws HarvesterError CONFIG_INVALID */
function fromBase64(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const packed = text.replaceAll(/\s/g, '').replace(/^(["'])(.*)\1$/s, '$2')
  try {
    if (!/^[\w+/-]+={0,2}$/.test(packed)) throw new Error('it has characters that Base64 does not have')
    // What was cut could be good YAML with fewer servers.
    if (packed.replace(/={1,2}$/, '').length % 4 === 1 || (packed.endsWith('=') && packed.length % 4 !== 0))
      throw new Error('its end is missing')
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(packed, 'base64'))
  } catch (cause) {
    throw new HarvesterError('CONFIG_INVALID', 'HARVEST_CONFIG_B64 is no text in Base64', {
      cause,
      remedy:
        'Make it with `base64 -w 0 config/harvest.yaml`, and copy it whole; or use HARVEST_CONFIG_YAML.',
    })
  }
}

/**
 * Reads and checks the configuration.
 * @throws HarvesterError CONFIG_NOT_FOUND, or CONFIG_INVALID naming every unknown key and bad value with its line
 */
export function readHarvestConfig(request: ConfigRequest): HarvestConfig {
  const found = findConfig(request)
  if (!found) {
    throw new HarvesterError('CONFIG_NOT_FOUND', 'there is no harvest configuration', {
      remedy: `Name servers with --url, a file with -f, set HARVEST_CONFIG_YAML, HARVEST_CONFIG_B64 or HARVEST_CONFIG_FILE, or copy config/harvest.sample.yaml to ${defaultFile}.`,
    })
  }
  const { origin, text, base } = found
  const document = readYaml(text)
  const warnings: string[] = []
  const faults: Fault[] = [...document.faults]
  let settings: HarvestSettings | undefined
  if (faults.length === 0) {
    const value = (document.value ?? {}) as Record<string, unknown>
    if (typeof value !== 'object' || Array.isArray(value)) {
      faults.push({ line: 1, message: 'must be keys with values, as `erddap_urls: […]`' })
    } else {
      for (const key of Object.keys(value)) {
        if (!(key in obsoleteKeys)) continue
        warnings.push(`${key} does nothing any more: ${obsoleteKeys[key]}`)
        delete value[key]
      }
      const result = harvestSchema.safeParse(value)
      if (result.success) settings = result.data
      else faults.push(...faultsOf(result.error, document))
    }
  }
  let sources: Source[] = []
  if (settings) {
    const entries = request.urls?.length
      ? request.urls.map((url) => sourceSchema.parse({ url }))
      : settings.erddap_urls
    const hostSkips = readSkipList(base, faults)
    sources = resolveSources(entries, settings, hostSkips, faults, (index) =>
      document.lineOf(['erddap_urls', index]),
    )
    // Servers that are named for once are not all that a site has.
    const met = new Set(sources.flatMap(({ url }) => skipNames(url)))
    if (sources.length > 0 && !request.urls?.length)
      for (const host of hostSkips.keys())
        if (!met.has(host))
          warnings.push(
            `skipped_datasets.json names ${host}, which is the host of no source: nothing is skipped there`,
          )
    const obis = request.urls?.length ? null : obisDatasetIds(settings, request.env, base, faults)
    if (obis && obis.length > 0) sources.push({ type: 'obis', url: obisUrl, slug: 'obis', datasetIds: obis })
    if (sources.length === 0 && faults.length === 0 && !request.sourcesOptional) {
      faults.push({
        line: document.lineOf(['erddap_urls']),
        message: 'erddap_urls: names no server, and there are no OBIS datasets',
      })
    }
  }
  if (faults.length > 0 || !settings) {
    const lines = faults.map(({ line, message }) => (line === null ? message : `line ${line}: ${message}`))
    throw new HarvesterError('CONFIG_INVALID', `${origin} is not usable:\n  ${lines.join('\n  ')}`, {
      remedy: 'Correct it; docs/configuration.md describes every key.',
    })
  }
  return { settings, sources, origin, warnings }
}

function resolveSources(
  entries: HarvestSettings['erddap_urls'],
  settings: HarvestSettings,
  hostSkips: ReadonlyMap<string, readonly string[]>,
  faults: Fault[],
  lineOf: (index: number) => number | null,
): ErddapSource[] {
  const sources: Omit<ErddapSource, 'slug'>[] = []
  const places = new Map<string, { url: string; index: number }>()
  entries.forEach((entry, index) => {
    try {
      const url = normaliseSourceUrl(entry.url)
      const earlier = places.get(serverOf(url))
      if (earlier) {
        const line = lineOf(earlier.index)
        const where = line === null ? '' : ` in line ${line}`
        throw new HarvesterError(
          'CONFIG_INVALID',
          `${entry.url} is named twice: it is the server of ${earlier.url}${where}`,
          {
            remedy: 'Every dataset would be harvested twice: remove one of the two.',
          },
        )
      }
      places.set(serverOf(url), { url, index })
      sources.push({
        type: 'erddap',
        url,
        concurrency: entry.concurrency,
        requestsPerSecond: entry.requests_per_second ?? null,
        timeoutSeconds: entry.timeout_seconds ?? null,
        datasetIds: entry.dataset_ids ?? settings.dataset_ids ?? null,
        skipDatasetIds: [
          ...new Set([
            ...settings.skip_dataset_ids,
            ...entry.skip_dataset_ids,
            ...skipNames(url).flatMap((name) => hostSkips.get(name) ?? []),
          ]),
        ],
        cron: entry.cron ?? null,
        contact: entry.contact ?? settings.contact ?? null,
        waitFor: entry.wait_for ?? settings.wait_for ?? null,
        ...movingOf(entry.moving_platforms, settings.moving_platforms),
      })
    } catch (error) {
      if (!(error instanceof HarvesterError)) throw error
      faults.push({
        line: lineOf(index),
        message: `erddap_urls.${index}: ${error.message}. ${error.remedy ?? ''}`.trim(),
      })
    }
  })
  return withSlugs(sources)
}

/** A source's own list replaces that of all; where neither asks for anything, nothing is said. */
function movingOf(
  own: ErddapSource['movingPlatforms'],
  all: NonNullable<ErddapSource['movingPlatforms']>,
): Pick<ErddapSource, 'movingPlatforms'> {
  if (own !== undefined) return { movingPlatforms: own }
  return all.length > 0 ? { movingPlatforms: all } : {}
}

/** `skipped_datasets.json` beside the configuration: `{host: [dataset_id, …]}`. */
function readSkipList(base: string, faults: Fault[]): Map<string, string[]> {
  const path = join(base, 'skipped_datasets.json')
  if (!existsSync(path)) return new Map()
  const value = parseJson(readConfigFile(path))
  const entries =
    value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : null
  if (!entries?.every(([, ids]) => Array.isArray(ids) && ids.every((id) => typeof id === 'string'))) {
    faults.push({ line: null, message: `${path}: must be JSON as {"erddap.example.org": ["dataset_id"]}` })
    return new Map()
  }
  const lists = new Map<string, string[]>()
  for (const [name, ids] of entries) {
    // A host, or the whole URL of a server, names it; several entries may name one.
    const host = name
      .replace(/^https?:\/\//i, '')
      .replace(/\/.*/s, '')
      .toLowerCase()
    lists.set(host, [...(lists.get(host) ?? []), ...(ids as string[])])
  }
  return lists
}

/** The names that the skip list may give to the host of a source: with the port that its scheme has anyway, or without. */
function skipNames(url: string): string[] {
  const { host, hostname, port, protocol } = new URL(url)
  return port === '' ? [host, `${hostname}:${protocol === 'https:' ? 443 : 80}`] : [host]
}

function obisDatasetIds(
  settings: HarvestSettings,
  env: ConfigRequest['env'],
  base: string,
  faults: Fault[],
): readonly string[] | null {
  const fromEnvironment = given(env.OBIS_DATASETS_JSON)
  const file = settings.obis_datasets_file
  if (fromEnvironment === undefined && file === undefined) return settings.obis_dataset_ids ?? null
  const path = file === undefined ? '' : resolve(existsSync(join(base, file)) ? base : dirname(base), file)
  const name = fromEnvironment === undefined ? path : 'OBIS_DATASETS_JSON'
  const value = parseJson(fromEnvironment ?? readConfigFile(path)) as { datasets?: unknown } | null
  const ids = Array.isArray(value) ? value : value?.datasets
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) {
    faults.push({ line: null, message: `${name}: must be JSON as {"datasets": ["uuid", …]}` })
    return null
  }
  for (const id of ids) {
    const { error } = obisId.safeParse(id)
    if (error) faults.push({ line: null, message: `${name}: "${id}" ${error.issues[0]?.message}` })
  }
  return [...new Set([...(settings.obis_dataset_ids ?? []), ...ids])]
}

function readConfigFile(path: string): string {
  return readTextFile(path, 'Check the path and the rights of the file.')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function given(value: string | undefined): string | undefined {
  return isSet(value) ? value : undefined
}
