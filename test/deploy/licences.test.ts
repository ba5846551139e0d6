import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const { productionLicences, isAccepted } = (await import(join(root, 'scripts/licences.mjs'))) as {
  productionLicences(root: string): { name: string; version: string; licence: string }[]
  isAccepted(expression: string): boolean
}
const found = productionLicences(root)

describe('the packages of a production install', () => {
  it('are those that the manifest asks for, and what they need', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const names = new Set(found.map(({ name }) => name))
    expect(Object.keys(dependencies).filter((name) => !names.has(name))).toEqual([])
  })

  it('have licences that may be used', () => {
    expect(found.filter(({ licence }) => !isAccepted(licence))).toEqual([])
  })

  it('are all in the list of parts that npm makes (SBOM), with their licences', () => {
    const text = execFileSync(process.execPath, [join(root, 'scripts/sbom.mjs')], {
      encoding: 'utf8',
      env: { ...process.env, npm_config_offline: 'true' },
    })
    const bom = JSON.parse(text) as { bomFormat: string; components: { name: string; version: string }[] }
    expect(bom.bomFormat).toBe('CycloneDX')
    const parts = (all: { name: string; version: string }[]) =>
      [...new Set(all.map(({ name, version }) => `${name} ${version}`))].sort()
    expect(parts(bom.components)).toEqual(parts(found))
  })
})

describe('a licence', () => {
  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['Apache-2.0 AND MIT', true],
    ['Apache-2.0 AND GPL-2.0-only', false],
    ['GPL-3.0-or-later', false],
    ['UNLICENSED', false],
    ['', false],
  ])('%s: %s', (expression, good) => {
    expect(isAccepted(expression)).toBe(good)
  })
})
