/** One round of a cell: a harvest that is disturbed at a moment that the seed draws, then one that is not. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededNumbers } from '../support/loader-process.ts'
import { waitUntil } from '../support/prefect.ts'
import type { Cell, Fault, Part } from './cells.ts'
import { abandonedFolders, afterFault, afterNextRun } from './invariants.ts'
import { type Engine, openSite, type RunState, type Site } from './site.ts'
import type { World } from './world.ts'

export interface Outcome {
  part: Part
  fault: Fault
  seed: number
  engine: Engine
  moment: string
  /** Of the disturbed run. */
  state: string
  seconds: number
  /** Pieces and connections that the fault met, for faults of a wire. */
  hits: number | null
  findings: string[]
  /** ISO time. */
  at: string
}

export interface RoundOptions {
  seed: number
  /** @default drawn */
  engine?: Engine | undefined
  seconds: number
  stopSeconds: number
  /** How long a disturbed run may take to end; the time of the fault comes on top. */
  patienceSeconds: number
  /** Where the log of a round that found something is kept. */
  logs: string
}

export async function runRound(world: World, cell: Cell, options: RoundOptions): Promise<Outcome> {
  const { seed, seconds, stopSeconds } = options
  const random = seededNumbers(seed)
  const drawn: Engine = random() < 0.5 ? 'standalone' : 'prefect'
  const engine = cell.engine ?? options.engine ?? drawn
  const moment = drawMoment(random, cell.during ?? 'run')
  const began = Date.now()
  const findings: string[] = []
  const name = `${cell.part}-${cell.fault}-${seed}`
  const site = await openSite(world, { engine, databaseName: await world.copyDatabase(), name, ...cell.site })
  let state: RunState = { type: 'never started', message: '' }
  let hits: number | null = null
  const disturb = () => cell.disturb({ world, site, random, seconds, stopSeconds })
  try {
    await site.program.start()
    const from = world.requests()
    let disturbing = moment.kind === 'start' ? disturb() : null
    const run = await site.trigger()
    await reach(world, site, moment, from, run)
    disturbing ??= disturb()
    await disturbing
    hits = (cell.wire && world.wires[cell.wire]?.hits()) ?? null
    await waitUntil('the database', async () => (await site.database.query('SELECT 1')).rows.length === 1)
    if (!site.program.running) {
      findings.push(`the process ended: ${site.program.output().slice(-500)}`)
      await site.program.start()
    }
    state = await site.ended(run, options.patienceSeconds)
    findings.push(...(await afterFault(world, site, run, state)))
    if (isWithoutCatalogue(site)) await sleep(cataloguePauseMs)
    const next = await site.trigger()
    const nextState = await site.ended(next, options.patienceSeconds)
    findings.push(...(await afterNextRun(world, site, next, nextState)))
    const code = await site.program.stop()
    if (code !== 0) findings.push(`the process ended with ${code} when it was asked to stop`)
    findings.push(...(await abandonedFolders(site)))
  } catch (error) {
    findings.push(error instanceof Error ? error.message : String(error))
  } finally {
    await world.heal()
    await site.close()
  }
  if (findings.length > 0) {
    mkdirSync(options.logs, { recursive: true })
    copyFileSync(join(world.folder, `${name}.log`), join(options.logs, `${name}.log`))
  }
  return {
    part: cell.part,
    fault: cell.fault,
    seed,
    engine,
    moment: moment.text,
    state: state.type,
    seconds: (Date.now() - began) / 1000,
    hits,
    findings,
    at: new Date(began).toISOString(),
  }
}

/** After a failure the catalogue is left alone for a minute; a run within it goes without. */
const cataloguePauseMs = 65_000

function isWithoutCatalogue(site: Site): boolean {
  const last = site.folders().complete.at(-1)
  return last !== undefined && !existsSync(join(last, 'ckan.csv'))
}

type Moment = { kind: 'start' | 'harvest' | 'load'; share: number; text: string }

/** Two of three in the harvest, one in the load; the share of each is even. */
function drawMoment(random: () => number, during: NonNullable<Cell['during']>): Moment {
  const kind = random() < 2 / 3 || during === 'harvest' ? 'harvest' : 'load'
  // Late enough to be in it, early enough to meet what is left of it.
  const share = during === 'harvest' ? random() * 0.9 : random()
  if (during === 'start') return { kind: 'start', share: 0, text: 'from the start' }
  return { kind, share, text: `at ${Math.round(share * 100)} % of the ${kind}` }
}

/** Waits for the moment, or for the end of the run if that comes first. */
async function reach(world: World, site: Site, moment: Moment, from: number, run: string): Promise<void> {
  if (moment.kind === 'start') return
  const { requests, loadSeconds } = world.calm
  const isThere = () =>
    moment.kind === 'harvest'
      ? world.requests() - from >= moment.share * requests
      : site.folders().complete.length > 0
  for (let looks = 0; !isThere(); looks++) {
    // Asking is not free: the moment is looked for often, the end seldom.
    if (looks % 50 === 49 && (await site.stateOf(run).then((state) => state?.type)) === 'COMPLETED') return
    await sleep(10)
  }
  if (moment.kind === 'load') await sleep(moment.share * loadSeconds * 1000)
}
