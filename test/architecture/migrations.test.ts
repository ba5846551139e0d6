import { expect, test } from 'vitest'
import { readMigrations } from '../../src/database/migrate.ts'

test('every migration has a number of its own, by which a database knows it', () => {
  const numbers = readMigrations().map(({ number }) => number)
  expect(numbers).toEqual([...new Set(numbers)])
})
