/** What the pages say of names, numbers and shapes, held against the code that they speak of. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command, Option } from 'commander'
import { beforeAll, describe, expect, it } from 'vitest'
import { documentedVariables } from '../../scripts/generate-docs.ts'
import { commands } from '../../src/cli/commands.ts'
import { composeVariables } from '../../src/config/compose-variables.ts'
import { harvestSchema } from '../../src/config/harvest-schema.ts'
import { alertsSchema, waitForSchema } from '../../src/config/operations-schema.ts'
import type { Database } from '../../src/database/port.ts'
import { exitCodes } from '../../src/errors.ts'
import { summarise } from '../../src/flows/after-success/summary.ts'
import { alertMessage } from '../../src/operate/alerts/message.ts'
import { automationNames } from '../../src/runs/prefect/automations.ts'
import { buildApp } from '../../src/serve/app.ts'
import { settingsOf } from '../../src/serve/options.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
const all = pages.map(read).join('\n')

describe('commands', () => {
  /** By the words that name it. */
  const known = new Map<string, Command>()
  beforeAll(async () => {
    for (const [name, load] of Object.entries(commands)) {
      const command = await load()
      known.set(name, command)
      for (const part of command.commands) known.set(`${name} ${part.name()}`, part)
    }
  })

  it('are all in the table of the README, and no other is', () => {
    const rows = [...read('README.md').matchAll(/^\| (`harvester .*?) \|/gm)].map(([, first]) => first!)
    const named = rows.flatMap((row) => [...row.matchAll(/`harvester ([a-z]+)/g)].map(([, name]) => name!))
    expect([...new Set(named)].sort()).toEqual(Object.keys(commands).sort())
  })

  it.each(pages)('are given options that they have in %s', (page) => {
    const snippets = [...read(page).matchAll(/`([^`\n]+)`|^(.*)$/gm)].map(([, code, line]) => code ?? line!)
    const wrong: string[] = []
    let met = 0
    for (const snippet of snippets)
      for (const [, words] of snippet.matchAll(/(?:^|[\s/])harvester ([a-z][^`;&|#]*)/g)) {
        const [first = '', second = '', ...rest] = words!.trim().split(/\s+/)
        const part = known.get(`${first} ${second}`)
        const command = part ?? known.get(first)
        if (!command) continue
        for (const flag of [second, ...rest].filter((word) => /^--?[a-z]/.test(word))) {
          met += 1
          const named = flag.split('=')[0]!
          if (!optionsOf(command, known.get(first)).includes(named)) wrong.push(`${first}: ${named}`)
        }
      }
    expect(wrong).toEqual([])
    if (page === 'docs/operations.md') expect(met).toBeGreaterThan(10)
  })

  it('end with the exit codes that the README lists', () => {
    const line = /^configuration, |Exit codes: ([^;]*);/ms.exec(read('README.md'))![0]
    for (const code of Object.values(exitCodes)) expect(line).toMatch(new RegExp(`\\b${code}\\b`))
  })
})

function optionsOf(...of: (Command | undefined)[]): string[] {
  // A group without a word of its own runs the part that is its default.
  const parts = of.flatMap((command) => (command ? [command, ...command.commands] : []))
  const options = parts.flatMap(({ options }): readonly Option[] => options)
  return ['--help', '--version', ...options.flatMap(({ short, long }) => [short ?? '', long ?? ''])]
}

describe('settings', () => {
  const settings = harvestSchema.parse({}) as Record<string, unknown>
  const groups: Record<string, unknown> = { ...settings, wait_for: waitForSchema.parse({}) }
  const shapes: Record<string, object> = { alerts: alertsSchema.shape, wait_for: waitForSchema.shape }
  const variables = new Map(documentedVariables().map(([name, variable]) => [name, variable.default]))

  it('that are named as `group.key` exist', () => {
    const named = [...all.matchAll(/`([a-z_]+)\.([a-z_]+)`/g)].map(
      ([, group, key]) => [group!, key!] as const,
    )
    const ours = named.filter(([group]) => typeof groups[group] === 'object' && !Array.isArray(groups[group]))
    expect(ours.length).toBeGreaterThan(10)
    const unknown = ours.filter(([group, key]) => !(key in (shapes[group] ?? (groups[group] as object))))
    expect(unknown).toEqual([])
  })

  it('have the defaults that stand behind their names: `name` (number)', () => {
    const said = [...all.matchAll(/`([A-Za-z_.]+)` \((\d[\d,.]*)( %)?\)/g)]
    const wrong: string[] = []
    let met = 0
    for (const [, name, number, percent] of said) {
      const path = name!.split('.')
      const own = path.reduce<unknown>(
        (inner, key) => (inner as Record<string, unknown> | undefined)?.[key],
        groups,
      )
      const inWait = (groups.wait_for as Record<string, unknown>)[name!]
      const value = variables.has(name!) ? variables.get(name!) : (own ?? inWait)
      if (Number.isNaN(Number(value ?? 'none'))) continue
      met += 1
      const shown = Number(number!.replaceAll(',', '')) / (percent ? 100 : 1)
      if (shown !== Number(value))
        wrong.push(`${name}: ${number}${percent ?? ''}, and it is ${String(value)}`)
    }
    expect(wrong).toEqual([])
    expect(met).toBeGreaterThan(8)
  })

  it('of Compose publish the ports that pages speak of', () => {
    const port = (name: string) => composeVariables[name]!.default!
    const [dashboard, prefect, database] = ['DASHBOARD', 'PREFECT', 'DB'].map((part) =>
      port(`${part}_PUBLISHED_PORT`),
    )
    const page = read('docs/deployment.md')
    expect(page).toContain(`<http://localhost:${dashboard}/harvest>`)
    expect(page).toContain(`<http://localhost:${prefect}>`)
    expect(page).toContain(`PREFECT_API_URL=http://10.0.0.5:${prefect}/api`)
    expect(page).toContain(`DB_HOST=10.0.0.5  DB_PORT=${database}`)
    expect(read('docker-compose.worker.yaml')).toContain(`as http://10.0.0.5:${prefect}/api}`)
  })
})

describe('shapes', () => {
  const at = new Date(0)
  const example = (heading: string) => {
    const page = read('docs/operations.md')
    const from = page.indexOf(heading)
    return JSON.parse(/```json\n([\s\S]*?)```/.exec(page.slice(from))![1]!) as Record<string, unknown>
  }
  const keys = (value: unknown) => Object.keys(value as object).sort()

  it('of an alert are those of the example', () => {
    const details = {
      name: 'a',
      source: null,
      flow: null,
      deployment: null,
      runId: 'id',
      runName: 'name',
      message: '',
      datasets: null,
      lastSuccessAt: null,
    }
    const alert = {
      status: 'open',
      kind: 'failed',
      subject: 'a',
      openedAt: at,
      lastAt: at,
      recoveredAt: null,
      toldBefore: null,
      occurrences: 1,
      details,
    } as const
    const links = { pageOfRun: () => null, dashboard: null }
    const sent = alertMessage([alert], links, { id: 'id', namespace: 'default', host: 'h', at })
    const shown = example('### The webhook')
    expect(keys(shown)).toEqual(keys(sent))
    const [one] = shown.alerts as Record<string, unknown>[]
    expect(keys(one)).toEqual(keys(sent.alerts[0]))
    for (const part of ['run', 'links'] as const)
      expect(keys(one![part])).toEqual(keys(sent.alerts[0]![part]))
  })

  it('of the summary of a harvest are those of the example', () => {
    const run = { id: 'id', name: 'harvest-all', deployment: 'harvest-all', startedAt: at }
    const child = {
      id: 'id',
      name: 'harvest-a',
      deployment: 'Harvest Source/harvest-a',
      type: 'COMPLETED',
      stateName: 'Completed',
      message: '',
    } as const
    const sent = summarise(run, [child], () => null, at)
    const shown = example('### The body of a webhook')
    expect(keys(shown)).toEqual(keys(sent))
    expect(keys((shown.sources as unknown[])[0])).toEqual(keys(sent.sources[0]))
  })

  it('of automations on the Prefect server are named as they are', () => {
    for (const name of Object.values(automationNames))
      expect(read('docs/operations.md')).toContain(`| \`${name('NAMESPACE')}\` |`)
  })
})

describe('addresses', () => {
  const named = [...all.matchAll(/`(\/[^` ?]+)[^` ]*`/g)].map(([, address]) => address!)
  /** What stands for a name: `SLUG` here, `{slug}` or `:slug` there. */
  const plain = (address: string) => address.replaceAll(/[A-Z]{2,}|\{\w+\}|:\w+/g, '*')

  it('of the API exist', async () => {
    const app = await buildApp(settingsOf({ database: {} as Database, cacheSeconds: 0 }))
    const answer = await app.fetch(new Request('http://localhost/api/openapi.json'))
    app.live.close()
    const { paths } = (await answer.json()) as { paths: Record<string, unknown> }
    const there = [...Object.keys(paths), '/api/docs', '/api/openapi.json', '/health', '/ready', '/metrics']
    const ours = named.filter((address) => /^\/(api|badge|health|ready|metrics)\b/.test(address))
    expect(ours.length).toBeGreaterThan(10)
    expect(ours.filter((address) => !there.map(plain).includes(plain(address)))).toEqual([])
  })

  it('of pages are those that there are, and the page about the dashboard has them all', () => {
    const routes = [...read('src/web/App.tsx').matchAll(/path="(\/harvest[^"]*)"/g)].map(([, path]) => path!)
    const told = named.filter((address) => /^\/harvest(\/|$)/.test(address)).map(plain)
    expect([...new Set(told)].sort()).toEqual(routes.map(plain).sort())
  })
})

it('tables and views that pages name are in the migrations', () => {
  const folder = join(root, 'src/database/migrations')
  const sql = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const made = new Set(
    [
      ...sql.matchAll(
        /CREATE (?:TABLE|(?:OR REPLACE )?(?:MATERIALIZED )?VIEW|OR REPLACE FUNCTION)(?: IF NOT EXISTS)? ((?:cde|harvester)\.\w+)/g,
      ),
    ].map(([, name]) => name!),
  )
  const named = [...all.matchAll(/`((?:cde|harvester)\.[a-z_0-9]+)(?:\.[a-z_]+)?`/g)].map(([, name]) => name!)
  expect(named.length).toBeGreaterThan(8)
  expect(named.filter((name) => !made.has(name))).toEqual([])
})
