import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documentedVariables, generated } from '../../scripts/generate-docs.ts'
import { environmentVariables, standardVariables } from '../../src/config/environment.ts'
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
    expect([...used].filter((name) => !documented.has(name))).toEqual([])
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
