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
    // Real servers on a shared machine have bad moments; what fails twice is broken.
    retry: process.env.CI ? 1 : 0,
  },
})
