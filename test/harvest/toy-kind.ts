/** A kind of source as small as can be: buoys in a text file, a line each. What a new kind costs is what stands here. */

import { readFile } from 'node:fs/promises'
import { type TableRow, tableColumns } from '../../src/inventory/contract.ts'
import { harvested, unchanged } from '../../src/rules/attempt.ts'
import type { DatasetAsker, Listed, SourceKind } from '../../src/sources/index.ts'

type Toy = { url: string; slug: string; file: string }
type Buoy = [id: string, title: string, latitude: string, longitude: string, time: string]

async function read(file: string): Promise<Buoy[]> {
  return (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(';') as Buoy)
}

const asker = (file: string, knownHash: (id: string) => string | null): DatasetAsker => ({
  async ask({ datasetId }, { onRows }) {
    const line = (await read(file)).find(([id]) => id === datasetId)!
    const [id, title, latitude, longitude, time] = line
    const about = { title, organizations: [] }
    const rest = {
      passing: null,
      warnings: [],
      remedies: [],
      about,
      queryUrls: [file],
      requests: 1,
      bytes: 0,
    }
    const hash = line.join()
    if (knownHash(id) === hash) return { ...rest, outcome: unchanged(), harvested: null, verified: true }
    const at = new Date(time)
    await onRows([
      { timeseries_id: id, latitude: +latitude, longitude: +longitude, time_min: at, time_max: at },
    ])
    const content = { hash, reason: null }
    const found = { rows: 1, description: { title }, content }
    return { ...rest, outcome: harvested(), harvested: found, verified: false }
  },
})

export const toyKind: Omit<SourceKind<Toy & never, Listed, { title: string }>, 'type'> = {
  rulesVersion: 1,
  dataMark: null,
  listing: {
    unreadableRemedy: 'Write it.',
    empty: 'no buoys',
    emptyRemedy: 'Add one.',
    shortRemedy: 'Wait.',
  },
  isPatient: false,
  isAnywhere: false,
  wait: null,
  limitedTo: () => null,
  runSlug: ({ slug }: Toy) => `toy-${slug}`,
  open: ({ url, file }: Toy) => ({
    workers: 1,
    list: async () => (await read(file)).map(([datasetId]) => ({ datasetId })),
    addressOf: (datasetId) => `${url}/buoy/${datasetId}`,
    asker: async ({ changes }) => asker(file, changes.knownHash) as DatasetAsker<Listed, { title: string }>,
  }),
  matchCatalogue: () => ({ records: new Map(), warnings: new Map() }),
  check: async ({ file }: Toy) => ({ found: `${(await read(file)).length} buoys`, doubt: null }),
  record: ({ erddapUrl, datasetId, description, rows, content, harvestedAt }) => ({
    warnings: [],
    record: {
      ...nothing,
      erddap_url: erddapUrl,
      dataset_id: datasetId,
      cdm_data_type: 'TimeSeries',
      title: description.title,
      n_profiles: rows,
      source_type: 'toy' as never,
      content_hash: content.hash,
      verified_at: harvestedAt,
    },
  }),
}

/** A row of datasets.csv that says nothing. */
const nothing = Object.fromEntries(
  tableColumns.datasets.map((name) => [name, null]),
) as unknown as TableRow<'datasets'>
