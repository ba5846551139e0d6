import { expect, it } from 'vitest'
import { canGroup } from '../../../src/rules/tracks/version.ts'

it.each([
  ['2.00', true],
  ['2.31', true],
  ['10.0', true],
  ['1.82', false],
  ['2', false],
  ['x2.00', false],
  ['', false],
  [null, false],
])('a server of version %j groups by day and cell: %s', (version, can) => {
  expect(canGroup(version)).toBe(can)
})
