/** `harvester compare`: which datasets two indexes hold differently, for whoever moves from one to the other. */
import { Command } from 'commander'
import { action, type Parts } from '../app/open.ts'
import { openDatabase } from '../database/open.ts'
import { databaseSettings } from '../database/settings.ts'
import { exitCodes } from '../errors.ts'
import { compare, renderComparison } from '../operate/compare/compare.ts'
import { type Holdings, holdingsOfDatabase, holdingsOfFolder } from '../operate/compare/holdings.ts'
import { registerSecrets } from '../secrets.ts'
import { sayJson, sayLines } from './console.ts'

export function compareCommand(): Command {
  return new Command('compare')
    .description('compare two indexes, run folders or databases: which datasets differ, and why')
    .argument(
      '<old>',
      'a folder with the CSVs of a run, the URL of a database, or `database` for the configured one',
    )
    .argument('<new>', 'the same')
    .option('--json', 'as JSON', false)
    .addHelpText(
      'after',
      `
Examples:
  harvester compare harvest/python/20260101_050000 harvest/full/20260101_060000
  harvester compare postgresql://reader@db.example.org/cde database

Addresses of servers are compared without their case, scheme and last slash. Nothing is changed.
Exit codes: 0 the same, 1 something differs, 2 wrong usage.`,
    )
    .action(action(compareIndexes))
}

async function compareIndexes(
  parts: Parts,
  old: string,
  next: string,
  flags: { json: boolean },
): Promise<number> {
  const before = await holdingsOf(parts, old)
  const result = compare(before, await holdingsOf(parts, next))
  if (flags.json) sayJson(result)
  else sayLines(renderComparison(result))
  return result.differences.length === 0 ? exitCodes.done : exitCodes.failed
}

async function holdingsOf({ variables, signal }: Parts, place: string): Promise<Holdings> {
  const isUrl = /^postgres(ql)?:\/\//.test(place)
  if (!isUrl && place !== 'database') return holdingsOfFolder(place)
  if (isUrl) registerSecrets([place])
  const settings = databaseSettings(isUrl ? { ...variables, DATABASE: '', DATABASE_URL: place } : variables)
  const database = await openDatabase(settings, {
    readOnly: true,
    applicationName: 'erddap-harvester compare',
    signal,
  })
  try {
    return await holdingsOfDatabase(database)
  } finally {
    await database.close()
  }
}
