import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documentedVariables, generated } from '../../scripts/generate-docs.ts'
import { environmentVariables, readEnvironment, standardVariables } from '../../src/config/environment.ts'
import { harvestSchema, sourceSchema } from '../../src/config/harvest-schema.ts'
import { errorCodes, exitCodes } from '../../src/errors.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('the files that are made from the code', () => {
  it.each([...generated().keys()])('%s is current (else: npm run docs)', (path) => {
    expect(read(path)).toBe(generated().get(path))
  })

  it('describe every key, variable and code: none has an empty meaning', () => {
    const rows = read('docs/configuration.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    expect(rows.length).toBeGreaterThan(80)
    for (const row of rows) {
      const cells = row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim())
      expect(
        cells.some((cell, index) => index > 0 && /[a-z] \S/.test(cell)),
        row,
      ).toBe(true)
    }
  })

  it('name every error code and exit code in docs/errors.md', () => {
    const page = read('docs/errors.md')
    for (const [code, [exit, when]] of Object.entries(errorCodes))
      expect(page).toContain(`| \`${code}\` | ${exit} | ${when.replaceAll('|', '\\|')} |`)
    for (const value of Object.values(exitCodes)) expect(page).toMatch(new RegExp(`^\\| ${value} \\|`, 'm'))
  })

  it('put no value of a secret into .env.sample that anybody could keep', () => {
    for (const line of read('.env.sample').split('\n')) expect(line === '' || line.startsWith('#')).toBe(true)
  })
})

describe('the defaults in docs/configuration.md', () => {
  const page = read('docs/configuration.md')
  const section = (from: string, to: string) => page.slice(page.indexOf(from), page.indexOf(to))
  /** Key and default, as a reader sees them. */
  const rows = (text: string) =>
    [...text.matchAll(/^\| `([\w.]+)` \|.*\| (?:`(.*)` )?\s*\|$/gm)].map(([, key, shown]) => ({
      key: key!.split('.'),
      shown,
    }))
  const holds = (keys: string[], value: unknown): unknown =>
    keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
  const at = (settings: unknown, keys: string[]) =>
    keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], settings)

  it.each([
    [
      'of the configuration',
      harvestSchema,
      {},
      rows(section('## The harvest configuration', '### A source')),
    ],
    [
      'of a source',
      sourceSchema,
      { url: 'https://example.org/erddap' },
      rows(section('### A source', '### A step after a harvest')),
    ],
  ] as const)('%s are what happens where a key is left out', (_, schema, least, found) => {
    expect(found.length).toBeGreaterThan(10)
    for (const { key, shown } of found) {
      // A group that is not there has no defaults; one that is there and says nothing has.
      const group = key.length > 1 ? holds(key.slice(0, -1), {}) : {}
      const left = at(schema.parse({ ...least, ...(group as object) }), key)
      const name = key.join('.')
      if (shown !== undefined) expect(JSON.parse(shown), name).toEqual(left)
      else if (name !== 'url')
        expect(typeof left === 'object' && !Array.isArray(left) ? undefined : left, name).toBeUndefined()
    }
  })

  it('of the environment are what the program reads where nothing is set', () => {
    const environment = readEnvironment({}) as Record<string, unknown>
    const table = page.slice(page.indexOf('## Environment variables'))
    const found = [...table.matchAll(/^\| `(\w+)` \| .* \| +(?:`(.*?)`)? *\| +(?:`.*`)? *\|$/gm)]
    expect(found.length).toBeGreaterThan(60)
    for (const [, name, shown] of found as unknown as [string, string, string | undefined][]) {
      if (!(name in environmentVariables)) continue
      if (shown === undefined) expect(environment[name], name).toBeUndefined()
      else expect(String(environment[name]), name).toBe(shown)
    }
  })
})

describe('the table of environment variables', () => {
  const sources = files(join(root, 'src')).filter((path) => !path.endsWith('config/environment.ts'))
  // The deployments that ship name variables as {{ $NAME }}.
  const texts = [...sources, join(root, 'config/deployments.yaml')].map((path) => readFileSync(path, 'utf8'))
  const documented = new Set([...Object.keys(environmentVariables), ...Object.keys(standardVariables)])

  it('has every variable that the code reads', () => {
    const patterns = [
      /\b(?:env|environment|variables)\??\.([A-Z][A-Z0-9_]+)\b/g,
      /\b(?:env|environment|variables)\[['"]([A-Z][A-Z0-9_]+)['"]\]/g,
      /\b(?:get|read)\((?:'\w+', )?'([A-Z][A-Z0-9_]+)'/g,
    ]
    const used = new Set(
      texts.flatMap((text) =>
        patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name]) => name!)),
      ),
    )
    expect(used.size).toBeGreaterThan(30)
    // Whoever runs a program knows where programs are: nobody sets PATH for us.
    expect([...used].filter((name) => !documented.has(name) && name !== 'PATH')).toEqual([])
  })

  it('has no variable that nothing reads', () => {
    const readByNode = new Set(['NODE_EXTRA_CA_CERTS'])
    const unused = [...documented].filter(
      (name) => !readByNode.has(name) && !texts.some((text) => new RegExp(`\\b${name}\\b`).test(text)),
    )
    expect(unused).toEqual([])
  })

  it('is whole in .env.sample and docs/configuration.md, with a default or an example for each', () => {
    for (const [name, variable] of documentedVariables()) {
      expect(read('.env.sample')).toMatch(new RegExp(`^# ${name}=.+$`, 'm'))
      expect(read('docs/configuration.md')).toContain(`| \`${name}\` |`)
      expect(variable.example ?? variable.default, name).toBeTruthy()
    }
  })
})

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === 'web' ? [] : files(path)
    return path.endsWith('.ts') && !path.endsWith('.generated.ts') ? [path] : []
  })
}
