import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Answers, acceptsGzip, matchesTag, plainBody, seal } from '../../src/serve/answers.ts'

const text = (answer: { body: Buffer | null }) => answer.body?.toString()

describe('answers', () => {
  test('that many ask for at once are made once', async () => {
    const answers = new Answers(60)
    let made = 0
    const make = async () => {
      made += 1
      return { made }
    }
    const all = await Promise.all(Array.from({ length: 20 }, () => answers.answer('a', make)))
    expect([made, new Set(all.map(text))]).toEqual([1, new Set(['{"made":1}'])])
    expect(text(await answers.answer('a', make))).toBe('{"made":1}')
    expect(text(await answers.answer('b', make))).toBe('{"made":2}')
  })

  test('are made each time where nothing may be kept', async () => {
    const answers = new Answers(0)
    let made = 0
    const make = async () => (made += 1)
    await answers.answer('a', make, { freshSeconds: 60 })
    expect(text(await answers.answer('a', make, { freshSeconds: 60 }))).toBe('2')
  })

  test('that failed are not kept', async () => {
    const answers = new Answers(60)
    await expect(answers.answer('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    expect(text(await answers.answer('a', async () => 'back'))).toBe('back')
  })

  test('stay while their version stays, and are made anew when it changes', async () => {
    const answers = new Answers(60)
    let [made, version] = [0, 'one']
    const make = async () => (made += 1)
    // Neither fresh nor stale for any time: each asking looks at the version.
    const options = { freshSeconds: 1e-9, staleSeconds: 0, version: async () => version }
    const ask = async () => text(await answers.answer('a', make, options))
    expect([await ask(), await ask(), await ask()]).toEqual(['1', '1', '1'])
    version = 'two'
    expect([await ask(), await ask()]).toEqual(['2', '2'])
  })

  test('that are stale are told while a new one is made, and the new one afterwards', async () => {
    const answers = new Answers(60)
    let made = 0
    const make = async () => (made += 1)
    const options = { freshSeconds: 1e-9, staleSeconds: 60 }
    expect(text(await answers.answer('a', make, options))).toBe('1')
    expect(text(await answers.answer('a', make, options))).toBe('1')
    await expect.poll(async () => Number(text(await answers.answer('a', make, options)))).toBeGreaterThan(1)
  })
})

describe('an answer that is large', () => {
  test('is kept compressed only, and whole for who cannot read that', async () => {
    const value = 'harvest '.repeat(10_000)
    const answer = await seal(value, 'text/plain')
    expect([answer.body, (answer.gzipped?.length ?? 0) < value.length / 20]).toEqual([null, true])
    expect((await plainBody(answer)).toString()).toBe(value)
  })

  test('that is small or does not shrink is kept as it is', async () => {
    expect(await seal('small', 'text/plain')).toMatchObject({ body: Buffer.from('small'), gzipped: null })
    const noise = randomBytes(50_000)
    const answer = await seal(noise, 'image/png')
    expect([answer.gzipped, answer.body?.equals(noise)]).toEqual([null, true])
  })
})

describe('headers', () => {
  test.each([
    ['gzip', true],
    ['br, gzip;q=0.5', true],
    ['*', true],
    ['gzip;q=0', false],
    ['gzip; q=0.0, br', false],
    ['br', false],
    ['x-gzip-like', false],
    [undefined, false],
  ])('accept-encoding %s takes gzip: %s', (header, takes) => {
    expect(acceptsGzip(header)).toBe(takes)
  })

  test('if-none-match compares weakly, in lists, and knows the asterisk', () => {
    expect(matchesTag('W/"a"', 'W/"a"')).toBe(true)
    expect(matchesTag('"x", "a"', 'W/"a"')).toBe(true)
    expect(matchesTag('*', 'W/"a"')).toBe(true)
    expect(matchesTag('"b"', 'W/"a"')).toBe(false)
    expect(matchesTag(undefined, 'W/"a"')).toBe(false)
  })
})
