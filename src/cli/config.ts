import { Command } from 'commander'
import { originOf } from '../app/dotenv.ts'
import { judge } from '../app/judge.ts'
import { action, type Parts } from '../app/open.ts'
import {
  defaultValue,
  type EnvironmentName,
  environmentVariables,
  givenValue,
} from '../config/environment.ts'
import { isSet } from '../config/given.ts'
import { findConfig, readHarvestConfig } from '../config/harvest.ts'
import { readYaml } from '../config/yaml.ts'
import { describeSettings } from '../database/settings.ts'
import { describeError, exitCodes, isHarvesterError } from '../errors.ts'
import { scrub } from '../log/secrets.ts'
import { TextTable } from '../log/table.ts'
import { amount } from '../text.ts'
import { sayLine, sayLines } from './console.ts'
import { fileOption } from './options.ts'

export function configCommand(): Command {
  const command = new Command('config').description('inspect the configuration')
  command
    .command('check')
    .description(
      'show what is configured, where each value came from, and everything that would keep a worker from starting; secrets are masked',
    )
    .addOption(fileOption())
    .option('--all', 'also show variables that are not set', false)
    .action(action(check, { judges: true, onStop: 'end' }))
  return command
}

/** Shows everything that can be read, then every fault that would keep a worker from starting. */
async function check(parts: Parts, flags: { file?: string; all: boolean }): Promise<number> {
  const { variables } = parts
  const { faults, warnings } = await judge({ file: flags.file, work: true, env: variables })
  showEnvironment(variables, flags.all)
  // What cannot be read is among the faults.
  const shown = [() => showHarvest(variables, flags.file), () => showDatabase(parts)]
  for (const show of shown)
    try {
      show()
    } catch (error) {
      if (!isHarvesterError(error)) throw error
    }
  if (warnings.length > 0) sayLines('')
  for (const warning of warnings) sayLine(`! ${scrub(warning)}`)
  for (const fault of faults) {
    sayLines(`\n✗ ${scrub(describeError(fault))}`)
    if (fault.remedy) sayLines(`  ${scrub(fault.remedy)}`)
  }
  sayLines(faults.length === 0 ? '\n✓ The configuration is usable.' : '')
  return faults.length === 0 ? exitCodes.done : exitCodes.usage
}

function showDatabase(parts: Parts): void {
  const described = scrub(describeSettings(parts.databaseSettings))
  sayLines(`\nDatabase\n  ${described}`)
}

function showEnvironment(variables: Parts['variables'], all: boolean): void {
  sayLines('Environment')
  const table = new TextTable({
    head: ['Variable', 'Value', 'From'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [30, 60, 13],
  })
  for (const [name, definition] of Object.entries(environmentVariables) as [
    EnvironmentName,
    { secret?: true; default?: string; alias?: string },
  ][]) {
    const given = givenValue(variables, name, definition)
    if (!isSet(given) && definition.default === undefined && !all) continue
    const value = isSet(given)
      ? definition.secret
        ? '***'
        : scrub(given)
      : (defaultValue(variables, name, definition) ?? '(not set)')
    table.push([
      name,
      value,
      isSet(given)
        ? originOf(isSet(variables[name]) ? name : (definition.alias ?? name))
        : definition.default === undefined
          ? ''
          : 'default',
    ])
  }
  sayLines(table.toString())
}

function showHarvest(variables: Parts['variables'], file: string | undefined): void {
  sayLines('\nHarvest configuration')
  const request = { file, env: variables, folder: process.cwd() }
  const found = findConfig(request)
  if (!found) {
    sayLines('  none')
    return
  }
  sayLines(`  from ${found.origin}`)
  const { settings, sources } = readHarvestConfig({ ...request, sourcesOptional: true })
  const written = readYaml(found.text).value as Record<string, unknown> | undefined
  const table = new TextTable({
    head: ['Key', 'Value', 'From'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [34, 56, 13],
  })
  for (const [key, value] of Object.entries(settings)) {
    if (key === 'erddap_urls' || value === undefined) continue
    table.push([
      key,
      scrub(typeof value === 'object' ? JSON.stringify(value) : String(value)),
      written && key in written ? 'file' : 'default',
    ])
  }
  sayLines(table.toString())
  sayLines('\nSources')
  for (const source of sources) {
    const limits =
      'concurrency' in source
        ? `, ${source.concurrency} at a time${source.cron ? `, ${source.cron}` : ''}`
        : 'datasetIds' in source
          ? `, ${amount(source.datasetIds.length, 'dataset')}`
          : ''
    sayLines(`  ${source.slug}  ${source.url}${limits}`)
  }
}
