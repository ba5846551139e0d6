/** `harvester vocabularies update`: refreshes the list of CF standard names. */

import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Command } from 'commander'
import { type CfTableChange, compareCfTables, parseCfTable } from '../config/cf-table.ts'
import { loadVocabularies, vocabulariesFolder, writeCfStandardNames } from '../config/vocabularies.ts'
import { describeError, HarvesterError } from '../errors.ts'
import { createHttpClient } from '../http/client.ts'
import { sayLines } from './console.ts'
import { text } from './options.ts'

const cfTableUrl = 'https://cfconventions.org/Data/cf-standard-names/current/src/cf-standard-name-table.xml'
/** The table has 4.5 MB. */
const mostBytes = 64 * 1024 * 1024
const namesShown = 20

interface UpdateFlags {
  from?: string
  url: string
  folder: string
}

export function vocabulariesCommand(): Command {
  const update = new Command('update')
    .description('replace the list of CF standard names with that of the current table')
    .option('--from <file>', 'read the table (XML) from a file instead', text)
    .option('--url <url>', 'where the table is', cfTableUrl)
    .option('--folder <folder>', 'where the vocabularies are', vocabulariesFolder)
    .addHelpText(
      'after',
      '\nThe mapping of ocean variables and the platforms have no public source: edit their files.',
    )
    .action(async (flags: UpdateFlags) => {
      sayLines(await updateCfStandardNames(flags))
    })
  return new Command('vocabularies')
    .description('update the vocabularies that datasets are judged by')
    .addCommand(update)
}

/**
 * Reads, checks and writes the table; says what changed.
 * @throws USAGE (no such file), VOCABULARY_INVALID, WRITE_FAILED, and what the HTTP client throws
 */
export async function updateCfStandardNames({ from, url, folder }: UpdateFlags): Promise<string> {
  const present = loadVocabularies(folder)
  const next = parseCfTable(from === undefined ? await download(url) : await readTable(from))
  const change = compareCfTables(present.cfStandardNames, next)
  if (change.from === change.to && change.added.length + change.removed.length === 0)
    return `The list of CF standard names is that of version ${change.to} already.`
  const source = from === undefined ? url : `CF standard name table, file ${basename(from)}`
  const date = new Date().toISOString().slice(0, 10)
  const file = await writeCfStandardNames({ source, date, ...next }, folder)
  const known = new Set([...next.names, ...Object.keys(next.aliases)])
  const mapped = new Set(present.oceanVariables.flatMap(({ standardNames }) => standardNames))
  return report(change, { file, notInTable: [...mapped].filter((name) => !known.has(name)) })
}

function report(change: CfTableChange, { file, notInTable }: { file: string; notInTable: string[] }): string {
  return [
    `CF standard names: version ${change.from} → ${change.to}, written to ${file}.`,
    `  ${counted(change.added, 'added')}`,
    `  ${counted(change.removed, 'removed')}`,
    `  ${counted(notInTable, 'of ocean variables not in the table')}`,
  ].join('\n')
}

function counted(names: readonly string[], what: string): string {
  const shown = names.slice(0, namesShown).join(', ')
  const rest = names.length > namesShown ? `, … (${names.length - namesShown} more)` : ''
  return `${names.length} ${what}${shown === '' ? '' : `: ${shown}${rest}`}`
}

async function readTable(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > mostBytes) throw new Error(`it has ${size} bytes, more than ${mostBytes}`)
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new HarvesterError('USAGE', `${file} cannot be read: ${describeError(cause)}`, {
      remedy: 'Name the XML file of the CF standard name table with --from.',
      cause,
    })
  }
}

async function download(url: string): Promise<string> {
  const http = createHttpClient()
  try {
    return (await http.text({ url, maxBytes: mostBytes })).body
  } finally {
    await http.close()
  }
}
