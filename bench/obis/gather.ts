/** One process of the benchmark: gathers a published file into cells and prints what it cost, as JSON. */
import { createBreaker } from '../../src/http/breaker.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { createObisClient } from '../../src/sources/obis/client.ts'
import { harvestObisDataset } from '../../src/sources/obis/dataset.ts'
import { loadObisFilter } from '../../src/sources/obis/filter.ts'

const [origin = '', cacheDir = '', mode = 'none'] = process.argv.slice(2)
const http = createHttpClient({ gate: { inFlight: 8 } })
const filter = await loadObisFilter({
  mode: mode === 'canada' ? 'canada' : 'none',
  polygonFile: undefined,
  exemptNodeIds: undefined,
  folders: [],
})
let names = 0
let cells = 0
let occurrences = 0
const start = performance.now()
const { outcome, warnings, bytes } = await harvestObisDataset(
  {
    client: createObisClient({
      http,
      apiUrl: `${origin}/v3`,
      parquetUrl: `${origin}/occurrence`,
      cacheDir,
    }),
    filter,
    breaker: createBreaker(),
    datasetTimeoutMs: null,
    signal: new AbortController().signal,
  },
  'bench',
  null,
  {
    async onRows(part) {
      cells += part.length
      for (const cell of part) {
        names += cell.scientific_names?.length ?? 0
        occurrences += cell.n_records ?? 0
      }
    },
  },
)
const ms = performance.now() - start
await http.close()
process.stdout.write(
  JSON.stringify({
    outcome: outcome.status,
    warnings,
    ms,
    cells,
    names,
    occurrences,
    readMb: bytes / 1e6,
    peakMb: process.resourceUsage().maxRSS / 1024,
  }),
)
