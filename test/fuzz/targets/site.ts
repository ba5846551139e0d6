/** What a site writes: configuration, deployments, environment, arguments; and run folders, whoever wrote them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type Command, CommanderError } from 'commander'
import { parseCfTable } from '../../../src/config/cf-table.ts'
import { readDeclaration, shippedDeploymentsFile } from '../../../src/config/deployments-file.ts'
import { environmentVariables, readEnvironment } from '../../../src/config/environment.ts'
import { readHarvestConfig } from '../../../src/config/harvest.ts'
import { databaseSettings } from '../../../src/database/settings.ts'
import { type TableName, tableColumns } from '../../../src/inventory/contract.ts'
import { readChecked } from '../../../src/inventory/load/read.ts'
import { prefectSettings } from '../../../src/runs/index.ts'
import { dataset, profile, writeRunFolder } from '../../support/run-folder.ts'
import { bytesOf, type Target, utf8 } from '../target.ts'

const root = resolve(import.meta.dirname, '../../..')
const sample = (name: string) => readFileSync(join(root, 'config', name))
const yamlTokens = [
  'erddap_urls:',
  '- url: ',
  'concurrency: ',
  'after_success:',
  'alerts:',
  'prune:',
  '  ',
  ': ',
  '- ',
  '|\n',
  '>-\n',
  '&a',
  '*a',
  '{{ source.slug }}',
  '{{ $HARVESTER_CRON }}',
  '0 5 * * *',
  'yes',
  '~',
  'https://a.example/erddap',
  '[',
  ']',
  '2024-01-01',
  '0o17',
  '1e3',
  '.inf',
]

const configuration: Target = {
  name: 'configuration',
  what: 'the harvest configuration (YAML)',
  corpus: [
    sample('harvest.sample.yaml'),
    sample('harvest.production.yaml'),
    bytesOf(
      'erddap_urls:\n  - https://a.example/erddap\n  - url: https://b.example/erddap\n    concurrency: 3\n    cron: "0 5 * * *"\nprune: { missing_runs: 2 }\n',
    ),
    bytesOf(
      'obis_dataset_ids: [2d8e2ad2-5c9c-4f2f-9b5d-3d7e5d3f0f4e]\nafter_success:\n  - webhook: { url_env: A }\n',
    ),
  ],
  tokens: yamlTokens,
  errors: ['CONFIG_INVALID', 'CONFIG_NOT_FOUND', 'SOURCE_UNKNOWN'],
  weight: 3,
  parse(input) {
    readHarvestConfig({ env: { HARVEST_CONFIG_YAML: utf8(input) }, folder: tmpdir() })
  },
}

const deployments: Target = {
  name: 'deployments',
  what: 'the file of deployments (YAML)',
  corpus: [
    readFileSync(shippedDeploymentsFile),
    bytesOf(
      'deployments:\n  - name: a-{{ source.slug }}\n    entrypoint: x:Harvest Source\n    work_pool: { name: p }\ntag_limits: { database: 3 }\n',
    ),
  ],
  tokens: [
    ...yamlTokens,
    'deployments:',
    'entrypoint:',
    'work_pool:',
    'tag_limits:',
    'concurrency_limit:',
    'schedules:',
  ],
  errors: ['CONFIG_INVALID'],
  weight: 3,
  parse(input) {
    readDeclaration({
      text: utf8(input),
      origin: 'deployments.yaml',
      environment: readEnvironment({}),
      sources: readHarvestConfig({ env: {}, urls: ['https://a.example/erddap'], folder: tmpdir() }).sources,
    })
  },
}

const variableNames = [
  ...Object.keys(environmentVariables),
  'DATABASE_URL',
  'DB_HOST',
  'DB_PORT',
  'DB_NAME',
  'DB_USER',
  'PREFECT_API_URL',
  'HTTP_PROXY',
]
const environment: Target = {
  name: 'environment',
  what: 'environment variables',
  corpus: [
    bytesOf(
      'HARVESTER_HTTP_PORT=8098\nHARVESTER_CRON=0 5 * * *\nHARVESTER_TZ=America/Halifax\nRUN_ON_DEPLOY=yes',
    ),
    bytesOf(
      'DATABASE_URL=postgresql://u:p@h:5432/d?sslmode=require\nDATABASE=embedded\nHARVESTER_BASE_PATH=/a',
    ),
    bytesOf(
      'DB_HOST=h\nDB_NAME=n\nDB_USER=u\nDB_PASSWORD=p\nDB_PORT=5432\nDB_SSLMODE=verify-full\nPREFECT_API_URL=http://a:b@h:4200/api',
    ),
    bytesOf(
      'SMTP_URL=smtp://u:p@h:587\nALERT_EMAIL_TO=a@b.example\nALERT_WEBHOOK_URL=https://a.example/x\nHARVESTER_PUBLIC_URL=https://a.example',
    ),
  ],
  tokens: [
    ...variableNames.map((name) => `\n${name}=`),
    'true',
    'embedded',
    'postgresql://',
    '%zz',
    '?sslmode=',
    '65536',
  ],
  errors: ['CONFIG_INVALID', 'USAGE'],
  weight: 10,
  parse(input) {
    const variables = Object.fromEntries(
      utf8(input)
        .split('\n')
        .map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1).replaceAll('\0', '')]),
    )
    const faults: unknown[] = []
    for (const read of [readEnvironment, databaseSettings, prefectSettings])
      try {
        read(variables)
      } catch (error) {
        faults.push(error)
      }
    for (const fault of faults) if (!(fault instanceof Error) || fault.name !== 'HarvesterError') throw fault
    if (faults.length > 0) throw faults[0]
  },
}

/** The commands with nothing behind them: what is tried is how words become options. */
async function commands(): Promise<Command[]> {
  const folder = join(root, 'src/cli')
  const made: Command[] = []
  for (const file of readdirSync(folder).sort()) {
    const module = (await import(join(folder, file))) as Record<string, unknown>
    for (const [name, make] of Object.entries(module))
      if (name.endsWith('Command') && typeof make === 'function' && make.length === 0)
        made.push(idle(make() as Command))
  }
  return made
}

function idle(command: Command): Command {
  command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} })
  // A command whose parts have the say may have an action of its own besides (`limits` lists).
  const { _actionHandler: own } = command as unknown as { _actionHandler: unknown }
  if (command.commands.length === 0 || own !== null) command.action(() => {})
  for (const part of command.commands) idle(part)
  return command
}

// Before the first case, which would else be charged with compiling them.
const known = await commands()
const lines = [
  '-f harvest.yaml --url https://a.example/erddap --dataset-id a --folder out --no-load --force',
  '--source a --from 2024-01-01 --to 2024-02-01 --every 1d --jobs 3 --dry-run',
  'set tag:database 3',
  'start -n 3',
  '--older-than 90d --state failed --json',
  '--timeout 5m --interval 10s --fresh 2024-01-01T00:00:00Z',
  '--all --prune --alerts',
  '--count 5 --since 2024-01-01 --limit 10',
]
const args: Target = {
  name: 'arguments',
  what: 'arguments of every command',
  corpus: lines.map((line) => bytesOf(line.replaceAll(' ', '\n'))),
  tokens: lines.flatMap((line) => line.split(' ')).map((word) => `\n${word}`),
  errors: ['USAGE', 'CONFIG_INVALID', 'PARAMETERS_INVALID', 'SOURCE_UNKNOWN'],
  weight: 10,
  async parse(input, random) {
    const command = known[Math.floor(random() * known.length)] as Command
    try {
      await command.parseAsync(utf8(input).split('\n'), { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
    }
  },
}

const files = [
  'datasets',
  'profiles',
  'obis_cells',
  'skipped',
  'verified',
  'ckan',
  'harvest_runs',
  'harvest_attempts',
] as const
let folder: string | null = null
const written = await writeRunFolder({
  datasets: [dataset('a'), dataset('b', { title: 'x,"y"\nz' })],
  profiles: [profile('a', 's'), profile('b', 't')],
  skipped: [{ dataset_id: 'c', reason_code: 'ON_SKIP_LIST' }],
  ckan: [{ dataset_id: 'a', ckan_id: 'r' }],
})
const runFolder: Target = {
  name: 'run-folder',
  what: 'CSVs of a run folder, for the loader',
  corpus: files.map((name) => readFileSync(join(written, `${name}.csv`))),
  tokens: [
    ...Object.values(tableColumns).flat(),
    '2020-01-01T00:00:00Z',
    '["a"]',
    '90.00001',
    '-180',
    '\n,,,,\n',
    '\u0000',
  ],
  errors: ['FOLDER_UNREADABLE'],
  weight: 4,
  async parse(input) {
    folder ??= mkdtempSync(join(tmpdir(), 'fuzz-folder-'))
    const header = utf8(input.subarray(0, 500)).split('\n', 1)[0] ?? ''
    const file = (files.find((name) => header.startsWith(tableColumns[name].slice(0, 3).join(','))) ??
      'profiles') as TableName
    writeFileSync(join(folder, `${file}.csv`), input)
    for await (const { cells, faults } of readChecked(folder, file))
      for (const cell of cells)
        if (faults.length === 0 && typeof cell === 'string' && cell.includes('\0'))
          throw new Error('NUL would be copied')
  },
  close() {
    rmSync(dirname(written), { recursive: true, force: true })
    if (folder !== null) rmSync(folder, { recursive: true, force: true })
  },
}

const names = Array.from({ length: 1000 }, (_, at) => `<entry id="name_${at}"></entry>`).join('')
const xml: Target = {
  name: 'xml',
  what: 'the CF standard name table (XML)',
  corpus: [
    bytesOf(
      '<standard_name_table><version_number>90</version_number><last_modified>x</last_modified><entry id="a"><canonical_units>K</canonical_units></entry><alias id="b"><entry_id>a</entry_id></alias></standard_name_table>',
    ),
    bytesOf(
      `<?xml version="1.0"?><standard_name_table><version_number>90</version_number>${names}<alias id="b"><entry_id>name_1</entry_id></alias></standard_name_table>`,
    ),
  ],
  tokens: [
    '<entry id="',
    '</entry>',
    '<alias',
    '<!DOCTYPE a [',
    '<!ENTITY a "b">',
    ']>',
    '&a;',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '<?xml',
    '?>',
    'xmlns:a="b"',
    ' id="__proto__"',
  ],
  errors: ['VOCABULARY_INVALID'],
  weight: 1,
  parse: (input) => void parseCfTable(utf8(input)),
}

export const siteTargets: readonly Target[] = [configuration, deployments, environment, args, runFolder, xml]
