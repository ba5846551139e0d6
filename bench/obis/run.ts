/**
 * What it costs to gather occurrences into cells: `npx tsx bench/obis/run.ts [--rows 5000000] [--repeat 3]`.
 *
 * A parquet file as OBIS publishes them is served by ranges on loopback and gathered by a process of its own, compiled
 * as the program is, with the thread that it starts, without and with the geographic filter; DuckDB makes the same cells from the same file on the disk, with as many threads as
 * there are processors, in the same run. The cells, names and occurrences of both must be equal. The point-in-polygon
 * test is measured by itself. Aims: at most 1.4 times the time of DuckDB, at most 300 MB, a million points a second.
 */

import { execFile } from 'node:child_process'
import { createReadStream, statSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import Table from 'cli-table3'
import { build } from 'esbuild'
import { parseShape } from '../../src/rules/obis-geometry.ts'
import { PolygonRegion } from '../../src/rules/obis-region.ts'
import { coarseOutlineFile } from '../../src/sources/obis/filter.ts'
import { aggregateByDuckDb, generateOccurrences } from './generate.ts'

interface Gathered {
  outcome: string
  warnings: string[]
  ms: number
  cells: number
  names: number
  occurrences: number
  readMb: number
  peakMb: number
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    repeat: { type: 'string', default: '3' },
  },
})
const rows = Number(values.rows)
const repeat = Number(values.repeat)
const run = promisify(execFile)
const folder = await mkdtemp(join(tmpdir(), 'harvester-bench-obis-'))
const file = join(folder, 'bench.parquet')
const root = fileURLToPath(new URL('../..', import.meta.url))
/** Within the package, whose files it looks for. */
const script = join(root, 'dist', 'bench-obis-gather.js')

await run(process.execPath, [join(root, 'scripts/build.mjs'), '--program'])
process.stdout.write(`making ${rows} occurrences …\n`)
await generateOccurrences(file, rows)
const size = statSync(file).size
const server = createServer((request, response) => {
  if (request.url?.startsWith('/v3/dataset/')) {
    response.end(JSON.stringify({ results: [{ id: 'bench', title: 'Bench', institutes: [], nodes: [] }] }))
    return
  }
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' ? size - 1 : Math.min(size - 1, Number(last))
  response.writeHead(206, {
    'Content-Range': `bytes ${start}-${end}/${size}`,
    'Content-Length': end - start + 1,
    ETag: '"bench"',
  })
  createReadStream(file, { start, end, highWaterMark: 256 * 1024 }).pipe(response)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

try {
  await build({
    entryPoints: [fileURLToPath(new URL('./gather.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  const table = new Table({
    head: ['', 'best s', 'all s', 'peak MB', 'read MB', 'cells', 'names', 'to DuckDB'],
  })
  const best = (all: { ms: number }[]) => Math.min(...all.map(({ ms }) => ms)) / 1000
  const times = (all: { ms: number }[]) => all.map(({ ms }) => (ms / 1000).toFixed(1)).join(' ')

  const duck: Awaited<ReturnType<typeof aggregateByDuckDb>>[] = []
  const ours: Gathered[] = []
  const filtered: Gathered[] = []
  // Taken in turns, so that a busy moment of the machine is not one side's alone.
  for (let nth = 0; nth < repeat; nth += 1) {
    duck.push(await aggregateByDuckDb(file, availableParallelism()))
    ours.push(await gather('none', nth))
    filtered.push(await gather('canada', nth))
  }
  const [reference] = duck
  for (const one of ours)
    if (
      one.outcome !== 'success' ||
      one.cells !== reference!.cells ||
      one.names !== reference!.names ||
      one.occurrences !== reference!.occurrences
    )
      throw new Error(`the cells differ: ${JSON.stringify({ one, reference })}`)
  const ratio = (all: { ms: number }[]) => `${(best(all) / best(duck)).toFixed(2)} ×`
  const peak = (all: Gathered[]) => Math.round(Math.max(...all.map(({ peakMb }) => peakMb)))
  table.push(
    [
      'DuckDB, from the disk',
      best(duck).toFixed(1),
      times(duck),
      '',
      '',
      reference!.cells,
      reference!.names,
      '1 ×',
    ],
    [
      'harvester, by ranges',
      best(ours).toFixed(1),
      times(ours),
      peak(ours),
      Math.round(ours[0]!.readMb),
      ours[0]!.cells,
      ours[0]!.names,
      ratio(ours),
    ],
    [
      'with the region',
      best(filtered).toFixed(1),
      times(filtered),
      peak(filtered),
      Math.round(filtered[0]!.readMb),
      filtered[0]!.cells,
      filtered[0]!.names,
      ratio(filtered),
    ],
  )
  process.stdout.write(`${rows} occurrences, file of ${Math.round(size / 1e6)} MB\n${table.toString()}\n`)
  await polygons()
} finally {
  server.close()
  server.closeAllConnections()
  await rm(script, { force: true })
  await rm(folder, { recursive: true, force: true })
}

async function gather(mode: string, nth: number): Promise<Gathered> {
  const cache = join(folder, `cache-${mode}-${nth}`)
  const { stdout } = await run(process.execPath, [script, origin, cache, mode])
  await rm(cache, { recursive: true, force: true })
  return JSON.parse(stdout) as Gathered
}

/** Points in polygon a second: the coarse outline, and one of 100,000 corners. */
async function polygons(): Promise<void> {
  const coarse = parseShape(await readFile(coarseOutlineFile, 'utf8'))
  const corners = 100_000
  const fine = {
    polygons: [
      [
        Array.from({ length: corners }, (_, at): [number, number] => {
          const angle = (2 * Math.PI * at) / corners
          const radius = 20 + 3 * Math.sin(40 * angle) + 0.05 * Math.sin(1700 * angle)
          return [-90 + 2 * radius * Math.cos(angle), 60 + radius * Math.sin(angle)]
        }),
      ],
    ],
  }
  for (const [name, shape] of [
    ['coarse outline', coarse],
    ['100,000 corners with bays of some kilometres', fine],
  ] as const) {
    const region = new PolygonRegion(shape)
    const points = 2_000_000
    let state = 1
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    let inside = 0
    const start = performance.now()
    for (let at = 0; at < points; at++)
      if (region.contains(-140 + 100 * random(), 40 + 45 * random())) inside += 1
    const seconds = (performance.now() - start) / 1000
    process.stdout.write(
      `point in polygon, ${name}: ${(points / seconds / 1e6).toFixed(1)} million a second (${Math.round((100 * inside) / points)} % inside)\n`,
    )
  }
}
