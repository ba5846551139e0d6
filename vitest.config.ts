import { defineConfig } from 'vitest/config'

/** `npm test`: needs only Node. What needs a real Prefect, PostgreSQL or browser is in test/services. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/services/**', 'node_modules/**'],
    globalSetup: ['test/support/compile.ts'],
    setupFiles: ['test/support/clean-environment.ts'],
    // Generous: a limit tells that something hangs, not that a machine is busy.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // The embedded database takes about 1 GB a process: two at a time suit a small machine.
    maxWorkers: 2,
    // A few tests measure time limits; on a shared machine one may miss its moment. What fails twice is broken.
    retry: process.env.CI ? 1 : 0,
  },
})
