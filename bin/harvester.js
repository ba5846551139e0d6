#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'
import module from 'node:module'

const [asked, ...others] = process.argv.slice(2)
if ((asked === '--version' || asked === '-V') && others.length === 0) {
  // Scripts ask this often, and it needs nothing of the program.
  console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
} else {
  // From Node 22.8 on, compiled code is kept between starts.
  module.enableCompileCache?.()

  const cli = new URL('../dist/cli.js', import.meta.url)
  if (!existsSync(cli)) {
    console.error('harvester is not built yet: run `npm ci` (or `npm run build`) in its folder first.')
    process.exit(2)
  }
  // Before the rest is loaded, which may take a second.
  const { endBySignals } = await import('../dist/app/signals.js')
  endBySignals()
  await import(cli.href)
}
