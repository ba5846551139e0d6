import { defineConfig } from 'vitest/config'
import { longestFirst } from './test/support/longest-first.ts'

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
    include: ['test/services/**/*.test.ts'],
    globalSetup: ['test/support/compile.ts', 'test/support/shared-postgres.ts'],
    setupFiles: ['test/support/clean-environment.ts', 'test/support/patience.ts'],
    expect: { poll: { timeout: 60_000 } },
    // Generous: a limit tells that something hangs, not that a machine is busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Files wait for servers and for the time of schedules far more than they work.
    maxWorkers: 4,
    sequence: { sequencer: longestFirst(longest) },
    reporters: ['default', './test/support/slowest-files.ts'],
    // Real servers on a shared machine have bad moments: what passes only the second time is counted and printed.
    retry: process.env.CI ? 1 : 0,
  },
})
