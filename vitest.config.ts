import { defineConfig } from 'vitest/config'
import { setTestClock } from './test/support/clock.ts'
import { longestFirst } from './test/support/longest-first.ts'

setTestClock(process.env)

const longest = [
  'acceptance/alerts',
  'database/embedded',
  'operate/backfill/',
  'acceptance/',
  'flows/',
  'database/',
  'cli/',
  'deploy/',
  'integration/',
  'serve/',
  'operate/',
  'log/error-reports',
]

/** `npm test`: needs only Node. What needs a real Prefect, PostgreSQL or browser is in test/services. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/services/**', 'node_modules/**'],
    globalSetup: ['test/support/compile.ts'],
    setupFiles: ['test/support/clean-environment.ts', 'test/support/patience.ts'],
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', './test/support/slowest-files.ts'],
    // Generous: a limit tells that something hangs, not that a machine is busy.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Files wait for processes and servers more than they work. The embedded database takes about 1 GB a process.
    maxWorkers: 4,
    sequence: { sequencer: longestFirst(longest) },
    // What passes only the second time is counted and printed as a flake.
    retry: process.env.CI ? 1 : 0,
  },
})
