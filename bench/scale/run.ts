/**
 * `npx tsx bench/scale/run.ts [--write]`: a week of 500 servers, 500,000 datasets and 100 million profiles in virtual
 * time. Prints the tables of docs/scale.md; with `--write` puts them there.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { costs, type Settings, simulate, site, type Week } from './model.ts'

const weeks: readonly Settings[] = [
  { name: 'all at 03:00, one worker of 4', workers: 1, runsPerWorker: 4, schedule: 'together', days: 7 },
  { name: 'spread, one worker of 4', workers: 1, runsPerWorker: 4, schedule: 'spread', days: 7 },
  { name: 'spread, two workers of 8', workers: 2, runsPerWorker: 8, schedule: 'spread', days: 7 },
  { name: 'all at 03:00, four workers of 16', workers: 4, runsPerWorker: 16, schedule: 'together', days: 7 },
]

const number = (value: number) => Math.round(value).toLocaleString('en-GB')
const percent = (share: number) => `${(share * 100).toFixed(1)} %`
const seconds = (value: number) => (value < 120 ? `${value.toFixed(0)} s` : `${(value / 3600).toFixed(1)} h`)

const rows: readonly [string, (week: Week) => string][] = [
  ['runs of the week', (week) => number(week.runs)],
  ['due to done, median', (week) => `${week.hoursMedian.toFixed(1)} h`],
  ['due to done, 95 of 100', (week) => `${week.hoursP95.toFixed(1)} h`],
  ['due to done, longest', (week) => `${week.hoursMax.toFixed(1)} h`],
  ['left out, since the run before was at work', (week) => number(week.skipped)],
  ['longest wait for a worker', (week) => seconds(week.slotWaitMax)],
  ['longest wait for the loader’s lock', (week) => seconds(week.lockWaitMax)],
  ['workers busy', (week) => percent(week.slotsBusy)],
  ['loader’s lock held', (week) => percent(week.lockBusy)],
  ['one processor of the Prefect server', (week) => percent(week.serverBusy)],
  ['requests a day, all hosts', (week) => number(week.requestsADay)],
  ['attempts a day', (week) => number(week.attemptsADay)],
]

export function tables(): string {
  const results = weeks.map((settings) => simulate(site, settings, costs))
  const head = ['', ...weeks.map(({ name }) => name)]
  return [
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...rows.map(([name, text]) => `| ${[name, ...results.map(text)].join(' | ')} |`),
  ].join('\n')
}

/** The page with the tables between its two marks. */
export function withTables(page: string): string {
  const [before, , after] = page.split(/<!-- (?:simulation|end of simulation) -->/)
  if (after === undefined) throw new Error('docs/scale.md lacks the marks of the simulation')
  return `${before}<!-- simulation -->\n\n${tables()}\n\n<!-- end of simulation -->${after}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = fileURLToPath(new URL('../../docs/scale.md', import.meta.url))
  if (process.argv.includes('--write')) writeFileSync(page, withTables(readFileSync(page, 'utf8')))
  else console.log(tables())
}
