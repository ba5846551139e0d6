import { defineConfig } from 'vitest/config'
import { setTestClock } from './test/support/clock.ts'
import { longestFirst } from './test/support/longest-first.ts'

setTestClock(process.env)

const longest = [
  'acceptance/alerts',
  'cli/startup',
  'operate/backfill',
  'integration/demo',
  'deploy/build',
  'database/embedded-host',
]

/** `npm run test:programs`: the command line, the build and the package as a user starts them. Needs only Node. */
export default defineConfig({
  test: {
    include: ['test/**/*.program.test.ts'],
    globalSetup: ['test/support/compile.ts'],
    setupFiles: ['test/support/clean-environment.ts', 'test/support/patience.ts'],
    expect: { poll: { timeout: 60_000 } },
    // Generous: a limit tells that something hangs, not that a machine is busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Files wait for processes more than they work. The embedded database takes about 1 GB a process.
    maxWorkers: 4,
    sequence: { sequencer: longestFirst(longest) },
    reporters: ['default', './test/support/slowest-files.ts'],
    // What passes only the second time is counted and printed as a flake.
    retry: process.env.CI ? 1 : 0,
  },
})
