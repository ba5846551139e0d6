import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// React's development build is three times as large, and would be taken under a test runner.
if (process.argv.includes('build')) process.env.NODE_ENV = 'production'

/** Builds the page into dist/web. Addresses are relative to <base>, which the server sets to its base path. */
const config = defineConfig({
  root: import.meta.dirname,
  base: './',
  // In folders with characters that Vite does not understand, the sources are given by the name of a link.
  resolve: { preserveSymlinks: true },
  plugins: [react()],
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // A data: URL would be smaller by a request, but the policy of the page is easier to read without them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    // On a busy machine all takes long, and the build has nothing to say.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8098', '/health': 'http://127.0.0.1:8098' } },
})

export default config
