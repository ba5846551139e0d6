import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amount, cut, Tally, visible, visibleJson, visibleLines } from '../../src/text.ts'

it.each([
  [0, '0 rows'],
  [1, '1 row'],
  [2, '2 rows'],
])('a number of %i has the word that goes with it', (n, said) => {
  expect(amount(n, 'row')).toBe(said)
  expect(amount(n, 'dataset was', 'datasets were')).toBe(`${n} ${n === 1 ? 'dataset was' : 'datasets were'}`)
})

describe('text of others', () => {
  it.each([
    ['plain é 海 👩‍🚀', 'plain é 海 👩‍🚀'],
    ['\u001b[31mred\u0007', '\\u001b[31mred\\u0007'],
    ['two\nlines\r\tand', 'two\\nlines\\r\\tand'],
    ['C1 \u009b31m', 'C1 \\u009b31m'],
    ['line\u2028paragraph\u2029', 'line\\u2028paragraph\\u2029'],
    ['\u202egnp.exe\u2066', '\\u202egnp.exe\\u2066'],
    ['half \ud800 pair', 'half \\ud800 pair'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
    ['nul \0 del \u007f', 'nul \\u0000 del \\u007f'],
  ])('%j is shown as %j', (text, shown) => {
    expect(visible(text)).toBe(shown)
  })

  it('keeps lines where lines are meant', () => {
    expect(visibleLines('a\n\tb\u001b[2J\r\n')).toBe('a\n\tb\\u001b[2J\\r\n')
  })

  it('shows a second time what it showed the first', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => visible(visible(text)) === visible(text)))
  })

  it('is cut at a whole character, and says so', () => {
    expect(cut('abcdef', 6)).toBe('abcdef')
    expect(cut('abcdefg', 6)).toBe('abcde…')
    expect(cut('abcd😀g', 6)).toBe('abcd…')
    expect(cut('x'.repeat(5000))).toHaveLength(4096)
  })

  it('is shown within JSON, keys too', () => {
    expect(visibleJson({ 'a\n': ['\u001b', 1, null, { b: '\u2028' }] })).toEqual({
      'a\\n': ['\\u001b', 1, null, { b: '\\u2028' }],
    })
  })
})

describe('warnings that rows of others make', () => {
  const said = (examples: Iterable<string>) => {
    const tally = new Tally()
    for (const example of examples) tally.add(example)
    return tally.sentence(
      (example) => `one: ${example}`,
      (count, few) => `${count}: ${few}`,
    )
  }

  it('are one sentence with a number and a few examples', () => {
    expect(said([])).toBeNull()
    expect(said(['a'])).toBe('one: a')
    expect(said(['a', 'a'])).toBe('2: a')
    expect(said(['a', 'b', 'a', 'c', 'd'])).toBe('5: a; b; c')
  })

  it('stay short and visible however many and long the rows are', () => {
    function* flood() {
      for (let at = 0; at < 300_000; at += 1) yield `\u001b[2J${at}${'x'.repeat(at % 3 === 0 ? 1000 : 0)}`
    }
    const sentence = said(flood())!
    expect(sentence).toMatch(/^300000: \\u001b\[2J0x/)
    expect(sentence.length).toBeLessThan(1000)
  })
})
