#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { loadDotenv } from './app/dotenv.ts'
import { endBySignals } from './app/signals.ts'
import { commands } from './cli/commands.ts'
import { reportError } from './cli/console.ts'
import { strict } from './cli/options.ts'
import { variables } from './config/variables.ts'
import { exitCodes } from './errors.ts'
import { version } from './package.ts'
import { setV8Flag } from './process/v8.ts'
import { registerSecrets } from './secrets.ts'

endBySignals()
const dotenv = settled(loadDotenv)
// Known only at the start: the channel is closed when the supervisor is gone.
const supervised = process.send !== undefined
// A harvest waits for servers, not for the processor: a heap that grows by two fifths between collections, and not up to
// fourfold, takes half the memory for long tables (bench/memory).
setV8Flag('--heap-growing-percent=40', 24)
// Most harvests end before what the compiler optimises early is used again: four times V8's patience takes a fifth of the
// processor time from a short one, and nothing from a long one (bench/harvest).
setV8Flag('--interrupt-budget=270336', 20)

const program = new Command('harvester')
  .description(
    'Builds and keeps one index of ocean datasets: what ERDDAP servers hold, described by CKAN, loaded into PostgreSQL/PostGIS.',
  )
  .version(version)
  .addHelpText(
    'after',
    `
First steps:
  npm start                                             the demo: harvests look-alike servers on this machine
  harvester harvest --url https://your.server/erddap    harvests a server of yours

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted (143 by SIGTERM).
Documentation: docs/, beginning with README.md.`,
  )

const asked = process.argv.slice(2).find((word) => !word.startsWith('-')) ?? ''
for (const [name, load] of Object.entries(commands)) {
  if (Object.hasOwn(commands, asked) && name !== asked) continue
  program.addCommand(await load())
}

// Help needs no `.env`: what is wrong with it is said where a command begins.
program.hook('preAction', () => {
  for (const warning of dotenv()) process.stderr.write(`harvester: ${warning}\n`)
})

if (Object.hasOwn(commands, asked)) {
  const { secretValues } = await import('./config/environment.ts')
  registerSecrets(secretValues(variables))
}

// Whoever reads may stop reading (`harvester … | head`): that is no fault of ours.
const readerGone = (error: NodeJS.ErrnoException): boolean => {
  // A supervised worker whose supervisor was killed has nobody to talk to, and still its runs to end.
  if (error.code === 'EPIPE' && !supervised) process.exit()
  return error.code === 'EPIPE'
}
// A line that the disk has no room for is lost, not the work that it tells of.
process.stderr.on('error', readerGone)
let stdoutLost = false
process.stdout.on('error', (error) => {
  if (readerGone(error) || stdoutLost) return
  stdoutLost = true
  process.stderr.write(`harvester: standard output could not be written (${error.message})\n`)
  process.once('exit', (code) => {
    if (code === exitCodes.done) process.exitCode = exitCodes.failed
  })
})

try {
  await strict(program).parseAsync()
} catch (error) {
  // The help that was asked for is no error; a command that is not understood is wrong usage.
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  else process.exitCode = reportError(error)
}

/** Does something now, and gives its result, or throws its error, when it is asked for. */
function settled<T>(work: () => T): () => T {
  try {
    const result = work()
    return () => result
  } catch (error) {
    return () => {
      throw error
    }
  }
}
