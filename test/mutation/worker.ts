/**
 * Runs bundled tests again and again, each time with another mutant. A runner of tests of its own, since Vitest takes
 * seconds to begin: what it offers to a test file is here as far as the tests of rules use it.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import * as vitest from 'vitest'
import { root } from '../support/program.ts'

/** Comes first: the texts of the bundles. */
export type Programs = string[]

/** Tests of a bundle by their places; -1 is what is done before any of them. */
export type Reached = Record<number, number[]>

export type Order =
  /** Runs a bundle as it is. */
  | { bundle: number }
  /** Runs of some bundles the tests that come to a mutant, until one fails. */
  | { mutant: number; tests: { bundle: number; places: number[] }[] }

export interface Answer {
  /** What the first test that failed said. */
  failure: string | null
  /** Of a bundle as it is: for each mutant, which tests come to it. */
  reached: Reached
  /** Milliseconds that each of its tests kept the processor busy. */
  took: number[]
}

type Run = (...values: unknown[]) => unknown

interface Collected {
  tests: { name: string; run: () => unknown }[]
  before: Run[]
  beforeEach: Run[]
  afterEach: Run[]
  after: Run[]
}

const require = createRequire(join(root, 'package.json'))
let programs: Run[] = []
let collected: Collected

function each(define: (name: string, run: () => unknown) => void) {
  return (cases: readonly unknown[]) => (name: string, run: Run) => {
    for (const one of cases) define(name, () => (Array.isArray(one) ? run(...one) : run(one)))
  }
}
const test = (name: string, run: () => unknown) => {
  collected.tests.push({ name, run })
}
const describe = (_name: string, run: () => unknown) => {
  run()
}
const offered = {
  ...{ expect: vitest.expect, expectTypeOf: vitest.expectTypeOf, assert: vitest.assert },
  ...{ test: Object.assign(test, { each: each(test) }), it: Object.assign(test, { each: each(test) }) },
  describe: Object.assign(describe, { each: each(describe) }),
  beforeAll: (run: Run) => collected.before.push(run),
  beforeEach: (run: Run) => collected.beforeEach.push(run),
  afterEach: (run: Run) => collected.afterEach.push(run),
  afterAll: (run: Run) => collected.after.push(run),
}

/** Of each test of the bundle that was run last. */
const took: number[] = []
/** Where the one test runs that is looked at; -1 before any. */
let place = -1

async function failureOf(program: Run, isWanted: (place: number) => boolean): Promise<string | null> {
  collected = { tests: [], before: [], beforeEach: [], afterEach: [], after: [] }
  place = -1
  const all = async (runs: Run[]) => {
    for (const run of runs) await run()
  }
  let at = 'as it is loaded'
  try {
    const module = { exports: {} }
    program((name: string) => (name === 'vitest' ? offered : require(name)), module, module.exports)
    await all(collected.before)
    for (const [index, { name, run }] of collected.tests.entries()) {
      if (!isWanted(index)) continue
      at = name
      place = index
      const began = process.cpuUsage()
      await all(collected.beforeEach)
      await run()
      await all(collected.afterEach)
      const { user, system } = process.cpuUsage(began)
      took[index] = (user + system) / 1000
    }
    return null
  } catch (error) {
    return `${at}: ${error instanceof Error ? error.message : error}`
  } finally {
    await all(collected.after)
  }
}

// A mutant that one run notices, the next one must notice too.
fc.configureGlobal({ seed: 1 })

async function answer(order: Order): Promise<Answer> {
  if ('bundle' in order) {
    const reached: Record<number, Set<number>> = {}
    Object.assign(globalThis, {
      isMutant(mutant: number) {
        reached[mutant] = (reached[mutant] ?? new Set()).add(place)
        return false
      },
    })
    const failure = await failureOf(programs[order.bundle]!, () => true)
    const lists = Object.entries(reached).map(([mutant, places]) => [mutant, [...places]])
    return { failure, reached: Object.fromEntries(lists), took }
  }
  Object.assign(globalThis, { isMutant: (mutant: number) => mutant === order.mutant })
  for (const { bundle, places } of order.tests) {
    const failure = await failureOf(programs[bundle]!, (index) => places.includes(index))
    if (failure !== null) return { failure, reached: {}, took }
  }
  return { failure: null, reached: {}, took }
}

process.on('message', async (message: Programs | Order) => {
  if (!Array.isArray(message)) process.send?.(await answer(message))
  else programs = message.map((code) => new Function('require', 'module', 'exports', code) as Run)
})
process.once('disconnect', () => process.exit())
