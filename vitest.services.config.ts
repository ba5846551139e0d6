import { defineConfig } from 'vitest/config'
import { longestFirst } from './test/support/longest-first.ts'
import { setTestFolder } from './test/support/memory-folder.ts'
import { suite } from './test/support/suite.ts'

setTestFolder(process.env)

const longest = [
  'prefect',
  'compose-run',
  'automations',
  'makefile',
  'dashboard.',
  'limits',
  'upgrade',
  'workers',
  'after-success',
  'postgres-concurrency',
  'foreign-sizes',
  'embedded-killed',
  'postgres.',
].map((name) => `services/${name}`)

/** `npm run test:services`: against a real PostgreSQL, a real Prefect server and a real browser. */
export default defineConfig({
  test: {
    ...suite,
    include: ['test/services/**/*.test.ts'],
    globalSetup: ['test/support/compile.ts', 'test/support/shared-postgres.ts'],
    sequence: { sequencer: longestFirst(longest) },
  },
})
