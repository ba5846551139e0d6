#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
import { Command, CommanderError } from 'commander'

import { configCommand } from './commands/config.ts'
import { reportError } from './commands/console.ts'
import { demoCommand } from './commands/demo.ts'
import { deployCommand } from './commands/deploy.ts'
import { doctorCommand } from './commands/doctor.ts'
import { loadDotenv } from './commands/dotenv.ts'
import { explainCommand } from './commands/explain.ts'
import { harvestCommand } from './commands/harvest.ts'
import { loadCommand } from './commands/load.ts'
import { migrateCommand } from './commands/migrate.ts'
import { pruneCommand } from './commands/prune.ts'
import { runsCommand } from './commands/runs.ts'
import { serveCommand } from './commands/serve.ts'
import { startCommand } from './commands/start.ts'
import { statusCommand } from './commands/status.ts'
import { triggerCommand } from './commands/trigger.ts'
import { vernacularsCommand } from './commands/vernaculars.ts'
import { vocabulariesCommand } from './commands/vocabularies.ts'
import { workerCommand } from './commands/worker.ts'
import { exitCodes } from './errors.ts'
import { version } from './version.ts'

loadDotenv()
// A harvest waits for servers, not for the processor: a heap that grows by two fifths between collections, and not up to
// fourfold, takes half the memory for long tables (bench/memory).
setFlagsFromString('--heap-growing-percent=40')

const program = new Command('harvester')
  .description(
    'Builds and keeps one index of ocean datasets: what ERDDAP servers hold, described by CKAN, loaded into PostgreSQL/PostGIS.',
  )
  .version(version)
  .addCommand(startCommand())
  .addCommand(workerCommand())
  .addCommand(serveCommand())
  .addCommand(deployCommand())
  .addCommand(triggerCommand())
  .addCommand(harvestCommand())
  .addCommand(loadCommand())
  .addCommand(migrateCommand())
  .addCommand(pruneCommand())
  .addCommand(runsCommand())
  .addCommand(statusCommand())
  .addCommand(doctorCommand())
  .addCommand(explainCommand())
  .addCommand(vernacularsCommand())
  .addCommand(vocabulariesCommand())
  .addCommand(configCommand())
  .addCommand(demoCommand())
  .addHelpText(
    'after',
    `
First steps:
  npm start                                             the demo: harvests look-alike servers on this machine
  harvester harvest --url https://your.server/erddap    harvests a server of yours

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted (143 by SIGTERM).
Documentation: docs/, beginning with README.md.`,
  )
  .showHelpAfterError('(--help says more)')
  .exitOverride()

for (const command of program.commands) command.exitOverride().showHelpAfterError('(--help says more)')

// Whoever reads may stop reading (`harvester … | head`): that is no fault of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
}

try {
  await program.parseAsync()
} catch (error) {
  // The help that was asked for is no error; a command that is not understood is wrong usage.
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  else process.exitCode = reportError(error)
}
