/** OBIS as a kind of source: its datasets are named by the configuration, their occurrences become cells. */

import { join } from 'node:path'
import type { ObisSource } from '../../config/source.ts'
import { isYoung } from '../../rules/evidence/index.ts'
import {
  matchObisCkan,
  type ObisDescription,
  obisRecord,
  obisRulesVersion,
} from '../../rules/obis-dataset.ts'
import { amount } from '../../text.ts'
import type { Listed, OpenSource, SourceKind, SourceParts } from '../kind.ts'
import { phaseOf } from '../phase.ts'
import { createObisClient } from './client.ts'
import { harvestObisDataset, type ObisHarvest } from './dataset.ts'
import { loadObisFilter, type ObisFilter } from './filter.ts'

/** Datasets at once: each may hold some hundred megabytes while its occurrences are gathered. */
const datasetsAtOnce = 2
/** Requests in flight to the API, and to the store of the files, whose columns are read side by side. */
const apiRequests = 2
const fileRequests = 8

export const obisKind: SourceKind<ObisSource, Listed, ObisDescription> = {
  type: 'obis',
  rulesVersion: obisRulesVersion,
  dataMark: null,
  listing: null,
  isPatient: false,
  isAnywhere: false,
  wait: null,
  limitedTo: () => null,
  runSlug: ({ slug }) => slug,
  open,
  matchCatalogue: (records, _source, datasetIds) => matchObisCkan(records, datasetIds),
  record: ({ rows, ...facts }) => obisRecord({ ...facts, cells: rows }),
  async check({ datasetIds }, { http, settings }, { signal, timeoutMs }) {
    const { obis_api_url: apiUrl } = settings
    await http.text({ url: `${apiUrl}/dataset?size=1`, signal, timeouts: { totalMs: timeoutMs } })
    return { found: `${apiUrl} answers, ${amount(datasetIds.length, 'dataset')} asked for`, doubt: null }
  },
  async judgeSettings(parts, isUsed) {
    if (isUsed || parts.settings.obis_geo_filter?.polygon_file !== undefined) await filterOf(parts)
  },
}

/** @throws HarvesterError CONFIG_INVALID, CONFIG_NOT_FOUND */
function filterOf({
  settings,
  configFolders,
}: Pick<SourceParts, 'settings' | 'configFolders'>): Promise<ObisFilter> {
  const filter = settings.obis_geo_filter
  return loadObisFilter({
    mode: filter?.mode ?? 'canada',
    polygonFile: filter?.polygon_file,
    exemptNodeIds: filter?.exempt_node_ids,
    folders: configFolders,
  })
}

function open(source: ObisSource, parts: SourceParts): OpenSource<Listed, ObisDescription> {
  const { http, settings, cacheFolder } = parts
  http.gate?.limit(new URL(settings.obis_api_url).host, { inFlight: apiRequests })
  http.gate?.limit(new URL(settings.obis_parquet_url).host, { inFlight: fileRequests })
  const client = createObisClient({
    http,
    apiUrl: settings.obis_api_url,
    parquetUrl: settings.obis_parquet_url,
    cacheDir: settings.obis_folder ?? join(cacheFolder, 'obis'),
  })
  return {
    workers: datasetsAtOnce,
    list: async () => [...new Set(source.datasetIds)].map((datasetId) => ({ datasetId })),
    addressOf: (datasetId) => client.datasetUrl(datasetId),
    async asker({ changes, catalogueChange, breaker, now, signal }) {
      const harvest: ObisHarvest = {
        client,
        filter: await filterOf(parts),
        breaker,
        datasetTimeoutMs: settings.timeouts.dataset_seconds * 1000,
        ...(catalogueChange && { catalogueChange }),
        signal,
      }
      const known = changes.mode === 'off' ? null : await changes.memory()
      const isYoungEnough = (datasetId: string) =>
        known !== null &&
        isYoung(
          { harvestedMs: known.harvestedAt(datasetId) },
          { now, maxAgeMs: changes.maxAgeMs, phase: phaseOf(datasetId) },
        )
      return {
        ask({ datasetId }, listener) {
          const knownHash = isYoungEnough(datasetId) ? changes.knownHash(datasetId) : null
          return harvestObisDataset(harvest, datasetId, knownHash, listener)
        },
      }
    },
  }
}
