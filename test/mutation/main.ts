/**
 * `npm run mutate`: changes the rules in one place at a time (test/mutation/mutants.ts) and runs the tests that come to
 * them. What no test notices is printed: some of it cannot be noticed, the rest wants a test.
 *
 *   npm run mutate                          all of src/rules/
 *   npm run mutate -- src/rules/time.ts …   these files or folders
 *
 * It takes some minutes, and is no part of every check.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root, typescriptLoader } from '../support/program.ts'
import { bundle } from './bundle.ts'
import type { Mutant } from './mutants.ts'
import type { Answer, Order, Programs } from './worker.ts'

/** Whose tests are asked: those that compute. Tests of other rooms meet the rules too, but take long. */
const asked = [
  'test/rules',
  ...['accepted', 'cell', 'cell-check', 'contract', 'tables'].map((name) => `test/inventory/${name}.test.ts`),
]
/** Tests that try thousands of inputs, or much of one: asked where no other notices. */
const slowMs = 500
/** A change may make a loop without end, which is noticed thereby: at the latest after this, and what tests take. */
const patienceMs = 10_000
const unchangedMs = 300_000

const named = process.argv.slice(2)
const wanted = (named.length > 0 ? named : ['src/rules']).map((path) => path.replace(/\/$/, ''))
const isWanted = (file: string) => wanted.some((path) => file === path || file.startsWith(`${path}/`))

const tests = asked.flatMap(filesBelow).filter((name) => name.endsWith('.test.ts'))
const { bundles, mutants } = await bundle(tests, isWanted)
console.log(`${mutants.length} mutants, ${tests.length} files of tests`)

let worker: ChildProcess | undefined
// One that hangs would outlive this process.
process.once('exit', () => worker?.kill('SIGKILL'))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
/** For each bundle, which of its tests come to which mutant, and what they take. */
const known: Answer[] = []
for (const [index, { test }] of bundles.entries()) {
  const answer = await ask({ bundle: index }, unchangedMs)
  if (answer.failure !== null) throw new Error(`${test} fails without any change: ${answer.failure}`)
  known.push(answer)
}

const noticed = new Map<string, [noticed: number, all: number]>()
for (const [index, mutant] of mutants.entries()) {
  const count = noticed.get(mutant.file) ?? [0, 0]
  noticed.set(mutant.file, count)
  count[1]++
  const tests = testsOf(index, mutant)
  const usualMs = tests.flatMap(({ bundle, places }) => places.map((at) => known[bundle]!.took[at] ?? 0))
  const { failure } = await ask(
    { mutant: index, tests },
    patienceMs + 5 * usualMs.reduce((sum, ms) => sum + ms, 0),
  )
  if (failure !== null) count[0]++
  else
    console.log(
      `${tests.length > 0 ? 'not noticed' : 'not run'}: ${mutant.file}:${mutant.line}: ${mutant.shown}`,
    )
}

const counts = [...noticed].sort(([a], [b]) => (a < b ? -1 : 1))
for (const [file, of] of counts) console.log(`${file}: ${of.join(' of ')}`)
const sum = (index: 0 | 1) => counts.reduce((total, [, of]) => total + of[index], 0)
console.log(`all: ${sum(0)} of ${sum(1)}`)
worker?.disconnect()

/** The quick ones first, and of them the nearest, which are the likeliest to notice. */
function testsOf(mutant: number, { file }: Mutant) {
  const near = [...bundles.keys()].sort((a, b) => stepsTo(file, a) - stepsTo(file, b))
  const isSlow = (bundle: number) => (place: number) => known[bundle]!.took[place]! >= slowMs
  const quick = near.map((bundle) => ({
    bundle,
    places: placesOf(mutant, bundle).filter((place) => !isSlow(bundle)(place)),
  }))
  const slow = near.map((bundle) => ({ bundle, places: placesOf(mutant, bundle).filter(isSlow(bundle)) }))
  return [...quick, ...slow].filter(({ places }) => places.length > 0)
}

function stepsTo(file: string, bundle: number): number {
  return bundles[bundle]!.steps.get(file) ?? Number.MAX_SAFE_INTEGER
}

/** What is computed before any test may show in one that does not come to it. */
function placesOf(mutant: number, bundle: number): number[] {
  const { reached, took } = known[bundle]!
  return reached[mutant]?.includes(-1) ? [...took.keys()] : (reached[mutant] ?? [])
}

function ask(order: Order, patience: number): Promise<Answer> {
  const at = worker ?? startWorker()
  worker = at
  return new Promise((resolve) => {
    const end = (failure: string) => {
      clearTimeout(timer)
      // Called again as the killed one ends, when another is at work.
      if (worker === at) worker = undefined
      at.kill('SIGKILL')
      resolve({ failure, reached: {}, took: [] })
    }
    const timer = setTimeout(() => end('does not end'), patience)
    at.removeAllListeners()
    at.once('message', (answer: Answer) => {
      clearTimeout(timer)
      resolve(answer)
    })
    at.once('exit', (code) => end(`its process ended with ${code}`))
    at.send(order)
  })
}

function startWorker(): ChildProcess {
  const started = fork(join(root, 'test/mutation/worker.ts'), { execArgv: ['--import', typescriptLoader] })
  started.send(bundles.map(({ code }) => code) satisfies Programs)
  return started
}

function filesBelow(path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path]
  return readdirSync(join(root, path)).flatMap((name) => filesBelow(`${path}/${name}`))
}
