/** What starts our programs takes seconds a start: it has a command of its own, `npm run test:programs`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/program.ts'

test('no file of `npm test` starts the program', () => {
  const tests = join(root, 'test')
  const found = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      name.endsWith('.test.ts') &&
      !name.endsWith('.program.test.ts') &&
      !name.startsWith('services') &&
      /\bimport \{[^}]*\bharvesterProgram\b/.test(readFileSync(join(tests, name), 'utf8')),
  )
  expect(found).toEqual([])
})
