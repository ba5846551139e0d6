import { Command } from 'commander'
import { readEnvironment } from '../config/environment.ts'
import { migrate } from '../database/migrate.ts'
import { openDatabase } from '../database/open.ts'
import { databaseSettings, describeSettings } from '../database/settings.ts'
import { exitCodes } from '../errors.ts'
import { interruptible, sayLine } from './console.ts'

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('prepare a database, bring it up to this version, or take over that of the Python harvester')
    .action(async () => {
      process.exitCode = await runMigrations()
    })
}

async function runMigrations(): Promise<number> {
  readEnvironment(process.env)
  const settings = databaseSettings(process.env)
  const stop = interruptible()
  const say = sayLine
  const database = await openDatabase(settings, {
    signal: stop.signal,
    applicationName: 'erddap-harvester migrate',
    onStarting: () => say('Starting the embedded database'),
    createExtensions: (name) => say(`Created the extension ${name}.`),
  })
  try {
    const { applied, adopted } = await migrate(database, {
      signal: stop.signal,
      log: (message) => say(message),
    })
    if (adopted) say('The tables were there already and were taken over; nothing was lost.')
    say(
      applied.length > 0
        ? `Applied ${applied.join(', ')} to ${describeSettings(settings)}.`
        : `${describeSettings(settings)} is up to date.`,
    )
    return exitCodes.done
  } catch (error) {
    const code = stop.exitCode()
    if (code !== null) return code
    throw error
  } finally {
    stop.dispose()
    await database.close()
  }
}
