/**
 * Runs the three suites with coverage, adds up what they ran of src/, prints it and writes it into docs/coverage.md.
 *
 *   npm run coverage                 all suites; takes some 25 minutes and is no part of every check
 *   npm run coverage -- unit         only these anew; of the others the reports that were left count
 *   npm run coverage -- --none       none anew: what was left is added up again
 *
 * A suite whose servers and programs are not installed is left out, and the page says so. What tests start as
 * processes (the compiled program, workers, the thread of the embedded database) is not counted.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { postgresBinaries } from '../test/support/postgres.ts'
import { prefectBin } from '../test/support/prefect.ts'

const root = resolve(import.meta.dirname, '..')
const page = join(root, 'docs/coverage.md')
const begin = '<!-- figures: made by `npm run coverage` -->'
const end = '<!-- /figures -->'

const suites = [
  { name: 'unit', config: 'vitest.config.ts', started: 'npm test' },
  { name: 'programs', config: 'vitest.programs.config.ts', started: 'npm run test:programs' },
  { name: 'services', config: 'vitest.services.config.ts', started: 'npm run test:services' },
] as const
type SuiteName = (typeof suites)[number]['name']

/** Where a wrong branch harvests wrong data, loses it, or stops all harvests: at least so many of 100 are run. */
const wanted = 95
const promised: Readonly<Record<string, (path: string) => boolean>> = {
  'rules without evidence': (path) => /^rules\/(?!evidence\/)/.test(path),
  'evidence of the rules': (path) => path.startsWith('rules/evidence/'),
  'runner and sweep': (path) => /^runs\/(runner|sweep)[\w-]*\.ts$/.test(path),
  'loader: load, merge, stage, prune': (path) => /^inventory\/(load\/|prune)/.test(path),
}

/** Of a file, as istanbul's reports have it: where things are, and how often each was run. */
interface FileCoverage {
  path: string
  statementMap: Record<string, unknown>
  branchMap: Record<string, { line: number; loc: { start: { line: number } }; type: string }>
  s: Record<string, number>
  b: Record<string, number[]>
}

interface Counts {
  statements: [run: number, all: number]
  branches: [run: number, all: number]
}

function reportOf(suite: SuiteName): string {
  return join(root, 'node_modules/.coverage', suite, 'coverage-final.json')
}

/** Why a suite cannot run here. */
function missingParts(suite: SuiteName): string | undefined {
  if (suite !== 'services') return undefined
  if (postgresBinaries() === undefined) return 'no PostgreSQL server is installed'
  try {
    prefectBin()
    return undefined
  } catch {
    return 'no Prefect server is installed'
  }
}

/** There where a test of the suite failed, so that its figures are less than they could be. */
function failureMark(suite: SuiteName): string {
  return join(root, 'node_modules/.coverage', suite, 'failed')
}

function runSuite({ name, config }: (typeof suites)[number]): void {
  rmSync(reportOf(name), { force: true })
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--config', config, '--retry=1'],
      ...['--coverage.enabled', '--coverage.reporter=json', '--coverage.reportOnFailure'],
      `--coverage.reportsDirectory=node_modules/.coverage/${name}`,
    ],
    { cwd: root, stdio: 'inherit' },
  )
  if (status !== 0 && existsSync(reportOf(name))) writeFileSync(failureMark(name), '')
}

/** @throws Error where a file changed between the suites: their counts are of different statements */
function add(reports: readonly Record<string, FileCoverage>[]): FileCoverage[] {
  const sums = new Map<string, FileCoverage>()
  for (const file of reports.flatMap((report) => Object.values(report))) {
    const sum = sums.get(file.path)
    if (sum === undefined) {
      sums.set(file.path, structuredClone(file))
      continue
    }
    const places = ({ statementMap, branchMap }: FileCoverage) => JSON.stringify([statementMap, branchMap])
    if (places(sum) !== places(file))
      throw new Error(
        `${relative(root, file.path)} is another in another suite's report: run all suites anew`,
      )
    for (const [key, count] of Object.entries(file.s)) sum.s[key]! += count
    for (const [key, counts] of Object.entries(file.b))
      sum.b[key] = counts.map((count, arm) => count + sum.b[key]![arm]!)
  }
  return [...sums.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function countsOf(files: readonly FileCoverage[]): Counts {
  const counted = (counts: readonly number[]): [number, number] => [
    counts.filter((count) => count > 0).length,
    counts.length,
  ]
  return {
    statements: counted(files.flatMap(({ s }) => Object.values(s))),
    branches: counted(files.flatMap(({ b }) => Object.values(b).flat())),
  }
}

function percent([run, all]: readonly [number, number]): string {
  // Downwards: 100 means all.
  return all === 0 ? '–' : `${(Math.floor((run / all) * 1000) / 10).toFixed(1)} %`
}

function row(name: string, files: readonly FileCoverage[]): string {
  const { statements, branches } = countsOf(files)
  const cell = (counts: [number, number]) => `${percent(counts)} (${counts.join(' of ')})`
  return `| ${name} | ${cell(statements)} | ${cell(branches)} |`
}

function inSource({ path }: FileCoverage): string {
  return relative(join(root, 'src'), path).replaceAll('\\', '/')
}

function roomOf(file: FileCoverage): string {
  const [first, ...rest] = inSource(file).split('/')
  return rest.length === 0 ? 'single files of `src/`' : `\`src/${first}/\``
}

function figures(files: readonly FileCoverage[], counted: string[], remarks: string[]): string {
  const rooms = [...new Set(files.map(roomOf))].sort()
  const heading = (first: string) => [`| ${first} | statements | branches |`, '| --- | ---: | ---: |']
  return [
    `On ${new Date().toISOString().slice(0, 10)}, with ${counted.join(', ')}.`,
    ...remarks,
    '',
    ...heading(`where ${wanted} % of the branches are promised`),
    ...Object.entries(promised).map(([name, holds]) =>
      row(
        name,
        files.filter((file) => holds(inSource(file))),
      ),
    ),
    '',
    ...heading('room'),
    ...rooms.map((room) =>
      row(
        room,
        files.filter((file) => roomOf(file) === room),
      ),
    ),
    row('all', files),
    '',
  ].join('\n')
}

/** In the promised rooms: the lines of branches that nothing ran, a line a file. */
function openBranches(files: readonly FileCoverage[]): string[] {
  return files
    .filter((file) => Object.values(promised).some((holds) => holds(inSource(file))))
    .flatMap((file) => {
      const lines = Object.entries(file.b)
        .filter(([, counts]) => counts.includes(0))
        .map(([key]) => file.branchMap[key]!.loc.start.line)
      const { branches } = countsOf([file])
      return lines.length === 0
        ? []
        : [`  src/${inSource(file)} ${percent(branches)}: ${[...new Set(lines)].join(', ')}`]
    })
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => name !== '--none' && !suites.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`There is no suite ${unknown.join(', ')}: ${suites.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}

const failed: string[] = []
const remarks: string[] = []
const reports: Record<string, FileCoverage>[] = []
const counted: string[] = []
for (const suite of suites) {
  const missing = missingParts(suite.name)
  const anew = asked.length === 0 || asked.includes(suite.name)
  if (missing !== undefined) {
    remarks.push(
      `The suite of ${suite.name} is left out: ${missing} where this was made (\`scripts/install-service-tests.sh\`).`,
    )
    continue
  }
  if (anew) runSuite(suite)
  if (!existsSync(reportOf(suite.name))) {
    remarks.push(`The suite of ${suite.name} is left out: it left no report.`)
    continue
  }
  if (existsSync(failureMark(suite.name))) failed.push(suite.name)
  reports.push(JSON.parse(readFileSync(reportOf(suite.name), 'utf8')))
  counted.push(`\`${suite.started}\``)
}

const files = add(reports)
for (const name of failed)
  remarks.push(`Some tests of the suite of ${name} failed, and ran less than they would.`)
const made = figures(files, counted, remarks)
console.log(
  `\n${made}\nBranches that nothing ran, in the promised rooms:\n${openBranches(files).join('\n')}\n`,
)
const text = readFileSync(page, 'utf8')
const [from, to] = [text.indexOf(begin), text.indexOf(end)]
if (from < 0 || to < from) throw new Error(`${page} has no place for the figures: ${begin} … ${end}`)
writeFileSync(page, `${text.slice(0, from)}${begin}\n\n${made}\n${text.slice(to)}`)
if (failed.length > 0) process.exitCode = 1
