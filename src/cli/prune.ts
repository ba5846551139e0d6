import { Command } from 'commander'
import { action, logLevelOf, type Parts } from '../app/open.ts'
import { findConfig, readHarvestConfig } from '../config/harvest.ts'
import { normaliseSourceUrl, obisUrl } from '../config/source.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { pruneSource, type SourceHoldings, sourceHoldings } from '../inventory/prune-source.ts'
import { amount } from '../text.ts'
import { sayLine } from './console.ts'
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
    .option('--yes', 'remove it; without this, only list what would go', false)
    .addOption(fileOption('harvest configuration (YAML), to see that the source has left it'))
    .action(action(prune))
}

async function prune(parts: Parts, flags: Flags): Promise<number> {
  const { environment, signal } = parts
  const { log } = parts.console({ level: logLevelOf(environment) })
  const say = sayLine
  const database = await parts.database(log)()
  const held = await sourceHoldings(database)
  const found = heldSource(held, flags.source)
  const url = found?.erddapUrl ?? normalUrl(flags.source)
  refuseConfigured(parts, url, flags.file)
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
    signal,
    log: (kind, message, facts = {}) => log[kind](facts, message),
  })
  say(
    `Removed ${url}: ${countsOf(pruned)}; ${amount(pruned.points, 'point')}, ${amount(pruned.hexagons, 'hexagon')} and ${amount(pruned.organizations, 'organization')} that nothing else uses.`,
  )
  for (const warning of pruned.warnings) say(`  ! ${warning}`)
  return exitCodes.done
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
function refuseConfigured({ variables }: Parts, url: string, file: string | undefined): void {
  const request = { file, env: variables, folder: process.cwd(), sourcesOptional: true }
  if (!findConfig(request)) return
  const config = readHarvestConfig(request)
  if (!config.sources.some((source) => source.url === url)) return
  throw new HarvesterError('USAGE', `${url} is a source of ${config.origin}: a harvest would bring it back`, {
    remedy: 'Take it out of the configuration first, then prune it.',
  })
}
