#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'

// From Node 22.8 on, compiled code is kept between starts.
module.enableCompileCache?.()

const cli = new URL('../dist/cli.js', import.meta.url)
if (!existsSync(cli)) {
  console.error('harvester is not built yet: run `npm ci` (or `npm run build`) in its folder first.')
  process.exit(2)
}
await import(cli.href)
