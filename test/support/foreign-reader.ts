/**
 * A process with little memory that reads one answer of another server, and prints what came of it and the most
 * memory it took.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchCkan } from '../../src/catalogue/client.ts'
import { isHarvesterError } from '../../src/errors.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { ExternalSorter } from '../../src/inventory/sort.ts'
import { createWormsClient } from '../../src/names/client.ts'
import { createErddapClient } from '../../src/sources/erddap/client.ts'
import type { ErddapTable } from '../../src/sources/erddap/types.ts'
import { createObisClient } from '../../src/sources/obis/client.ts'
import { NameTable } from '../../src/sources/obis/occurrences.ts'

const [what = '', url = ''] = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'foreign-reader-'))
const http = createHttpClient()
const { signal } = new AbortController()
const erddap = createErddapClient({ http, baseUrl: url }).scope({})
const worms = createWormsClient({ http, baseUrl: url })
const obis = createObisClient({ http, apiUrl: url, parquetUrl: url, cacheDir: folder })

const readers: Readonly<Record<string, () => Promise<unknown>>> = {
  catalogue: () => fetchCkan(http, url),
  match: () => worms.match(['Gadus morhua'], { signal }),
  vernaculars: () => worms.vernaculars(1, { signal }),
  ancestors: () => worms.ancestors(1, { signal }),
  obis: () => obis.dataset('x', { signal }),
  async occurrences() {
    const names = new NameTable()
    for await (const _ of obis.pages('x', names, { signal }));
  },
  list: () => erddap.listDatasets(),
  metadata: () => erddap.metadata('x'),
  files: () => erddap.filesListing('x'),
  croissant: () => erddap.croissant('x'),
  table: async () => sorted(await erddap.distinct('x', ['id'])),
}

async function sorted(table: ErddapTable | null): Promise<void> {
  const sorter = new ExternalSorter(folder)
  try {
    if (table) for await (const row of table.rows) await sorter.add([row[0]!, 1])
    await sorter.complete()
    for await (const _ of sorter.sorted());
  } finally {
    await sorter.close()
  }
}

let outcome = 'done'
try {
  await readers[what]!()
} catch (error) {
  outcome = isHarvesterError(error) ? error.code : String(error)
}
await http.close()
await rm(folder, { recursive: true })
console.log(JSON.stringify({ outcome, megabytes: process.resourceUsage().maxRSS / 1024 }))
