import { Command } from 'commander'
import { lazyDatabase } from '../app/database.ts'
import { readEnvironment } from '../config/environment.ts'
import { findConfig, readHarvestConfig } from '../config/harvest.ts'
import { normaliseSourceUrl, obisUrl } from '../config/source.ts'
import { databaseSettings } from '../database/settings.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { pruneSource, type SourceHoldings, sourceHoldings } from '../inventory/prune-source.ts'
import { parseLogLevel } from '../log/log.ts'
import { amount } from '../text.ts'
import { createConsole, interruptible, sayLine } from './console.ts'
import { fileOption, text } from './options.ts'

interface Flags {
  source: string
  yes: boolean
  file?: string
}

export function pruneCommand(): Command {
  return new Command('prune')
    .description('remove a source that has left the configuration, with everything that is known of it')
    .requiredOption('--source <url>', 'URL of the source, as the dashboard shows it, or `obis`', text)
    .option('--yes', 'remove it; without this, what would go is only listed', false)
    .addOption(fileOption('harvest configuration (YAML), to see that the source has left it'))
    .action(async (flags: Flags) => {
      process.exitCode = await prune(flags)
    })
}

async function prune(flags: Flags): Promise<number> {
  const environment = readEnvironment(process.env)
  const level = parseLogLevel(
    environment.LOG_LEVEL ?? environment.PREFECT_LOGGING_LEVEL ?? 'info',
    'the log level',
  )
  const { log } = createConsole({ level, time: true, progress: false })
  const say = sayLine
  const stop = interruptible()
  const lazy = lazyDatabase(databaseSettings(process.env), log, stop.signal)
  try {
    const database = await lazy.open()
    const held = await sourceHoldings(database)
    const found = heldSource(held, flags.source)
    const url = found?.erddapUrl ?? normalUrl(flags.source)
    refuseConfigured(url, flags.file)
    if (!found)
      throw new HarvesterError('SOURCE_UNKNOWN', `the database holds nothing of ${url}`, {
        remedy: `Name one of: ${held.map(({ erddapUrl }) => erddapUrl).join(', ') || '(there is none)'}`,
      })
    if (!flags.yes) {
      say(`Would remove ${url}: ${countsOf(found)}.`)
      say('Nothing was removed. To remove it, say --yes.')
      return exitCodes.done
    }
    const pruned = await pruneSource(database, url, {
      signal: stop.signal,
      log: (kind, message, facts = {}) => log[kind](facts, message),
    })
    say(
      `Removed ${url}: ${countsOf(pruned)}; ${amount(pruned.points, 'point')}, ${amount(pruned.hexagons, 'hexagon')} and ${amount(pruned.organizations, 'organization')} that nothing else uses.`,
    )
    for (const warning of pruned.warnings) say(`  ! ${warning}`)
    return exitCodes.done
  } catch (error) {
    const code = stop.exitCode()
    if (code !== null) return code
    throw error
  } finally {
    stop.dispose()
    await lazy.close()
  }
}

/** As it is stored, whatever an older version stored; else in the form in which addresses are read. */
function heldSource(held: readonly SourceHoldings[], named: string): SourceHoldings | undefined {
  const find = (url: string) => held.find(({ erddapUrl }) => erddapUrl === url)
  return find(named) ?? find(normalUrl(named))
}

/** @throws HarvesterError CONFIG_INVALID */
function normalUrl(named: string): string {
  return named.toLowerCase() === 'obis' ? obisUrl : normaliseSourceUrl(named)
}

function countsOf({ datasets, profiles, cells, skipped, attempts }: SourceHoldings): string {
  return `${amount(datasets, 'dataset')} with ${amount(profiles, 'profile')} and ${amount(cells, 'cell')}, ${amount(skipped, 'skipped dataset')}, ${amount(attempts, 'attempt')} of the audit`
}

/** The next harvest would only bring it back. */
function refuseConfigured(url: string, file: string | undefined): void {
  const request = { file, env: process.env, folder: process.cwd(), sourcesOptional: true }
  if (!findConfig(request)) return
  const config = readHarvestConfig(request)
  if (!config.sources.some((source) => source.url === url)) return
  throw new HarvesterError('USAGE', `${url} is a source of ${config.origin}: a harvest would bring it back`, {
    remedy: 'Take it out of the configuration first, then prune it.',
  })
}
