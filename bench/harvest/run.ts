/**
 * `npx tsx bench/harvest/run.ts [--runs 3] [--database postgresql://…]`: whole-process time, peak memory and requests of
 * a harvest of look-alike servers. The mix of `mixed` is 40/30/30 TimeSeries/Profile/TimeSeriesProfile, half with depth;
 * TimeSeries are of one station, as is typical, and every other one states its resolution.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from 'csv-parse/sync'
import { measure, median, startDemo } from '../support/process.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, database: { type: 'string' } },
})
const runs = Number(values.runs)
/** What the program that this replaces took on a like machine, for the same kind of server. */
const scenarios = [
  {
    name: '200 datasets, 0 ms',
    args: ['--scale', 'mixed', '--datasets', '200'],
    latency: 0,
    before: { seconds: 15.7, megabytes: 448 },
  },
  {
    name: '200 datasets, 20 ms',
    args: ['--scale', 'mixed', '--datasets', '200', '--latency', '20'],
    latency: 20,
    before: { seconds: 29.6, megabytes: 448 },
  },
  {
    name: '8 datasets, 140,000 profiles',
    args: ['--scale', 'profiles', '--datasets', '8', '--profiles', '140000'],
    latency: 0,
    before: { seconds: 5.4, megabytes: 291 },
  },
]

interface Result {
  name: string
  seconds: number
  megabytes: number
  requests: number
  perDataset: number
  rows: number
  floor: number | null
  before: { seconds: number; megabytes: number }
}

const results: Result[] = []
for (const scenario of scenarios) {
  const demo = await startDemo(scenario.args)
  try {
    const measured: { seconds: number; peakMegabytes: number }[] = []
    let counts = { requests: 0, datasets: 0, rows: 0 }
    // The first run warms the server, which renders its answers once.
    for (let run = 0; run <= runs; run++) {
      const folder = mkdtempSync(join(tmpdir(), 'bench-harvest-'))
      const out = join(folder, 'out')
      const result = await measure(
        [
          'harvest',
          '--url',
          demo.erddap,
          '--ckan-url',
          demo.ckan,
          '--folder',
          out,
          '--force',
          ...(values.database ? [] : ['--no-load']),
          '--log-level',
          'warn',
        ],
        {
          // The same job as the program before: what proof of "unchanged" costs is measured by bench/incremental.
          HARVEST_CONFIG_YAML: 'change_detection: "off"',
          ...(values.database ? { DATABASE_URL: values.database } : {}),
        },
        folder,
      )
      if (result.code !== 0)
        throw new Error(`${scenario.name}: exit ${result.code}\n${result.stdout}\n${result.stderr}`)
      counts = countsOf(out)
      rmSync(folder, { recursive: true, force: true })
      if (run > 0) measured.push(result)
    }
    results.push({
      name: scenario.name,
      seconds: median(measured.map(({ seconds }) => seconds)),
      megabytes: median(measured.map(({ peakMegabytes }) => peakMegabytes)),
      requests: counts.requests,
      perDataset: counts.requests / counts.datasets,
      rows: counts.rows,
      floor: scenario.latency > 0 ? (counts.requests * scenario.latency) / 1000 : null,
      before: scenario.before,
    })
  } finally {
    await demo.stop()
  }
}

console.log(`whole process, median of ${runs}, ${values.database ? 'loading into PostgreSQL' : 'CSVs only'}`)
console.table(
  Object.fromEntries(
    results.map(({ name, seconds, megabytes, requests, perDataset, rows, floor, before }) => [
      name,
      {
        seconds: seconds.toFixed(2),
        'peak MB': Math.round(megabytes),
        requests,
        'requests/dataset': perDataset.toFixed(2),
        profiles: rows,
        'times faster': (before.seconds / seconds).toFixed(1),
        'of requests × latency': floor === null ? '' : (seconds / floor).toFixed(2),
      },
    ]),
  ),
)

function countsOf(out: string): { requests: number; datasets: number; rows: number } {
  const slug = readdirSync(out)[0]!
  const folder = join(out, slug, readdirSync(join(out, slug))[0]!)
  const attempts = parse(readFileSync(join(folder, 'harvest_attempts.csv')), { columns: true }) as {
    query_urls: string
  }[]
  const profiles = readFileSync(join(folder, 'profiles.csv'), 'utf8').split('\n').length - 2
  return {
    requests: attempts.reduce((sum, { query_urls }) => sum + query_urls.split('\n').length, 0),
    datasets: attempts.length,
    rows: profiles,
  }
}
