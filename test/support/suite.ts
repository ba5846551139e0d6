/** What the three suites have in common, whatever they start. */
import type { ViteUserConfig } from 'vitest/config'

export const suite = {
  setupFiles: ['test/support/clean-environment.ts', 'test/support/patience.ts'],
  expect: { poll: { timeout: 60_000 } },
  // Generous: a limit tells that something hangs, not that a machine is busy.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // Files wait for processes and servers more than they work. The embedded database takes about 0.7 GB a process.
  maxWorkers: 4,
  reporters: ['default', './test/support/slowest-files.ts'],
  // Real servers on a shared machine have bad moments: what passes only the second time is counted and printed.
  retry: process.env.CI ? 1 : 0,
  // Of `npm run coverage`. Programs that tests start as processes are not counted.
  coverage: {
    provider: 'v8',
    include: ['src/**/*.ts'],
    exclude: ['src/web/**', 'src/demo/**', '**/*.generated.ts'],
  },
} satisfies ViteUserConfig['test']
