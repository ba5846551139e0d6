import { Command } from 'commander'
import { action, type Parts } from '../app/open.ts'
import { migrate } from '../database/migrate.ts'
import { openDatabase } from '../database/open.ts'
import { describeSettings } from '../database/settings.ts'
import { exitCodes } from '../errors.ts'
import { sayLine } from './console.ts'

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('prepare a database, bring it up to this version, or take over that of the Python harvester')
    .action(action(runMigrations))
}

async function runMigrations(parts: Parts): Promise<number> {
  const { databaseSettings: settings, signal } = parts
  const say = sayLine
  const database = await openDatabase(settings, {
    signal,
    applicationName: 'erddap-harvester migrate',
    // An index on a large table that is taken over takes its time, and somebody sits before it.
    statementMs: 24 * 3_600_000,
    onStarting: () => say('Starting the embedded database'),
    createExtensions: (name) => say(`Created the extension ${name}.`),
  })
  parts.closing.add(() => database.close())
  const { applied, adopted } = await migrate(database, {
    signal,
    log: (message) => say(message),
  })
  if (adopted) say('The tables were there already and were taken over; nothing was lost.')
  say(
    applied.length > 0
      ? `Applied ${applied.join(', ')} to ${describeSettings(settings)}.`
      : `${describeSettings(settings)} is up to date.`,
  )
  return exitCodes.done
}
