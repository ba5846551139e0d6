/**
 * `npm run soak -- --minutes 120`: one process for hours, harvesting without a pause and by a schedule of every minute, with
 * faults sprinkled over its wires; then whether anything grows. Needs what test/services needs.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { afterNextRun } from '../faults/invariants.ts'
import { wireFaults } from '../faults/proxy.ts'
import { type Engine, engines, openSite, type Site } from '../faults/site.ts'
import { createWorld, type World } from '../faults/world.ts'
import { seededNumbers } from '../support/loader-process.ts'
import { heldBy } from '../support/process-tree.ts'
import { type Measure, type Sample, slopesOf } from './slopes.ts'

const help = `npm run soak -- [options]

  --minutes N           how long (120)
  --engine NAME         standalone (harvester start) or prefect (harvester worker)
  --fault-every SECONDS mean pause between two faults (45); 0 for none
  --seed N              which faults, when (1)
`
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '120' },
    engine: { type: 'string', default: 'standalone' },
    'fault-every': { type: 'string', default: '45' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
const sampleSeconds = 5
const faultSeconds = 3
const patienceSeconds = 600

const measures: readonly Measure[] = [
  { name: 'memory', unit: 'MB', tolerance: { absolute: 12, share: 0.1 } },
  { name: 'handles', unit: '', tolerance: { absolute: 4, share: 0.1 } },
  { name: 'sockets', unit: '', tolerance: { absolute: 3, share: 0.1 } },
  { name: 'database connections', unit: '', tolerance: { absolute: 2, share: 0.1 } },
  { name: 'temporary files', unit: '', tolerance: { absolute: 2, share: 0 } },
  { name: 'run folders', unit: '', tolerance: { absolute: 2, share: 0.1 } },
]
/** Below the number that a soak of minutes makes, so that what keeps them down is seen at work. */
const foldersMost = 12

process.exitCode = await main()

async function main(): Promise<number> {
  if (values.help) {
    say(help)
    return 0
  }
  const seconds = Number(values.minutes) * 60
  const engine = values.engine as Engine
  if (!(seconds > 0) || !engines.includes(engine)) throw new Error(help)
  const world = await createWorld(say)
  const site = await openSite(world, {
    engine,
    databaseName: await world.copyDatabase(),
    name: 'soak',
    settings: { retention: { folders: 5, folders_most: foldersMost } },
    env: { HARVESTER_CRON: '* * * * *' },
  })
  try {
    await site.program.start()
    return await soak(world, site, seconds)
  } finally {
    await site.close()
    await world.close()
  }
}

async function soak(world: World, site: Site, seconds: number): Promise<number> {
  const began = Date.now()
  const elapsed = () => (Date.now() - began) / 1000
  const samples: Sample[] = []
  const states = new Map<string, number>()
  const findings: string[] = []
  const faults = { count: 0, hits: 0 }
  const ending = new AbortController()
  const loops = [
    repeat(ending.signal, sampleSeconds, async () => {
      const values = await sample(world, site)
      if (values === null) findings.push(`the process ended after ${Math.round(elapsed())} s`)
      else samples.push({ at: elapsed(), values })
      if (samples.length % 24 === 1) say(`${Math.round(elapsed())} s: ${shown(values ?? {})}`)
    }),
    sprinkle(world, ending.signal, faults),
    harvests(site, ending.signal, states, findings),
  ]
  while (elapsed() < seconds && findings.length === 0) await sleep(500)
  ending.abort()
  await Promise.all(loops)
  await world.heal()
  const last = await site.trigger({ force: true })
  findings.push(...(await afterNextRun(world, site, last, await site.ended(last, patienceSeconds))))
  const scheduled = await site.openRuns()
  if (scheduled.length === 0 && (await site.program.stop()) !== 0)
    findings.push('the process did not end with 0')
  return verdict(samples, states, faults, findings)
}

/** One after the other; every third one harvests all. Ends with the run that is at work. */
async function harvests(
  site: Site,
  signal: AbortSignal,
  states: Map<string, number>,
  findings: string[],
): Promise<void> {
  for (let n = 0; !signal.aborted; n++)
    try {
      const run = await site.trigger({ force: n % 3 === 0 })
      const { type } = await site.ended(run, patienceSeconds)
      states.set(type, (states.get(type) ?? 0) + 1)
    } catch (error) {
      findings.push(error instanceof Error ? error.message : String(error))
      return
    }
}

async function sprinkle(
  world: World,
  signal: AbortSignal,
  told: { count: number; hits: number },
): Promise<void> {
  const random = seededNumbers(Number(values.seed))
  const mean = Number(values['fault-every'])
  if (mean <= 0) return
  const wires = Object.values(world.wires).filter((wire) => wire !== null)
  while (!signal.aborted) {
    await sleep((0.5 + random()) * mean * 1000, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const wire = wires[Math.floor(random() * wires.length)]!
    await wire.set(wireFaults[Math.floor(random() * wireFaults.length)]!)
    await sleep(faultSeconds * 1000)
    told.count += 1
    told.hits += wire.hits()
    await wire.set(null)
  }
}

async function sample(world: World, site: Site): Promise<Record<string, number> | null> {
  const held = heldBy(site.program.pids()[0] ?? 0)
  if (held === null) return null
  const { rows } = await world.postgres.execute(
    'postgres',
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = '${site.databaseName}' AND client_port IS NOT NULL`,
  )
  const { complete, other } = site.folders()
  return {
    memory: held.megabytes,
    handles: held.handles,
    sockets: held.sockets,
    'database connections': (rows[0] as { n: number }).n,
    // At most one run of the source is at work.
    'temporary files': readdirSync(join(site.folder, 'tmp')).length + Math.max(0, other.length - 1),
    'run folders': complete.length,
  }
}

function verdict(
  samples: readonly Sample[],
  states: ReadonlyMap<string, number>,
  faults: { count: number; hits: number },
  findings: readonly string[],
): number {
  const minutes = Math.round((samples.at(-1)?.at ?? 0) / 6) / 10
  const runs = [...states].map(([type, n]) => `${n} ${type}`).join(', ')
  say(
    `${minutes} minutes, triggered runs: ${runs}; ${faults.count} faults that met ${faults.hits} pieces or connections`,
  )
  const slopes = slopesOf(samples, measures)
  say(
    `${'measure'.padEnd(22)} ${'first'.padStart(8)} ${'median'.padStart(8)} ${'last'.padStart(8)} ${'an hour'.padStart(9)} ${'growth'.padStart(8)} ${'tolerated'.padStart(10)}`,
  )
  for (const { name, unit, first, median, last, perHour, growth, tolerated, grows } of slopes) {
    const numbers = [
      [first, 8],
      [median, 8],
      [last, 8],
      [perHour, 9],
      [growth, 8],
      [tolerated, 10],
    ].map(([value, width]) => value!.toFixed(1).padStart(width!))
    say(`${`${name}${unit && ` (${unit})`}`.padEnd(22)} ${numbers.join(' ')}  ${grows ? 'GROWS' : 'flat'}`)
  }
  for (const finding of findings) say(`FOUND ${finding.slice(0, 500)}`)
  const isGood = findings.length === 0 && slopes.every(({ grows }) => !grows)
  say(isGood ? 'flat, and the index is what it must be' : 'not well')
  return isGood ? 0 : 1
}

async function repeat(signal: AbortSignal, seconds: number, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work()
    await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined)
  }
}

function shown(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${Math.round(value)}`)
    .join(', ')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
