import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documentedVariables } from '../../scripts/generate-docs.ts'
import { foreignNames } from '../../src/config/foreign-names.ts'
import { errorCodes } from '../../src/errors.ts'

const root = resolve(import.meta.dirname, '../..')
const pages = ['README.md', 'CHANGELOG.md', ...below('docs')].filter((path) => existsSync(join(root, path)))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const commands = new Set(
  below('src/cli').flatMap((path) =>
    [...read(path).matchAll(/new Command\('([a-z-]+)'\)/g)].map(([, name]) => name!),
  ),
)
const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, name]) => name!))
const known = new Set([
  ...documentedVariables().map(([name]) => name),
  ...Object.keys(foreignNames),
  ...Object.keys(errorCodes),
])

describe.each(pages)('%s', (page) => {
  const text = read(page)

  it('links to files that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^[a-z]+:/.test(link))
    expect(links.filter((link) => !existsSync(resolve(root, dirname(page), link)))).toEqual([])
  })

  it('names files of the repository that exist', () => {
    const named = [...text.matchAll(/`((?:src|test|scripts|docs|bench)\/[\w./-]+)`/g)].map(
      ([, path]) => path!,
    )
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('names commands and make targets that exist', () => {
    const code = [
      ...text.matchAll(/`([^`\n]+)`/g),
      ...text.matchAll(/^ *(?:-?\s*(?:run: )?)?(make .*|harvester .*)$/gm),
    ]
      .map(([, snippet]) => snippet!)
      .join('\n')
    const named = [...code.matchAll(/(?:^|[\s;/])harvester ([a-z]+)/g)].map(([, name]) => name!)
    expect(named.filter((name) => !commands.has(name))).toEqual([])
    const made = [...code.matchAll(/(?:^|; )make ([a-z-]+)/gm)].map(([, name]) => name!)
    expect(made.filter((name) => !targets.has(name))).toEqual([])
  })

  it('names variables that exist', () => {
    const ours = /\b((?:HARVEST|HARVESTER|DB|PREFECT|WORKER|POSTGIS|CDE|VERNACULARS)_[A-Z_]*[A-Z])\b(?!\*)/g
    // Of Prefect itself, and what we set for the commands that follow a harvest.
    const elsewhere = /^PREFECT_(SERVER_|BIN$|UI_API_URL$)|^HARVESTER_RUN_ID$/
    const unknown = [...text.matchAll(ours)]
      .map(([, name]) => name!)
      .filter((name) => !known.has(name) && !elsewhere.test(name))
    expect([...new Set(unknown)]).toEqual([])
  })
})

it('docs/moving-from-python.md says what becomes of every name that means something else here', () => {
  const guide = read('docs/moving-from-python.md')
  const same = ['ENVIRONMENT', 'HARVEST_WORKER_LIMIT', 'CORS_ORIGINS']
  const others = ['HARVESTER_MEM_LIMIT', 'DB_HOST_EXTERNAL', 'HARVEST_CONFIG_B64']
  for (const name of [...Object.keys(foreignNames), ...same, ...others])
    expect(guide, name).toMatch(new RegExp(`^\\|.*\`${name}\`.*\\|.*\\|$`, 'm'))
})

function below(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? below(path) : /\.(md|ts)$/.test(path) ? [path] : []
  })
}
