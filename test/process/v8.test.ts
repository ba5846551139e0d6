import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const source = resolve(import.meta.dirname, '../../src')

it('sets no flag of V8 that this version of Node does not have, whose every process would say so', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 10e6 })
  const major = Number(process.versions.node.split('.')[0])
  const set = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(join(source, name), 'utf8').matchAll(/setV8Flag\('(--[a-z0-9-]+)[^']*', (\d+)\)/g),
    ])
    .map(([, flag = '', last]) => ({ flag, last: Number(last) }))
  expect(set.length).toBeGreaterThan(2)
  for (const { flag, last } of set)
    if (major <= last) expect(known).toMatch(new RegExp(`^  ${flag} \\(`, 'm'))
})
