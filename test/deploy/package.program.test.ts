/**
 * The package, unpacked into an empty folder beside links to its dependencies, since these tests have no registry;
 * test/services/package.test.ts installs it as a user does.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { extract } from 'tar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packInto, run } from '../support/package.ts'
import { root } from '../support/program.ts'

let folder: string
let files: string[]
const program = () => join(folder, 'node_modules/erddap-harvester')

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'harvester package é-'))
  const packed = await packInto(folder)
  files = packed.files
  mkdirSync(program(), { recursive: true })
  await extract({ file: packed.archive, cwd: program(), strip: 1 })
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>
  }
  for (const [where, entry] of Object.entries(packages)) {
    if (where.split('node_modules/').length !== 2 || entry.dev || entry.devOptional) continue
    mkdirSync(dirname(join(folder, where)), { recursive: true })
    symlinkSync(join(root, where), join(folder, where), 'junction')
  }
  mkdirSync(join(folder, 'node_modules/.bin'))
  const { bin } = JSON.parse(readFileSync(join(program(), 'package.json'), 'utf8')) as {
    bin: Record<string, string>
  }
  for (const [name, path] of Object.entries(bin))
    symlinkSync(join('../erddap-harvester', path), join(folder, 'node_modules/.bin', name))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the package', () => {
  it('holds program, configuration and documents, and neither sources nor tests', () => {
    const places = new Set(files.map((path) => path.split('/')[0]))
    expect([...places].sort()).toEqual(
      [
        '.env.sample',
        'LICENSE',
        'README.md',
        'bin',
        'config',
        'dist',
        'docs',
        'package.json',
        'scripts',
      ].sort(),
    )
    for (const needed of [
      'dist/cli.js',
      'dist/database/migrations/001-tables.sql',
      'config/harvest.sample.yaml',
      'docs/configuration.md',
    ])
      expect(files).toContain(needed)
    expect(files.filter((path) => /\.(ts|map)$|\.test\.|^config\/harvest\.yaml$/.test(path))).toEqual([])
    for (const part of ['template', 'postgis'])
      expect(files.some((path) => path.startsWith(`dist/engine-${part}-`))).toBe(true)
  })

  it('answers to its own name', async () => {
    const { stdout } = await run('npx', ['--offline', 'erddap-harvester', '--version'], { cwd: folder })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('runs the demo from a folder where nothing else is', async () => {
    const start = [join(program(), 'bin/harvester.js'), 'start', '--once']
    const env = { PATH: process.env.PATH, HOME: folder }
    const { stdout } = await run(process.execPath, start, { cwd: folder, env, maxBuffer: 1e8 })
    expect(stdout).toContain('harvested')
    expect(readdirSync(folder)).toContain('.data')
  })
})
