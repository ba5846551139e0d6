/**
 * `npm run test:faults`: real parts × faults. Without arguments a subset that changes from day to day, within a budget.
 * `npm run test:faults -- --help` says the rest.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { seededNumbers } from '../support/loader-process.ts'
import { type Cell, cells, isCell, matrix } from './cells.ts'
import { writeReport } from './report.ts'
import { type Outcome, runRound } from './run-cell.ts'
import { type Engine, engines } from './site.ts'
import { createWorld } from './world.ts'

const help = `npm run test:faults -- [options]

  --all               every cell, each --times, a stop lasting 60 s; without a budget
  --cell PART/FAULT   only this cell (may be repeated); PART alone means its row, /FAULT its column
  --times N           rounds of each cell (3)
  --seed N            seed of the first round of each cell, the next ones have N+1, N+2… (drawn by day and cell)
  --engine NAME       standalone or prefect, where a cell does not say; drawn otherwise
  --budget SECONDS    begin no cell after this time (270; with --all or --cell none)
  --fault-seconds N   how long a fault lasts (6)
  --stop-seconds N    how long a stop lasts (8; with --all 60)
  --patience N        seconds that a disturbed run may take to end (300)
  --report            write the table into docs/reliability.md, from the last rounds of each cell
  --report-only       that alone
  --list              the cells, and why some are none
`
const root = resolve(import.meta.dirname, '../..')
const results = join(root, 'test-results/faults.jsonl')

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    cell: { type: 'string', multiple: true, default: [] },
    times: { type: 'string', default: '3' },
    seed: { type: 'string' },
    engine: { type: 'string' },
    budget: { type: 'string' },
    'fault-seconds': { type: 'string', default: '6' },
    'stop-seconds': { type: 'string' },
    patience: { type: 'string', default: '300' },
    report: { type: 'boolean', default: false },
    'report-only': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
process.exitCode = await main()

async function main(): Promise<number> {
  if (values.help) {
    say(help)
    return 0
  }
  if (values.list) {
    for (const cell of matrix)
      say(`${cell.part}/${cell.fault}: ${isCell(cell) ? cell.what : `none: ${cell.reason}`}`)
    return 0
  }
  const times = number('times', values.times, 1)
  const report = () => writeReport(join(root, 'docs/reliability.md'), readResults(), times)
  if (values['report-only']) {
    report()
    return 0
  }
  const engine = values.engine as Engine | undefined
  if (engine !== undefined && !engines.includes(engine)) throw new Error(`--engine: ${engines.join(' or ')}`)
  const today = Math.floor(Date.now() / 86_400_000)
  // Of its own for each cell and day, so that not all are met at the same moment.
  const firstSeed = (cell: Cell) =>
    values.seed === undefined ? today * 1000 + cells.indexOf(cell) * 10 : number('seed', values.seed, 0)
  const isSubset = !values.all && values.cell.length === 0
  const budget = values.budget
    ? number('budget', values.budget, 1)
    : isSubset
      ? 270
      : Number.POSITIVE_INFINITY
  const chosen = isSubset ? shuffled(cells, today) : values.all ? cells : values.cell.flatMap(cellsNamed)

  const began = Date.now()
  const world = await createWorld(say)
  let stopping = false
  process.once('SIGINT', () => {
    stopping = true
    say('stopping after this round; Ctrl-C again ends at once')
    process.once('SIGINT', () => process.exit(130))
  })
  const outcomes: Outcome[] = []
  try {
    for (const cell of chosen) {
      if (stopping || (Date.now() - began) / 1000 > budget) break
      for (let round = 0; round < times && !stopping; round++) {
        const outcome = await runRound(world, cell, {
          seed: firstSeed(cell) + round,
          engine,
          seconds: number('fault-seconds', values['fault-seconds'], 0),
          stopSeconds: number('stop-seconds', values['stop-seconds'] ?? (values.all ? '60' : '8'), 0),
          patienceSeconds: number('patience', values.patience, 1),
          logs: join(root, 'test-results/faults'),
        })
        outcomes.push(outcome)
        keep(outcome)
        tell(outcome)
      }
    }
  } finally {
    await world.close()
  }
  const bad = outcomes.filter(({ findings }) => findings.length > 0)
  const met = new Set(outcomes.map(({ part, fault }) => `${part}/${fault}`)).size
  say(
    `${met} of ${cells.length} cells, ${outcomes.length} rounds, ${bad.length} with findings, ${Math.round((Date.now() - began) / 1000)} s`,
  )
  if (values.report) report()
  return bad.length > 0 ? 1 : 0
}

function tell({ part, fault, seed, engine, moment, state, seconds, hits, findings }: Outcome): void {
  const met = hits === null ? '' : `, met ${hits} times`
  say(
    `${findings.length === 0 ? 'ok  ' : 'BAD '} ${part}/${fault} --seed ${seed} (${engine}, ${moment}${met}): ${state}, ${seconds.toFixed(1)} s`,
  )
  for (const finding of findings.slice(0, 10)) say(`       ${finding.slice(0, 500)}`)
}

function keep(outcome: Outcome): void {
  mkdirSync(join(root, 'test-results'), { recursive: true })
  appendFileSync(results, `${JSON.stringify(outcome)}\n`)
}

function readResults(): Outcome[] {
  if (!existsSync(results)) return []
  return readFileSync(results, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Outcome)
}

function cellsNamed(text: string): Cell[] {
  const [part = '', fault = ''] = text.split('/')
  const found = cells.filter((cell) => (!part || cell.part === part) && (!fault || cell.fault === fault))
  if (found.length === 0) throw new Error(`--cell ${text}: there is no such cell; see --list`)
  return found
}

/** Another order every day: each cell has its turn. */
function shuffled(all: readonly Cell[], seed: number): Cell[] {
  const random = seededNumbers(seed)
  return all
    .map((cell) => ({ cell, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ cell }) => cell)
}

function number(name: string, text: string, least: number): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value < least)
    throw new Error(`--${name}: ${text} is no number from ${least} up`)
  return value
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
