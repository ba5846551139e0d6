import { defineConfig } from 'vitest/config'
import { setTestClock } from './test/support/clock.ts'
import { longestFirst } from './test/support/longest-first.ts'
import { setTestFolder } from './test/support/memory-folder.ts'
import { suite } from './test/support/suite.ts'

setTestClock(process.env)
setTestFolder(process.env)

const longest = [
  'acceptance/alerts',
  'cli/signals',
  'cli/startup',
  'operate/backfill',
  'integration/demo',
  'deploy/build',
  'database/embedded-host',
]

/** `npm run test:programs`: the command line, the build and the package as a user starts them. Needs only Node. */
export default defineConfig({
  test: {
    ...suite,
    include: ['test/**/*.program.test.ts'],
    globalSetup: ['test/support/compile.ts'],
    sequence: { sequencer: longestFirst(longest) },
  },
})
