#!/usr/bin/env node
import { existsSync } from 'node:fs'

const cli = new URL('../dist/cli.js', import.meta.url)
if (!existsSync(cli)) {
  console.error('harvester is not built yet: run `npm ci` (or `npm run build`) in its folder first.')
  process.exit(2)
}
await import(cli.href)
