/** docs/security.md promises nothing that no test shows. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/security.md'), 'utf8')
const promised = page.slice(page.indexOf('## What is promised'), page.indexOf('## Roles in the database'))
const promises = promised
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (promise|---)/.test(line))
  .map((line) => line.slice(2).split(' | ') as [promise: string, shownBy: string])

describe('a promise', () => {
  it('is made to each of those who reach something', () => {
    expect([...promised.matchAll(/^### (.*)$/gm)]).toHaveLength(5)
    expect(promises.length).toBeGreaterThan(15)
  })

  it.each(promises)('“%s” names tests that exist', (_, shownBy) => {
    expect(shownBy).toMatch(/`test\/|`npm run /)
    for (const [, file = '', names = ''] of shownBy.matchAll(/`(test\/[\w./-]+)`((?:[:,]? “[^”]+”)*)/g)) {
      expect(existsSync(join(root, file)), file).toBe(true)
      const text = readFileSync(join(root, file), 'utf8')
      const named = [...names.matchAll(/“([^”]+)”/g)].map(([, name]) => name!)
      expect(named.length, `${file} without a name`).toBeGreaterThan(0)
      expect(named.filter((name) => !text.includes(name))).toEqual([])
    }
  })
})
