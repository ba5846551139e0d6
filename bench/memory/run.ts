/**
 * `npx tsx bench/memory/run.ts [--datasets 20000] [--profiles 2000000]`: peak memory of a whole harvest into CSVs, of a
 * server with many datasets and of one dataset with many profiles. The aim is 250 MB for each.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { countedIn, measure, startDemo } from '../support/process.ts'

const { values } = parseArgs({
  options: {
    datasets: { type: 'string', default: '20000' },
    profiles: { type: 'string', default: '2000000' },
    only: { type: 'string' },
  },
})
const scenarios = {
  datasets: ['--scale', 'mixed', '--datasets', values.datasets],
  profiles: ['--scale', 'profiles', '--datasets', '1', '--profiles', values.profiles],
}
const aimMegabytes = 250
let isMet = true

for (const [name, args] of Object.entries(scenarios)) {
  if (values.only !== undefined && values.only !== name) continue
  const demo = await startDemo(args)
  const folder = mkdtempSync(join(tmpdir(), 'bench-memory-'))
  try {
    const result = await measure(
      ['harvest', '--url', demo.erddap, '--ckan-url', demo.ckan, '--folder', folder, '--no-load'],
      {},
      folder,
    )
    if (result.code !== 0) throw new Error(`${name} ended with ${result.code}\n${result.stderr}`)
    isMet &&= result.peakMegabytes <= aimMegabytes
    const counted = countedIn(result.stdout)
    process.stdout.write(
      `${args.slice(1).join(' ')}: peak ${result.peakMegabytes.toFixed(0)} MB, ${result.seconds.toFixed(0)} s\n  ${counted}\n`,
    )
  } finally {
    await demo.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
process.exitCode = isMet ? 0 : 1
