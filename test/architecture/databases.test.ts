import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
/** A question after the kind of a database, whatever it is written to. */
const question = /kind\b[^\n]{0,12}[!=]==\s*'(embedded|postgres)'|case '(embedded|postgres)'/

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((name) => `src/${name.replaceAll('\\', '/')}`)
  .filter((file) => /\.tsx?$/.test(file))
const asking = files.filter((file) => question.test(readFileSync(join(root, file), 'utf8')))

test('only the room of the database asks which kind one is: others ask what it can do', () => {
  expect(asking.filter((file) => !file.startsWith('src/database/'))).toEqual([])
  expect(asking.length).toBeGreaterThan(2)
})
