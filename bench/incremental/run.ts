/**
 * `npx tsx bench/incremental/run.ts [--datasets 2000] [--database postgresql://…]`: a first harvest of a server and a
 * second one after 1 % of its datasets changed: requests, bytes and time, as ratios. Without `--database` the embedded
 * engine is used, whose start (some seconds) is in both times.
 *
 * Two servers: one of small datasets (9 profile rows on average; 40/30/30 TimeSeries/Profile/TimeSeriesProfile, half
 * with depth), where the metadata, which must be asked in any case, are most of the bytes; and one of 500 casts a
 * dataset, where the data are.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { countedIn, measure, startDemo } from '../support/process.ts'

const { values } = parseArgs({
  options: {
    datasets: { type: 'string', default: '2000' },
    database: { type: 'string' },
    only: { type: 'string' },
  },
})
const datasets = Number(values.datasets)
const changedEvery = 100
/** What the program that this replaces asks of each dataset, at its first and at every run. */
const requestsBefore = 3.9

interface Statistics {
  requests: number
  bytes: number
}

const servers = {
  small: ['--scale', 'mixed', '--datasets', String(datasets)],
  large: ['--scale', 'profiles', '--datasets', String(datasets / 10), '--profiles', String(datasets * 50)],
}
for (const [name, args] of Object.entries(servers)) {
  if (values.only !== undefined && values.only !== name) continue
  process.stdout.write(`\n${args.slice(1).join(' ')}\n`)
  await compare(args, name === 'large' ? datasets / 10 : datasets)
}

async function compare(args: readonly string[], count: number): Promise<void> {
  const demo = await startDemo(args)
  const folder = mkdtempSync(join(tmpdir(), 'bench-incremental-'))
  const ask = async (path: string) => (await (await fetch(new URL(path, demo.erddap))).json()) as Statistics

  async function harvest(name: string) {
    await ask('/demo-reset')
    const result = await measure(
      ['harvest', '--url', demo.erddap, '--ckan-url', demo.ckan, '--folder', join(folder, 'harvest')],
      values.database === undefined ? {} : { DATABASE_URL: values.database },
      folder,
    )
    if (result.code !== 0)
      throw new Error(`${name} ended with ${result.code}\n${result.stderr}\n${result.stdout}`)
    const { requests, bytes } = await ask('/demo-statistics')
    const counted = countedIn(result.stdout)
    // The list is one request, whatever the number of datasets.
    return { name, ...result, requests: requests - 1, bytes, counted }
  }

  try {
    const first = await harvest('first')
    await ask(`/demo-touch?every=${changedEvery}`)
    const second = await harvest('second')
    for (const { name, requests, bytes, seconds, peakMegabytes, counted } of [first, second])
      process.stdout.write(
        `${name.padEnd(7)} ${requests} requests (${(requests / count).toFixed(2)} a dataset), ${(bytes / 1e6).toFixed(2)} MB, ${seconds.toFixed(1)} s, peak ${peakMegabytes.toFixed(0)} MB\n        ${counted}\n`,
      )
    // Those that changed are asked as at first, without the second manifest: they are too young for a fingerprint.
    const changed = Math.ceil(count / changedEvery)
    const unchanged = (second.requests - (first.requests / count - 1) * changed) / (count - changed)
    const lines = [
      `${unchanged.toFixed(2)} requests an unchanged dataset (aim: at most 2.2)`,
      `requests: ${(second.requests / first.requests).toFixed(2)} of the first harvest, ${(second.requests / (requestsBefore * count)).toFixed(2)} of today's program`,
      `bytes: ${(second.bytes / first.bytes).toFixed(3)} of the first harvest (aim: 0.1)`,
      `time: ${(second.seconds / first.seconds).toFixed(2)} of the first harvest`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  } finally {
    await demo.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
