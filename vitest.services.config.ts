import { defineConfig } from 'vitest/config'

/** `npm run test:services`: against a real PostgreSQL, a real Prefect server and a real browser. */
export default defineConfig({
  test: {
    include: ['test/services/**/*.test.ts'],
    globalSetup: ['test/support/compile.ts'],
    setupFiles: ['test/support/clean-environment.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    reporters: ['default', './test/support/slowest-files.ts'],
    // Real servers on a shared machine have bad moments: what passes only the second time is counted and printed.
    retry: process.env.CI ? 1 : 0,
  },
})
