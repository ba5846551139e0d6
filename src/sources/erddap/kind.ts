/** ERDDAP as a kind of source. */

import type { HarvestSettings } from '../../config/harvest-schema.ts'
import type { ErddapSource } from '../../config/source.ts'
import { erddapWords } from '../../rules/catalogue-change.ts'
import { matchCkan } from '../../rules/ckan.ts'
import { datasetRecord } from '../../rules/dataset.ts'
import { rulesVersion } from '../../rules/fingerprint.ts'
import type { TrackRow } from '../../rules/tracks/track.ts'
import type { MovingType } from '../../rules/tracks/types.ts'
import type { OpenSource, SourceHarvest, SourceKind, SourceParts } from '../kind.ts'
import type { ChangeDetection } from './change.ts'
import { createErddapClient, type ErddapClient } from './client.ts'
import { type ErddapDescription, harvestDataset, type ServerHarvest } from './dataset.ts'
import { unknownAbilities } from './server-abilities.ts'
import { type MovingHarvest, movingHarvest } from './tracks/moving.ts'
import type { ListedDataset } from './types.ts'
import { decodeUrl, infoPageUrl } from './urls.ts'
import { waitForErddap } from './wait.ts'

export const erddapKind: SourceKind<ErddapSource, ListedDataset, ErddapDescription> = {
  type: 'erddap',
  rulesVersion,
  dataMark: '/tabledap/',
  listing: {
    unreadableRemedy:
      'Open the address in a browser: it should give a CSV. That of an ERDDAP mostly ends with /erddap.',
    empty: 'the server lists no public tabular dataset, which is not believed',
    emptyRemedy:
      'See whether the server is still starting; an ERDDAP without tables is to be removed from the configuration.',
    shortRemedy:
      'See whether the server is still starting. If it really lost them, harvest with --allow-prune: each such run counts as one that missed them.',
  },
  isPatient: true,
  isAnywhere: true,
  wait: {
    wanted: ({ waitFor }) => waitFor,
    until: ({ url }, parts, request) => waitForErddap({ client: clientOf(url, parts), ...request }),
  },
  limitedTo: ({ datasetIds }) => datasetIds,
  runSlug: ({ slug }) => `erddap-${slug}`,
  open,
  matchCatalogue: (records, { url }, datasetIds) => matchCkan(records, url, datasetIds),
  record({ description: { plan, globals, title, tracks }, datasetId, rows, ...facts }) {
    const built = datasetRecord({
      ...facts,
      listed: { datasetId, title },
      metadata: { datasetId, globals: new Map(globals), variables: [] },
      plan,
      profileCount: rows,
    })
    return {
      ...built,
      uncoveredStandardNames: plan.uncoveredStandardNames,
      ...(tracks && { further: { tracks: tracks.map(readTrack) } }),
    }
  },
  furtherTables: (source, settings) => (movingTypesOf(source, settings).length > 0 ? ['tracks'] : []),
  async check({ url }, { http }, request) {
    const scope = createErddapClient({ http, baseUrl: url }).scope(request)
    const version = await scope.version()
    const listed = await scope.listDatasets()
    return {
      found: `ERDDAP ${version ?? '(too old to say)'}, ${listed.length} tabular datasets`,
      doubt: listed.length === 0 ? 'A harvest of an empty list fails: is the server still starting?' : null,
    }
  },
}

function clientOf(baseUrl: string, { http, settings }: Pick<SourceParts, 'http' | 'settings'>): ErddapClient {
  return createErddapClient({
    http,
    baseUrl,
    maxBytes: settings.max_answer_megabytes * 1024 * 1024,
    maxRows: settings.max_table_rows,
  })
}

function open(source: ErddapSource, parts: SourceParts): OpenSource<ListedDataset, ErddapDescription> {
  parts.http.gate?.limit(new URL(source.url).host, {
    inFlight: source.concurrency,
    ...(source.requestsPerSecond !== null && { requestsPerSecond: source.requestsPerSecond }),
  })
  const client = clientOf(source.url, parts)
  const moving = movingTypesOf(source, parts.settings)
  const timeoutSeconds = source.timeoutSeconds ?? parts.settings.timeouts.dataset_seconds
  return {
    // The gate lets so many requests through as the source allows; one dataset more is under way, so that the server
    // need not wait while an answer is worked on.
    workers: source.concurrency + 1,
    list: (request) => client.scope(request).listDatasets(),
    addressOf: (datasetId) => decodeUrl(infoPageUrl(source.url, datasetId)),
    countUnindexed: (request) => client.scope(request).countGridded(),
    async asker(harvest) {
      const { catalogueChange } = harvest
      const server: ServerHarvest = {
        client,
        skipList: new Set(source.skipDatasetIds),
        vocabularies: harvest.vocabularies,
        abilities: unknownAbilities(),
        breaker: harvest.breaker,
        change: await changeDetection(harvest),
        ...(moving.length > 0 && { moving: await movingOf(moving, parts, harvest) }),
        ...(catalogueChange && {
          catalogueChange: (listed, metadata) => catalogueChange(erddapWords(listed, metadata)),
        }),
        datasetTimeoutMs: timeoutSeconds * 1000,
        now: harvest.now,
        folder: harvest.folder,
        signal: harvest.signal,
      }
      return { ask: (listed, listener) => harvestDataset(server, listed, listener) }
    },
  }
}

async function changeDetection({ changes }: SourceHarvest): Promise<ChangeDetection> {
  const memory = changes.mode === 'off' ? null : await changes.memory()
  return {
    mode: changes.mode,
    settleMs: changes.settleMs,
    maxAgeMs: changes.maxAgeMs,
    abilities: new Map(),
    diskViews: memory?.diskViews ?? null,
    known: {
      get(datasetId) {
        const contentHash = changes.knownHash(datasetId)
        if (contentHash === null) return undefined
        return { contentHash, harvestedAt: memory?.harvestedAt(datasetId) ?? null }
      },
    },
  }
}

function movingTypesOf(source: ErddapSource, settings: HarvestSettings): readonly MovingType[] {
  return source.movingPlatforms ?? settings.moving_platforms
}

async function movingOf(
  types: readonly MovingType[],
  { settings }: SourceParts,
  { changes }: SourceHarvest,
): Promise<MovingHarvest> {
  const memory = await changes.memory()
  return movingHarvest({
    types,
    maxRows: settings.moving_max_rows,
    minHours: settings.moving_min_hours,
    harvestedAt: (datasetId) => (changes.isKept(datasetId) ? memory.harvestedAt(datasetId) : null),
  })
}

/** A track as the spool holds it: its times are texts there. */
function readTrack(track: TrackRow): TrackRow {
  return { ...track, time_min: new Date(track.time_min), time_max: new Date(track.time_max) }
}
