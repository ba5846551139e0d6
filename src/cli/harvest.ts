import { Command } from 'commander'
import { action, logLevelOf, type Parts } from '../app/open.ts'
import { openReports } from '../app/reports.ts'
import { createProcess } from '../app/services.ts'
import { defaultTagLimits } from '../config/deployments-file.ts'
import { readHarvestConfig } from '../config/harvest.ts'
import { findSource } from '../config/source.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { harvestSourceFlow } from '../flows/harvest-source.ts'
import { RunSummary } from '../log/summary.ts'
import { createLocalBackend, memoryStore, runFlow } from '../runs/index.ts'
import { sayLine, sayLines } from './console.ts'
import { fileOption, list, logLevelOption, text } from './options.ts'

export interface HarvestFlags {
  file?: string
  url?: string[]
  source?: string
  datasetId?: string[]
  folder?: string
  load: boolean
  force: boolean
  full: boolean
  strict: boolean
  allowPrune: boolean
  acceptCatalogue: boolean
  ckanUrl?: string
  logLevel?: string
}

export function harvestCommand(): Command {
  return new Command('harvest')
    .description('harvest ERDDAP servers once: fetch, join CKAN, write CSVs, load the database')
    .addOption(fileOption())
    .option(
      '--url <url>',
      'an ERDDAP server, instead of those of the configuration; may be repeated',
      list(text),
    )
    .option('--source <name>', 'only this configured source, by URL, host or slug', text)
    .option('--dataset-id <id>', 'only this dataset; may be repeated', list(text))
    .option('--folder <path>', 'where the CSVs go', text)
    .option('--no-load', 'write the CSVs only; no database is started')
    .option('--force', 'also harvest datasets that have not changed', false)
    .option('--full', 'reload everything: what no source holds any more leaves the index', false)
    .option('--allow-prune', 'remove more than the share of a source that the limits allow', false)
    .option(
      '--accept-catalogue',
      'believe a CKAN catalogue that lacks many of the records that the index has',
      false,
    )
    .option('--strict', 'exit with 1 if any dataset failed', false)
    .option('--ckan-url <url>', 'the CKAN catalogue', text)
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      `
Examples:
  harvester harvest --url https://erddap.example.org/erddap
  harvester harvest -f config/harvest.yaml --source erddap.example.org --no-load

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.`,
    )
    .action(action(harvest))
}

/** What the flags are when none is given. */
export const harvestDefaults: HarvestFlags = {
  load: true,
  force: false,
  full: false,
  strict: false,
  allowPrune: false,
  acceptCatalogue: false,
}

export async function harvest(own: Parts, flags: HarvestFlags): Promise<number> {
  if (flags.full && flags.source !== undefined) {
    throw new HarvesterError('USAGE', '--full reloads all sources, --source names one', {
      remedy: 'Leave one of them out.',
    })
  }
  const { environment, signal } = own
  const config = readHarvestConfig({
    file: flags.file,
    urls: flags.url,
    env: own.variables,
    folder: process.cwd(),
  })
  if (flags.folder !== undefined) config.settings.folder = flags.folder
  if (flags.ckanUrl !== undefined) config.settings.ckan_url = catalogueUrl(flags.ckanUrl)
  if (flags.source !== undefined) findSource(config.sources, flags.source)
  const level = logLevelOf(environment, flags.logLevel, config.settings)
  const { log, bars } = own.console({ level, time: config.settings.log_time, progress: true })
  for (const warning of config.warnings) log.warn({ config: config.origin }, warning)
  const summary = new RunSummary()
  const database = flags.load ? own.database(log) : null
  const reports = await openReports(environment, null, log)
  own.closing.add(() => reports?.close())
  const parts = await createProcess({
    environment,
    config,
    log,
    database,
    orchestrator: null,
    oneShot: true,
    listeners: [summary.listen, ...(bars ? [bars.listen] : [])],
  })
  own.closing.add(() => parts.close())
  const backend = createLocalBackend({ store: memoryStore(), tagLimits: defaultTagLimits })
  // One configured server is a run of that source; several are one run over all.
  const [only, ...others] = config.sources
  const source = flags.full ? null : (flags.source ?? (only && others.length === 0 ? only.url : null))
  const result = await runFlow(
    backend,
    harvestSourceFlow(parts.services),
    {
      source,
      force: flags.force,
      dataset_ids: flags.datasetId ?? null,
      incremental: flags.full ? false : null,
      allow_prune: flags.allowPrune,
      accept_catalogue: flags.acceptCatalogue,
    },
    {
      signal,
      createdBy: 'cli',
      logLevel: level,
      ...(reports && { onEvent: reports.onEvent }),
      onLog: bars ? (line) => (line.level === 'info' ? undefined : parts.onLog(line)) : parts.onLog,
    },
  )
  bars?.stop()
  if (signal.aborted) return exitCodes.failed
  if (result.state !== 'COMPLETED' && result.error instanceof HarvesterError && !summary.folder)
    throw result.error
  sayLines(summary.render(process.stdout.columns))
  sayLine(`${result.state === 'COMPLETED' ? 'Completed' : 'Failed'}: ${result.message}`)
  if (result.state !== 'COMPLETED')
    return result.error instanceof HarvesterError ? result.error.exitCode : exitCodes.failed
  return flags.strict && summary.errorCount > 0 ? exitCodes.failed : exitCodes.done
}

function catalogueUrl(text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text
  throw new HarvesterError('USAGE', `--ckan-url: "${text}" is not an http or https address`, {
    remedy: 'Write it whole, as https://catalogue.example.org',
  })
}
