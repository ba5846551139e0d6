import { Command } from 'commander'
import { withParts } from '../app/open.ts'
import { runService } from '../app/service.ts'
import { startDemo } from '../app/start-demo.ts'
import { readEnvironment } from '../config/environment.ts'
import { findConfig } from '../config/harvest.ts'
import { variables } from '../config/variables.ts'
import { parseLogLevel } from '../log/log.ts'
import { harvest, harvestDefaults } from './harvest.ts'
import { fileOption } from './options.ts'

interface Flags {
  file?: string
  once: boolean
}

export function startCommand(): Command {
  return new Command('start')
    .description(
      'run everything in one process: worker, schedule, API and dashboard; the demo without a configuration',
    )
    .addOption(fileOption())
    .option('--once', 'harvest once, print the summary and end', false)
    .action(async (flags: Flags) => {
      process.exitCode = await start(flags)
    })
}

async function start(flags: Flags): Promise<number> {
  const found = findConfig({ file: flags.file, env: variables, folder: process.cwd() })
  // In a container nobody looks at the demo, and a site whose configuration got lost would believe that it harvests.
  if (!found && variables.NODE_ENV === 'production')
    return runService({ file: undefined, work: true, serve: true, onStop: 'reschedule' })
  if (!found) {
    const level = variables.LOG_LEVEL?.trim()
    // Of a real site's variables only where to listen and what to say are the demo's business.
    const { HARVESTER_HTTP_PORT: port } = readEnvironment({
      HARVESTER_HTTP_PORT: variables.HARVESTER_HTTP_PORT,
    })
    return startDemo({ once: flags.once, level: level ? parseLogLevel(level, 'LOG_LEVEL') : null, port })
  }
  if (flags.once)
    return withParts((parts) =>
      harvest(parts, { ...harvestDefaults, ...(flags.file !== undefined && { file: flags.file }) }),
    )
  return runService({ file: flags.file, work: true, serve: true, onStop: 'reschedule' })
}
