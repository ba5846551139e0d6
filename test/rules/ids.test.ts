import { describe, expect, it } from 'vitest'
import { isAskable } from '../../src/rules/ids.ts'

describe('an id of a dataset', () => {
  it.each(['.', '..', 'a\0b', 'a\nb', '\u001b[31m', '\u009b', 'a\u2028', '\ud800x', 'x\udc00'])(
    'is not asked for where it is %j',
    (id) => {
      expect(isAskable(id)).toBe(false)
    },
  )
  it.each(['...', '.a', 'a.b', 'été', 'a b', '-', '🐟'])('may be %j', (id) => {
    expect(isAskable(id)).toBe(true)
  })
})
