import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const source = join(root, 'src')

/** The import column of docs/architecture.md: room → rooms it may import. `types of` rooms may only give types. */
const rooms: Record<string, { values: string[]; types?: string[] }> = {
  errors: { values: [] },
  package: { values: [] },
  secrets: { values: [] },
  text: { values: [] },
  inside: { values: ['errors'] },
  config: { values: ['rules', 'errors', 'text', 'package'] },
  http: { values: ['errors', 'config', 'text'] },
  rules: { values: ['text'], types: ['inventory', 'sources', 'catalogue', 'names'] },
  sources: {
    values: ['http', 'rules', 'inventory', 'errors', 'text', 'inside', 'package'],
    types: ['catalogue', 'config'],
  },
  catalogue: { values: ['http', 'rules', 'errors', 'text', 'inside'] },
  names: { values: ['http', 'rules', 'inventory', 'runs', 'errors', 'text'], types: ['database'] },
  database: { values: ['errors', 'secrets', 'package'] },
  inventory: {
    values: ['database', 'rules', 'errors', 'secrets', 'text', 'inside'],
    types: ['runs', 'operate'],
  },
  runs: { values: ['http', 'errors', 'config', 'secrets', 'text'] },
  log: { values: ['errors', 'config', 'rules', 'http', 'secrets', 'text', 'inside'], types: ['runs'] },
  harvest: {
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
    values: [
      'runs',
      'inventory',
      'database',
      'sources',
      'log',
      'http',
      'config',
      'errors',
      'secrets',
      'text',
      'inside',
      'package',
      'flows',
    ],
    types: ['harvest', 'serve'],
  },
  serve: {
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
  demo: { values: [], types: ['sources', 'catalogue', 'names'] },
}
/** They put the rooms together and may import everything. */
const everything = new Set(['app', 'cli'])
/** A web page with a build of its own; it sees the types of the API, and the words that the rules have. */
const web = { types: ['serve', 'rules'], values: /^src\/rules\/((reasons|remedies)\/|source-types\.ts$)/ }

interface Import {
  file: string
  from: string
  to: string
  /** The file that is imported. */
  target: string
  typeOnly: boolean
}

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return files(path)
    return /\.tsx?$/.test(name) ? [path] : []
  })
}

function roomOf(path: string): string {
  const [first = ''] = relative(source, path).split('/')
  return first.replace(/\.ts$/, '')
}

const statement = /^\s*(import|export)\s+(type\s+)?([^'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm

function importsOf(file: string): Import[] {
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

describe('imports go in one direction', () => {
  const all = files(source).flatMap(importsOf)

  it('between rooms only as the table of the architecture says', () => {
    const forbidden = all.filter(({ from, to, target, typeOnly }) => {
      if (from === to || everything.has(from)) return false
      if (from === 'web') return !(web.values.test(target) || (typeOnly && web.types.includes(to)))
      const room = rooms[from]
      if (!room) return true
      return !(room.values.includes(to) || (typeOnly && (room.types ?? []).includes(to)))
    })
    expect(
      forbidden.map(({ file, to, typeOnly }) => `${file} imports ${typeOnly ? 'types of ' : ''}${to}`),
    ).toEqual([])
  })

  it('knows every room', () => {
    const present = readdirSync(source).map((name) => name.replace(/\.ts$/, ''))
    expect(present.filter((name) => !(name in rooms) && !everything.has(name) && name !== 'web')).toEqual([])
  })

  it('and the rules do no input or output', () => {
    const outside = files(join(source, 'rules')).filter((file) =>
      /from '(node:|undici|pg|pino)/.test(readFileSync(file, 'utf8')),
    )
    expect(outside.map((file) => relative(root, file))).toEqual([])
  })
})
