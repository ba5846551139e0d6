/**
 * What platforms that move cost: `npx tsx bench/tracks/run.ts [--runs 3]`. Drifters, a ship, a glider and a survey are
 * harvested from a look-alike server, each by a process of its own: requests, bytes, time, peak memory and rows. For rows
 * that stand for cells, how well the 10 km hexagons that a portal draws of them agree with those of the records: recall is
 * the share of the records' hexagons that a row is in, precision the share of the rows' hexagons that a record is in.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parse } from 'csv-parse/sync'
import { measure, median } from '../support/process.ts'
import { type Case, cases } from './datasets.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '3' } } })
const runs = Number(values.runs)
/** Edge of the hexagons, metres of EPSG:3857. */
const edge = 10_000

interface Harvest {
  seconds: number
  peakMegabytes: number
  requests: number
  bytes: number
  rows: { latitude: number; longitude: number }[]
}

const server = spawn(
  process.execPath,
  ['--import', 'tsx', fileURLToPath(new URL('./serve.ts', import.meta.url))],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
const [url] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
const table: Record<string, Record<string, string | number>> = {}
try {
  for (const one of cases) {
    // The first run warms the server, which makes its answers once.
    const measured: Harvest[] = []
    for (let run = 0; run <= runs; run++) {
      const harvest = await harvestOf(one.dataset.id)
      if (run > 0) measured.push(harvest)
    }
    const last = measured.at(-1)!
    table[one.name] = {
      seconds: median(measured.map(({ seconds }) => seconds)).toFixed(2),
      'peak MB': Math.round(median(measured.map(({ peakMegabytes }) => peakMegabytes))),
      requests: last.requests,
      kB: Math.round(last.bytes / 1024),
      rows: last.rows.length,
      ...(one.gridded && agreement(one, last.rows)),
    }
  }
} finally {
  server.kill('SIGTERM')
}
console.log(`whole process, median of ${runs}, CSVs only; change detection off`)
console.table(table)

async function harvestOf(id: string): Promise<Harvest> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-tracks-'))
  const out = join(folder, 'out')
  const configuration = {
    erddap_urls: [{ url, dataset_ids: [id] }],
    ckan_url: null,
    moving_platforms: 'all',
    // So that no cell is made coarser: what is measured is the rule itself.
    moving_max_rows: 50_000,
    change_detection: 'off',
    folder: out,
  }
  try {
    const { seconds, peakMegabytes, code, stdout, stderr } = await measure(
      ['harvest', '--no-load', '--force', '--log-level', 'warn'],
      { HARVEST_CONFIG_YAML: JSON.stringify(configuration) },
      folder,
    )
    if (code !== 0) throw new Error(`${id}: exit ${code}\n${stdout}\n${stderr}`)
    const slug = readdirSync(out)[0]!
    const read = <T>(name: string) =>
      parse(readFileSync(join(out, slug, readdirSync(join(out, slug))[0]!, `${name}.csv`)), {
        columns: true,
      }) as T[]
    const [attempt] = read<{ status: string; query_urls: string }>('harvest_attempts')
    if (attempt?.status !== 'success') throw new Error(`${id}: ${attempt?.status}\n${stdout}`)
    const urls = attempt.query_urls.split('\n')
    return {
      seconds,
      peakMegabytes,
      requests: urls.length,
      bytes: await bytesOf(urls),
      rows: read<{ latitude: string; longitude: string }>('profiles').map(({ latitude, longitude }) => ({
        latitude: Number(latitude),
        longitude: Number(longitude),
      })),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Of the answers' bodies as they are, before compression. */
async function bytesOf(urls: readonly string[]): Promise<number> {
  let sum = 0
  for (const asked of urls) sum += (await (await fetch(encodeURI(asked))).arrayBuffer()).byteLength
  return sum
}

function agreement({ dataset }: Case, rows: Harvest['rows']): { recall: string; precision: string } {
  const column = (name: string) => dataset.variables.findIndex((variable) => variable.name === name)
  const [latitude, longitude] = [column('latitude'), column('longitude')]
  const records = new Set<string>()
  for (const row of dataset.rows()) {
    const [north, east] = [Number(row[latitude]), Number(row[longitude])]
    if (Number.isFinite(north) && Number.isFinite(east)) records.add(hexagon(north, east))
  }
  const cells = new Set(rows.map((row) => hexagon(row.latitude, row.longitude)))
  const common = [...cells].filter((cell) => records.has(cell)).length
  return { recall: (common / records.size).toFixed(2), precision: (common / cells.size).toFixed(2) }
}

/** The hexagon of `ST_HexagonGrid` that a position is in: the nearer of the centres of two neighbouring columns. */
function hexagon(latitude: number, longitude: number): string {
  const radius = 6_378_137
  const x = (longitude * Math.PI * radius) / 180
  const y = radius * Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360))
  const step = 1.5 * edge
  const height = edge * Math.sqrt(3)
  let best = ''
  let nearest = Number.POSITIVE_INFINITY
  const left = Math.floor(x / step)
  for (const i of [left, left + 1]) {
    const raised = Math.abs(i % 2) * 0.5
    const j = Math.round(y / height - raised)
    const distance = (x - step * i) ** 2 + (y - height * (j + raised)) ** 2
    if (distance < nearest) {
      nearest = distance
      best = `${i} ${j}`
    }
  }
  return best
}
