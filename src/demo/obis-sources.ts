/** The demo's biology: OBIS and WoRMS on loopback, known by fixed addresses. */

import { type ObisServer, startObis } from './obis.ts'
import { demoObisDatasets } from './obis-datasets.ts'
import { startWorms, type WormsServer } from './worms.ts'
import { demoSynonyms, demoTaxa } from './worms-taxa.ts'

/** Addresses as they are configured, whatever ports the servers listen on. */
const demoBiologyUrls = {
  obisApi: 'https://api.obis.demo.example/v3',
  obisParquet: 'https://obis-open-data.demo.example/occurrence',
  worms: 'https://worms.demo.example',
} as const

export interface DemoBiology {
  /** For `obis_dataset_ids`, `obis_api_url`, `obis_parquet_url` and `worms_url` of a configuration. */
  settings: {
    obis_dataset_ids: string[]
    obis_api_url: string
    obis_parquet_url: string
    worms_url: string
  }
  /** Fixed origin → origin on loopback. */
  routes: Map<string, string>
  obis: ObisServer
  worms: WormsServer
  close: () => Promise<void>
}

export async function startDemoBiology(
  options: { host?: string; port?: number; latencyMs?: number } = {},
): Promise<DemoBiology> {
  const { port = 0, ...common } = options
  const datasets = demoObisDatasets()
  const obis = await startObis({ ...common, port, datasets })
  const worms = await startWorms({
    ...common,
    port: port === 0 ? 0 : port + 1,
    taxa: demoTaxa,
    synonyms: demoSynonyms,
  }).catch(async (error: unknown) => {
    await obis.close()
    throw error
  })
  return {
    settings: {
      obis_dataset_ids: datasets.map(({ id }) => id),
      obis_api_url: demoBiologyUrls.obisApi,
      obis_parquet_url: demoBiologyUrls.obisParquet,
      worms_url: demoBiologyUrls.worms,
    },
    routes: new Map([
      [new URL(demoBiologyUrls.obisApi).origin, obis.origin],
      [new URL(demoBiologyUrls.obisParquet).origin, obis.origin],
      [new URL(demoBiologyUrls.worms).origin, worms.origin],
    ]),
    obis,
    worms,
    close: async () => {
      await Promise.all([obis.close(), worms.close()])
    },
  }
}
