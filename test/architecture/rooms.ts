/** The rooms of the program: what lives where, and who may import whom. */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
export const source = join(root, 'src')

export interface Room {
  folder: string
  /** What lives there. */
  lives: string
  /** Rooms that it may import. */
  values: string[]
  /** Rooms that may only give types. */
  types?: string[]
}

/** The rooms of `src/`, as the table of docs/architecture.md has them, which is made from this. */
export const rooms: Record<string, Room> = {
  errors: {
    folder: '`src/errors.ts`',
    lives: 'The one error class, its codes and exit codes',
    values: [],
  },
  package: {
    folder: '`src/package.ts`',
    lives: 'The folder of the package, its files, its version and its threads',
    values: [],
  },
  secrets: {
    folder: '`src/secrets.ts`',
    lives: 'Secrets that are known, and their removal from text',
    values: [],
  },
  text: {
    folder: '`src/text.ts`',
    lives: 'Text that others wrote: cut, and its control characters made visible; amounts in words',
    values: [],
  },
  process: {
    folder: '`src/process/`',
    lives: 'Whether a process lives, files that one process holds at a time, and settings of V8',
    values: ['errors'],
  },
  inside: {
    folder: '`src/inside.ts`',
    lives: 'Paths made of names, which cannot lead out of their folder',
    values: ['errors'],
  },
  config: {
    folder: '`src/config/`',
    lives: 'Configuration and environment, checked whole; the sources that they name',
    values: ['rules', 'errors', 'secrets', 'text', 'package'],
  },
  http: {
    folder: '`src/http/`',
    lives:
      'The one HTTP client, for sources, Prefect, alerts and error reports: connections, time limits, retries, the gate a host, the breaker a run',
    values: ['errors', 'config', 'package', 'text'],
  },
  rules: {
    folder: '`src/rules/`',
    lives:
      'The rules, pure and synchronous: decisions, records, rows, evidence, verdicts, and the words of all reasons',
    values: ['text'],
    types: ['inventory', 'sources', 'catalogue', 'names'],
  },
  sources: {
    folder: '`src/sources/`',
    lives:
      '`kind.ts`, what a kind of source is; the registry; a folder a kind (`erddap/`, `obis/`) with its client and its questions',
    values: ['http', 'rules', 'inventory', 'errors', 'text', 'inside', 'package'],
    types: ['catalogue', 'config'],
  },
  catalogue: {
    folder: '`src/catalogue/`',
    lives: 'CKAN',
    values: ['http', 'rules', 'errors', 'text', 'inside'],
  },
  names: {
    folder: '`src/names/`',
    lives: 'WoRMS and vernacular names',
    values: ['http', 'rules', 'inventory', 'runs', 'errors', 'text'],
    types: ['database'],
  },
  database: {
    folder: '`src/database/`',
    lives: 'PostgreSQL and the embedded engine behind one port; migrations',
    values: ['config', 'process', 'errors', 'secrets', 'package'],
  },
  inventory: {
    folder: '`src/inventory/`',
    lives: 'Column contract, writer, sorter, spool, run folder, loader, audit, queries of the API',
    values: ['database', 'rules', 'errors', 'secrets', 'text', 'inside'],
    types: ['runs', 'operate'],
  },
  runs: {
    folder: '`src/runs/`',
    lives:
      '`flow`, `task`, states, retries, cancellation; `orchestrator.ts`, the port in two parts: the run queue, from which `runner.ts`, the one loop, takes runs, and the orchestrator, which commands and the API ask (submit, find, list, logs, cancel, retry, schedules, limits, health); the runner’s decisions in `decide.ts`, ends on their way in `outbox.ts`; `prefect/` and `standalone/` meet the port, and are a line each in `orchestrators.ts`. Words of Prefect’s API occur in `prefect/` only (`test/architecture/prefect-words.test.ts`). Knows nothing of ERDDAP',
    values: ['http', 'process', 'errors', 'config', 'secrets', 'text'],
  },
  log: {
    folder: '`src/log/`',
    lives: 'Log, log files, error reports, events, progress, summary',
    values: ['errors', 'config', 'rules', 'http', 'secrets', 'text', 'inside'],
    types: ['runs'],
  },
  harvest: {
    folder: '`src/harvest/`',
    lives: 'The steps of a harvest, the same for every kind of source: list, ask, spool, write, load, audit',
    values: [
      'sources',
      'catalogue',
      'rules',
      'inventory',
      'database',
      'runs',
      'log',
      'http',
      'config',
      'errors',
      'secrets',
      'text',
      'inside',
    ],
  },
  flows: {
    folder: '`src/flows/`',
    lives: 'Our flows and their registry',
    values: [
      'harvest',
      'names',
      'rules',
      'inventory',
      'database',
      'runs',
      'log',
      'http',
      'config',
      'errors',
      'secrets',
      'text',
      'inside',
      'package',
    ],
  },
  operate: {
    folder: '`src/operate/`',
    lives:
      'Backfill, status, doctor, runs, supervised workers, alerts: written against the orchestrator port and the database',
    values: [
      'runs',
      'inventory',
      'database',
      'sources',
      'log',
      'http',
      'config',
      'process',
      'errors',
      'secrets',
      'text',
      'inside',
      'package',
      'flows',
      'rules',
    ],
    types: ['harvest', 'serve'],
  },
  serve: {
    folder: '`src/serve/`',
    lives: 'HTTP API, guards, metrics',
    values: [
      'inventory',
      'database',
      'runs',
      'config',
      'errors',
      'secrets',
      'text',
      'inside',
      'flows',
      'log',
      'package',
      'operate',
      'rules',
    ],
  },
  demo: {
    folder: '`src/demo/`',
    lives: 'Look-alike sources for the demo, the tests and the benchmarks',
    values: [],
    types: ['sources', 'catalogue', 'names'],
  },
}
/** They put the rooms together and may import everything. */
export const everything = new Set(['app', 'cli'])
/** A web page with a build of its own; it sees the types of the API, and the words that the rules have. */
export const web = {
  types: ['serve', 'rules'],
  values: /^src\/rules\/((reasons|remedies)\/|source-types\.ts$|tracks\/types\.ts$)/,
}

export interface Import {
  file: string
  from: string
  to: string
  /** The file that is imported. */
  target: string
  typeOnly: boolean
}

export function filesOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return filesOf(path)
    return /\.tsx?$/.test(name) ? [path] : []
  })
}

export function roomOf(path: string): string {
  const [first = ''] = relative(source, path).split('/')
  return first.replace(/\.ts$/, '')
}

const statement = /^\s*(import|export)\s+(type\s+)?([^'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm

export function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(statement)].map(([, , type, clause = '', specifier = '']) => {
    const names =
      /\{([^}]*)\}/
        .exec(clause)?.[1]
        ?.split(',')
        .map((name) => name.trim())
        .filter(Boolean) ?? []
    const onlyTypes =
      names.length > 0 && names.every((name) => name.startsWith('type ')) && /^\s*\{/.test(clause)
    return {
      file: relative(root, file),
      from: roomOf(file),
      to: roomOf(resolve(dirname(file), specifier)),
      target: relative(root, resolve(dirname(file), specifier)),
      typeOnly: type !== undefined || onlyTypes,
    }
  })
}

/** Groups of files that import one another in a circle, types too. */
export function circlesOf(imports: readonly Pick<Import, 'file' | 'target'>[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { file, target } of imports) next.set(file, [...(next.get(file) ?? []), target])
  const reached = new Map<string, Set<string>>()
  const reach = (from: string) => {
    const known = reached.get(from)
    if (known) return known
    const found = new Set<string>()
    reached.set(from, found)
    const waiting = [...(next.get(from) ?? [])]
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (found.has(file)) continue
      found.add(file)
      waiting.push(...(next.get(file) ?? []))
    }
    return found
  }
  const circles = new Map<string, string[]>()
  for (const file of next.keys()) {
    if (!reach(file).has(file)) continue
    const circle = [...reach(file)].filter((other) => reach(other).has(file)).sort()
    circles.set(circle[0]!, circle)
  }
  return [...circles.values()]
}

/** The table of docs/architecture.md. */
export function roomTable(): string {
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ')
  const rows = Object.values(rooms).map(({ folder, lives, values, types = [] }) => {
    const parts = [quoted(values), types.length > 0 ? `types of ${quoted(types)}` : ''].filter(Boolean)
    return `| ${folder} | ${lives} | ${parts.join('; ') || 'nothing'} |`
  })
  return [
    '| folder | what lives there | may import |',
    '| --- | --- | --- |',
    '| `src/cli.ts`, `src/cli/` | The `harvester` command, a file a command | everything |',
    '| `src/app/` | Composes a process: environment, log, database, orchestrator, sources, service | everything |',
    '| `src/web/` | The web page, with a build of its own | types of `serve` and `rules`; the words of `rules/reasons`, `rules/remedies`, `rules/source-types.ts` and `rules/tracks/types.ts` |',
    ...rows.reverse(),
  ].join('\n')
}
