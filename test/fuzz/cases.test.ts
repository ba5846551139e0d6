/** What was found by fuzzing stays found; and what judges the parsers can tell good from bad. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { HarvesterError } from '../../src/errors.ts'
import { seededNumbers } from '../support/loader-process.ts'
import { judge, shrink } from './judge.ts'
import { spoil } from './mutate.ts'
import { bytesOf, type Target, utf8 } from './target.ts'
import { targets } from './targets/index.ts'

const folder = join(import.meta.dirname, 'cases')
afterAll(async () => {
  for (const target of targets) await target.close?.()
})

describe('cases that were found', () => {
  it.each(readdirSync(folder).sort())('%s', async (file) => {
    const [name, seed] = file.split('.')
    const target = targets.find((one) => one.name === name)
    expect(target, `no target ${name}`).toBeDefined()
    expect(await judge(target!, readFileSync(join(folder, file)), Number(seed))).toBeNull()
  })
})

describe.each(targets)('$name', (target) => {
  it('takes what is good, and a few spoilt inputs', async () => {
    for (const [at, input] of target.corpus.entries()) expect(await judge(target, input, at)).toBeNull()
    for (let seed = 0; seed < 5; seed++)
      expect(await judge(target, spoil(target, seededNumbers(seed)), seed)).toBeNull()
  })
})

describe('the judge', () => {
  const parser = (parse: (text: string) => void): Target => ({
    name: 'x',
    what: 'x',
    corpus: [bytesOf('some text')],
    tokens: [],
    errors: ['HTTP_BAD_ANSWER'],
    weight: 1,
    parse: (input) => parse(utf8(input)),
  })

  it('finds a fault that no code declares, and makes its input small', async () => {
    const fragile = parser((text) => {
      if (text.includes('!')) throw new TypeError('broken')
    })
    const input = bytesOf(`${'a'.repeat(100)}!${'b'.repeat(100)}`)
    expect(await judge(fragile, input, 1)).toMatch(/^threw TypeError: broken/)
    expect(utf8(await shrink(fragile, input, 1))).toBe('!')
  })

  it('lets only the declared codes pass', async () => {
    const strict = (code: 'HTTP_BAD_ANSWER' | 'INTERNAL') =>
      parser(() => {
        throw new HarvesterError(code, 'no')
      })
    expect(await judge(strict('HTTP_BAD_ANSWER'), bytesOf('x'), 1)).toBeNull()
    expect(await judge(strict('INTERNAL'), bytesOf('x'), 1)).toBe('threw INTERNAL: no')
  })

  it('draws the same input from the same seed', () => {
    const target = parser(() => {})
    expect(spoil(target, seededNumbers(7))).toEqual(spoil(target, seededNumbers(7)))
  })
})
