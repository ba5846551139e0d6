import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHandWrittenEscapes, readable, tidy } from '../../src/rules/text.ts'

const escaped = (text: string) =>
  Array.from(
    { length: text.length },
    (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')

describe('decodeHandWrittenEscapes', () => {
  test('decodes whatever else the text holds: one real é leaves no other undecoded', () => {
    expect(decodeHandWrittenEscapes('Température et salinit\\u00e9')).toBe('Température et salinité')
  })

  test('decodes line breaks and tabs', () => {
    expect(decodeHandWrittenEscapes('a\\nb\\rc\\td')).toBe('a\nb\rc\td')
  })

  test.each(['\\x41', '\\u00', '\\uzzzz', '\\"', 'C:\\data', '\\', 'a\\'])('leaves %j as it is', (text) => {
    expect(decodeHandWrittenEscapes(text)).toBe(text)
  })

  test('is one pass: what it decodes is not decoded again', () => {
    expect(decodeHandWrittenEscapes('\\u005cu00e9')).toBe('\\u00e9')
  })

  test('joins a pair and leaves half a pair, so that the text stays valid', () => {
    expect(decodeHandWrittenEscapes('\\ud83d\\udc1f')).toBe('🐟')
    expect(decodeHandWrittenEscapes('\\ud83d and \\udc1f')).toBe('\\ud83d and \\udc1f')
  })

  test('gives back any text whose characters were all escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeHandWrittenEscapes(escaped(text))).toBe(text)
      }),
    )
  })

  test('leaves any text without a backslash', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('\\'))
        expect(decodeHandWrittenEscapes(text)).toBe(text)
      }),
    )
  })
})

describe('tidy', () => {
  test('makes one blank of runs of blanks and line breaks, and trims the ends', () => {
    expect(tidy('  a \r\n\t b\n\nc  ')).toBe('a b c')
  })

  test('keeps no control character, since PostgreSQL refuses some', () => {
    expect(tidy('a\u0000b\u0085c')).toBe('a b c')
  })

  test('leaves "NA", which is text', () => {
    expect(tidy('NA')).toBe('NA')
  })

  test('done twice changes nothing, and leaves no run and no blank end', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\n', '\t', '\r', '\u00a0') }), (text) => {
        expect(tidy(tidy(text))).toBe(tidy(text))
        expect(tidy(text)).not.toMatch(/^\s|\s$|\s\s/)
      }),
    )
  })
})

test('a readable text has its hand-written line breaks as blanks', () => {
  expect(readable(' Bou\\u00e9e\\n  de la baie\\r\\n')).toBe('Bouée de la baie')
})
