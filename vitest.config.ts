import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { setTestClock } from './test/support/clock.ts'
import { longestFirst } from './test/support/longest-first.ts'
import { setTestFolder } from './test/support/memory-folder.ts'
import { suite } from './test/support/suite.ts'

setTestClock(process.env)
setTestFolder(process.env)

/**
 * They work on an embedded engine (test/support/engine.ts), which takes longer to start than most of them. As threads of
 * one process they share what is compiled of it.
 */
const tests = fileURLToPath(new URL('test', import.meta.url))
const shared = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter(
    (name) =>
      name.endsWith('.test.ts') && readFileSync(join(tests, name), 'utf8').includes('/support/engine.ts'),
  )
  .map((name) => name.slice(0, -'.test.ts'.length).replaceAll('\\', '/'))
// The first has an engine of its own.
const engine = ['database/embedded', ...shared]
/** They compute: no process, no server, no clock, nothing that a next file could find changed. */
const pure = ['rules/', 'text/', 'catalogue/', 'inventory/', 'config/', 'soak/']
// What mostly waits begins beside what computes.
const longest = [
  ...['database/embedded', 'flows/bad-days', 'flows/change', 'runs/claims'],
  ...['flows/evidence', 'flows/belief', 'database/coverage', 'flows/tracks', ...engine],
  ...['runs/conformance', 'flows/wait-for-source', 'runs/clock', 'http/client', 'runs/calls'],
]
/** They replace modules, or count what a new process would load: none of that may be there already. */
const alone = [
  'cli/limits',
  'harvest/source-kind',
  'http/cache',
  'names/fetch-names',
  'runs/toy-orchestrator',
  'sources/erddap/rules-version',
]
const aloneFiles = alone.map((name) => `test/${name}.test.ts`)
const engineFiles = engine.map((name) => `test/${name}.test.ts`)
const pureFiles = pure.map((name) => `test/${name}**/*.test.ts`)

/**
 * `npm test`: needs only Node. What starts our programs as processes is in `npm run test:programs`, what needs a real
 * Prefect, PostgreSQL or browser in `npm run test:services`.
 */
export default defineConfig({
  test: {
    ...suite,
    globalSetup: ['test/support/compile.ts'],
    sequence: { sequencer: longestFirst(longest, ['engine', 'together', 'pure', 'alone']) },
    // Files of a process share its modules, whose loading takes longer than many a file: none may leave anything
    // behind that the next one could find changed.
    isolate: false,
    projects: [
      { extends: true, test: { name: 'pure', include: pureFiles, pool: 'threads' } },
      { extends: true, test: { name: 'engine', include: engineFiles, pool: 'threads' } },
      { extends: true, test: { name: 'alone', include: aloneFiles, isolate: true } },
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...[...pureFiles, ...engineFiles, ...aloneFiles],
            ...['test/**/*.program.test.ts', 'test/services/**', 'node_modules/**'],
          ],
        },
      },
    ],
  },
})
