/**
 * Writes what is made from the code: .env.sample, docs/configuration.md, docs/columns.md, docs/errors.md,
 * docker-compose.coolify.yml, the table of rooms in docs/architecture.md, and that of metrics in docs/dashboard.md.
 * Run it with `npm run docs`; tests hold the files current.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Gauge } from 'prom-client'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import {
  composeVariables,
  type DocumentedVariable as Variable,
  withoutEffectInCompose,
} from '../src/config/compose-variables.ts'
import { environmentVariables, standardVariables } from '../src/config/environment.ts'
import { harvestSchema, obsoleteKeys, sourceSchema } from '../src/config/harvest-schema.ts'
import { stepSchema } from '../src/config/operations-schema.ts'
import { errorCodes, exitCodes } from '../src/errors.ts'
import { type Column, mergeRoles } from '../src/inventory/column.ts'
import { contract } from '../src/inventory/contract.ts'
import { harvestMetrics } from '../src/log/metrics.ts'
import { apiMetrics } from '../src/serve/metrics.ts'
import { roomTable } from '../test/architecture/rooms.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const note = 'Made by `npm run docs`: do not edit here.'

/** Every documented variable, in the order of the groups. */
export function documentedVariables(): [string, Variable][] {
  const all = Object.entries<Variable>({ ...environmentVariables, ...standardVariables, ...composeVariables })
  const groups = [...new Set(all.map(([, { group }]) => group))]
  return groups.flatMap((group) => all.filter(([, variable]) => variable.group === group))
}

export function envSample(): string {
  const lines = [
    `# Copy this file to .env and remove the # before what you set. ${note}`,
    '# Blank counts as unset. What the environment says already wins over .env; what it leaves blank does not.',
    '# It is read as Docker Compose reads it. Put a value between single quotes where it has a quote, a $, a # after a',
    "# blank, or several lines: NAME='a value'. Without quotes a # belongs to the value unless a blank stands before it.",
    '# With Docker Compose DB_PASSWORD, PREFECT_API_AUTH_STRING and HARVEST_CONFIG_YAML (or HARVEST_CONFIG_B64, or BAKED_HARVEST_CONFIG) are needed.',
  ]
  let group = ''
  for (const [name, variable] of documentedVariables()) {
    if (variable.group !== group) {
      group = variable.group
      lines.push('', `# ---- ${group} ----`)
    }
    lines.push('', `# ${variable.meaning}${variable.secret ? ' Secret.' : ''}`)
    lines.push(`# Default: ${variable.default ?? 'none'}`)
    const reason = withoutEffectInCompose[name]
    if (reason !== undefined) lines.push(`# No effect with docker-compose.yml: ${reason}.`)
    const shown = variable.example ?? variable.default ?? ''
    lines.push(`# ${name}=${/[\s#{"]/.test(shown) ? `'${shown}'` : shown}`)
  }
  return `${lines.join('\n')}\n`
}

export function configurationPage(): string {
  const lines = [
    '# Configuration',
    '',
    `<!-- ${note} -->`,
    '',
    'A command takes what it needs from its flags, then the environment (and `.env` of the working folder), then the',
    'harvest configuration, then the defaults below. Everything is checked before anything starts: every unknown key',
    'and bad value is named at once. `harvester config check` does that alone.',
    '',
    '`.env` is a file in UTF-8 of lines `NAME=value`, read as Docker Compose reads it. A value with a quote, a `$`, a `#`',
    "after a blank, or several lines stands between single quotes: `DB_PASSWORD='a #1 $ecret'`. A `.env` that cannot be",
    'read, or has a line that is not understood, ends every command with `CONFIG_INVALID` and the number of the line.',
    '',
    '## The harvest configuration',
    '',
    'A YAML file: `-f FILE`, else the YAML itself in `HARVEST_CONFIG_YAML`, else the file that `HARVEST_CONFIG_FILE`',
    'names, else `config/harvest.yaml`. Begin with a copy of `config/harvest.sample.yaml`. Empty values mean the default.',
    '',
    ...schemaTable(harvestSchema),
    '',
    '### A source',
    '',
    'An entry of `erddap_urls` is an address, or an object with these keys:',
    '',
    ...schemaTable(sourceSchema),
    '',
    'A file `skipped_datasets.json` beside the configuration, as `{"erddap.example.org": ["dataset_id"]}`, adds to',
    '`skip_dataset_ids` by host; all that it says of one host counts, for every server there.',
    '',
    '### A step after a harvest',
    '',
    'An entry of `after_success` has one of the keys `refresh_views`, `flush_redis`, `webhook`, `deployment` and',
    '`command`, and may have a `name`:',
    '',
    ...schemaTable(stepSchema),
    '',
    '### Keys of older configurations',
    '',
    'They are accepted with a warning and do nothing:',
    '',
    '| key | instead |',
    '| --- | --- |',
    ...Object.entries(obsoleteKeys).map(([key, instead]) => `| \`${key}\` | ${instead} |`),
    '',
    '## Environment variables',
    '',
    'Blank counts as unset. Truth values are true, false, 1, 0, yes or no.',
  ]
  let group = ''
  for (const [name, variable] of documentedVariables()) {
    if (variable.group !== group) {
      group = variable.group
      lines.push('', `### ${group}`, '')
      if (group === 'Compose')
        lines.push('Read by the Compose files; `BIND_ADDRESS` by the dashboard too.', '')
      lines.push('| variable | meaning | default | example |', '| --- | --- | --- | --- |')
    }
    const meaning = `${variable.meaning}${variable.secret ? ' Secret.' : ''}`
    lines.push(`| \`${name}\` | ${cell(meaning)} | ${code(variable.default)} | ${code(variable.example)} |`)
  }
  return `${lines.join('\n')}\n`
}

interface Schema {
  type?: string
  description?: string
  enum?: unknown[]
  minimum?: number
  maximum?: number
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
}

function schemaTable(root: z.ZodType): string[] {
  const rows = (schema: z.ZodType, properties: Record<string, Schema>, prefix: string): string[] =>
    Object.entries(properties).flatMap(([key, property]) => {
      const own = shapeOf(schema)[key] as z.ZodType
      const shown = property.properties ? undefined : JSON.stringify(defaultOf(own))
      return [
        `| \`${prefix}${key}\` | ${typeOf(property)} | ${cell(property.description ?? '')} | ${code(shown)} |`,
        ...(property.properties ? rows(own, property.properties, `${prefix}${key}.`) : []),
      ]
    })
  const schema = z.toJSONSchema(root, { io: 'input', unrepresentable: 'any' }) as Schema
  return [
    '| key | value | meaning | default |',
    '| --- | --- | --- | --- |',
    ...rows(root, schema.properties ?? {}, ''),
  ]
}

/** What a key that is left out becomes: the JSON schema knows no default behind a transformation. */
function defaultOf(schema: z.ZodType): unknown {
  const read = schema.safeParse(undefined)
  return read.success ? read.data : undefined
}

function shapeOf(schema: z.ZodType): Readonly<Record<string, unknown>> {
  if (schema instanceof z.ZodObject) return schema.shape
  return shapeOf((schema as unknown as { unwrap(): z.ZodType }).unwrap())
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ')
  if (schema.anyOf) return 'address or object'
  if (schema.type === 'array') {
    if (schema.items?.enum) return `list of ${typeOf(schema.items)}`
    if (schema.items?.properties) return 'list of objects'
    return schema.items?.anyOf ? 'list' : `list of ${typeOf(schema.items ?? {})}s`
  }
  if (schema.type === 'object') return 'keys below'
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'integer') return 'whole number'
  return schema.type === 'string' || schema.type === 'number' ? schema.type : 'text'
}

export function errorsPage(): string {
  const meanings: Record<keyof typeof exitCodes, string> = {
    done: 'Done; also where some datasets failed, unless `--strict` is given. Services end so when they are stopped.',
    failed: 'Failed.',
    usage: 'Wrong usage, configuration or parameters; nothing was done.',
    interrupted: 'Interrupted by Ctrl-C.',
    terminated: 'A one-shot command was ended by SIGTERM.',
  }
  return `${[
    '# Errors and exit codes',
    '',
    `<!-- ${note} -->`,
    '',
    'Every error has a stable code. Its message says what went wrong and where; the line after it says what to do.',
    'Why a single dataset was not harvested is another matter: reason codes are explained by the dashboard and by',
    '`harvester explain`.',
    '',
    '| exit code | meaning |',
    '| --- | --- |',
    ...Object.entries(exitCodes).map(
      ([name, value]) => `| ${value} | ${meanings[name as keyof typeof exitCodes]} |`,
    ),
    '',
    '| code | exit code | when |',
    '| --- | --- | --- |',
    ...Object.entries(errorCodes).map(([name, [exit, when]]) => `| \`${name}\` | ${exit} | ${cell(when)} |`),
  ].join('\n')}\n`
}

type Compose = {
  name?: string
  services: Record<string, Record<string, unknown>>
  volumes: Record<string, unknown>
}

/** Addresses that Coolify gives to services, by the port inside. */
export const coolifyAddresses: Record<string, string> = {
  prefect: 'SERVICE_URL_PREFECT_4200',
  dashboard: 'SERVICE_URL_DASHBOARD_8098',
}

/**
 * The base without ports, in the plain form that Coolify reads: no anchors, no extension fields, environment as a list;
 * and no sentence in `${NAME:?…}`, since Coolify takes what stands there as the value to begin with.
 */
export function coolifyCompose(): string {
  const base = parse(readFileSync(`${root}docker-compose.yml`, 'utf8'), { merge: true }) as Compose
  const services = Object.fromEntries(
    Object.entries(base.services).map(([name, { ports: _, environment, ...service }]) => [
      name,
      {
        ...service,
        environment: [
          ...(coolifyAddresses[name] ? [coolifyAddresses[name]] : []),
          ...Object.entries(environment as Record<string, string>).map(([key, value]) => `${key}=${value}`),
        ],
      },
    ]),
  )
  const text = stringify(
    { services, volumes: Object.fromEntries(Object.keys(base.volumes).map((volume) => [volume, {}])) },
    // Version 1.1 quotes what older parsers take for a truth value, as no.
    { aliasDuplicateObjects: false, lineWidth: 0, version: '1.1' },
  )
  return [
    '# For Coolify: docker-compose.yml without published ports. See docs/deployment.md.',
    `# ${note}`,
    text
      .replaceAll(/\$\{(\w+):\?[^}]*\}/g, (_, name: string) => `\${${name}:?}`)
      // Coolify gives the dashboard a public address.
      .replaceAll('${HARVEST_TRIGGER_TOKEN:-}', '${HARVEST_TRIGGER_TOKEN:?}')
      // Its proxy asks from a network of Docker; nobody else reaches a service without a port.
      .replaceAll(
        '${HARVESTER_TRUSTED_PROXIES:-}',
        '${HARVESTER_TRUSTED_PROXIES:-10.0.0.0/8,172.16.0.0/12,192.168.0.0/16}',
      )
      // Coolify takes for the value to begin with what stands behind `:-`, a second name as it is written.
      .replaceAll(
        /\$\{(\w+):-\$\{\w+:-([^}]*)\}\}/g,
        (_, name: string, value: string) => `\${${name}:-${value}}`,
      )
      .replaceAll(/PREFECT_UI_URL=\S+/g, 'PREFECT_UI_URL=$SERVICE_URL_PREFECT')
      .replaceAll(/HARVESTER_PUBLIC_URL=\S+/g, 'HARVESTER_PUBLIC_URL=$SERVICE_URL_DASHBOARD'),
  ].join('\n')
}

/** Every made file, by its path from the root. */
export function generated(): Map<string, string> {
  return new Map([
    ['.env.sample', envSample()],
    ['docs/architecture.md', architecturePage()],
    ['docs/dashboard.md', dashboardPage()],
    ['docs/configuration.md', configurationPage()],
    ['docs/columns.md', columnsPage()],
    ['docs/errors.md', errorsPage()],
    ['docker-compose.coolify.yml', coolifyCompose()],
  ])
}

/** The page as it is, with the table of rooms that the test of imports holds. */
function architecturePage(): string {
  return withTable('docs/architecture.md', 'rooms', roomTable())
}

/** The page as it is, with the metrics as the program tells Prometheus of them. */
function dashboardPage(): string {
  // What is told at a scrape is asked for then: here only the names are.
  const { registry: api } = apiMetrics({} as never, {} as never)
  const { registry: own } = harvestMetrics({ process: false })
  const rows = [api, own].flatMap((registry) =>
    registry.getMetricsAsArray().map((metric) => {
      const { name, help, labelNames } = metric as typeof metric & { labelNames: readonly string[] }
      const ofSite = registry === api && metric instanceof Gauge
      return {
        ofSite,
        row: `| \`${name}\` | ${labelNames.map(code).join(', ')} | ${cell(help)} | ${ofSite ? 'yes' : ''} |`,
      }
    }),
  )
  const ordered = [...rows.filter(({ ofSite }) => ofSite), ...rows.filter(({ ofSite }) => !ofSite)]
  const head = ['| metric | labels | meaning | of the site |', '| --- | --- | --- | --- |']
  return withTable('docs/dashboard.md', 'metrics', [...head, ...ordered.map(({ row }) => row)].join('\n'))
}

function withTable(path: string, name: string, table: string): string {
  const page = readFileSync(`${root}${path}`, 'utf8')
  const [start, end] = [`<!-- ${name}: made by \`npm run docs\` -->\n`, `<!-- end of ${name} -->`]
  const from = page.indexOf(start) + start.length
  return `${page.slice(0, from)}\n${table}\n\n${page.slice(page.indexOf(end))}`
}

function columnsPage(): string {
  const tables = Object.entries(contract).flatMap(([table, columns]) => [
    `## ${table}.csv`,
    '',
    '| column | type | may be empty | in a merge | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries<Column>(columns).map(
      ([name, { type, needed, role, meaning }]) =>
        `| ${code(name)} | ${type} | ${needed ? 'no' : 'yes'} | ${role} | ${cell(meaning)} |`,
    ),
    '',
  ])
  const roles = Object.entries(mergeRoles).map(([role, meaning]) => `| ${role} | ${meaning} |`)
  return `<!-- ${note} -->

# Columns

The files of a run folder, and what the loader does with their columns. Files are UTF-8 with LF, times are
\`YYYY-MM-DDTHH:MM:SSZ\`, lists are JSON, and an empty cell is NULL. All are said once, in
\`src/inventory/contract.ts\`.

| in a merge | meaning |
| --- | --- |
${roles.join('\n')}

${tables.join('\n')}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${cell(text)}\``
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, text] of generated()) writeFileSync(`${root}${path}`, text)
