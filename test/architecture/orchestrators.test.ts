/** A new orchestrator is its folder and its line in `src/runs/orchestrators.ts`: nobody else knows which there are. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/program.ts'
import { filesOf, source } from './rooms.ts'

const runs = join(source, 'runs')
const halves = readdirSync(runs, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const files = filesOf(source)
  .map((path) => ({ file: relative(root, path), text: readFileSync(path, 'utf8') }))
  .filter(({ file }) => !halves.some((half) => file.startsWith(`src/runs/${half}/`)))

/** What the door of the runs offers of one half alone; values only, since types say nothing of what is chosen. */
const ofHalves = [
  ...readFileSync(join(runs, 'index.ts'), 'utf8').matchAll(/^export \{([^}]*)\} from '\.\/([\w-]+)\//gm),
]
  .filter(([, , half = '']) => halves.includes(half))
  .flatMap(([, names = '']) => names.split(','))
  .map((name) => name.trim())
  .filter((name) => name !== '' && !name.startsWith('type '))

/** Who works with one half by name, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'src/cli/backfill.ts': 'what it is called where it executes runs itself',
  'src/cli/deploy-alerts.ts':
    "the alerts that a Prefect server gives by itself, which are that server's own feature",
  'src/cli/deploy.ts': 'registers with a Prefect server without a worker, and answers in its words',
  'src/cli/harvest.ts': 'runs one flow in memory: nobody keeps that run',
  'src/cli/vernaculars.ts': 'runs one flow in memory: nobody keeps that run',
  'src/cli/wait.ts': 'runs one flow in memory: nobody keeps that run',
}
/** Tables of all variables, and of all codes. */
const tables = ['src/config/', 'src/errors.ts']
const isComment = /^\s*(\/?\*|\/\/)/
/** How much is logged may be said the way that Prefect says it, whoever keeps the runs. */
const variablesOfAll = /PREFECT_LOGGING_LEVEL/g

const found = (pattern: RegExp, allowed: (file: string) => boolean) =>
  files
    .filter(({ file }) => !allowed(file))
    .flatMap(({ file, text }) =>
      text
        .split('\n')
        .flatMap((line, at) =>
          !isComment.test(line) && pattern.test(line.replaceAll(variablesOfAll, ''))
            ? [`${file}:${at + 1}: ${line.trim()}`]
            : [],
        ),
    )
const isTable = (file: string) => tables.some((table) => file.startsWith(table))

test('each half is one line of the table, and only that and the door reach into a half', () => {
  const table = readFileSync(join(runs, 'orchestrators.ts'), 'utf8')
  for (const half of halves) expect(table.match(new RegExp(`from './${half}/kind.ts'`, 'g'))).toHaveLength(1)
  const into = new RegExp(`^(import|export) (?!type)[^'"]*from '(\\.\\.?/)+(runs/)?(${halves.join('|')})/`)
  expect(found(into, (file) => ['src/runs/index.ts', 'src/runs/orchestrators.ts'].includes(file))).toEqual([])
})

test('nobody asks which orchestrator it is: by its name, its variables or its errors', () => {
  const name = halves.join('|')
  const named = new RegExp(`[=!]==? ?'(${name})'|case '(${name})'|: '(${name})' \\|`)
  expect(found(named, () => false)).toEqual([])
  expect(found(/(\benv(ironment)?|variables)\??\.PREFECT_/, (file) => file in exceptions)).toEqual([])
  expect(found(/[{,] ?PREFECT_\w+\b/, isTable)).toEqual([])
  expect(found(/'PREFECT_(UNREACHABLE|REFUSED)'/, isTable)).toEqual([])
})

test('what is of one half is used by few, for a reason', () => {
  const names = new RegExp(`^import [^'"]*\\b(${ofHalves.join('|')})\\b[^'"]*'(\\.\\.?/)+runs/index`, 'm')
  const isRuns = (file: string) => file.startsWith('src/runs/')
  const users = files.filter(({ file, text }) => !isRuns(file) && names.test(text)).map(({ file }) => file)
  expect(users.sort()).toEqual(Object.keys(exceptions).sort())
})

test('the halves and what is of them are found', () => {
  expect(halves.sort()).toEqual(['prefect', 'standalone'])
  expect(ofHalves).toEqual(expect.arrayContaining(['prefectSettings', 'createLocalBackend', 'startWorker']))
})
