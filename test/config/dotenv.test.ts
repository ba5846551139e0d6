import { describe, expect, it } from 'vitest'
import { readDotenv } from '../../src/config/dotenv.ts'

const values = (text: string) => {
  const { faults, values } = readDotenv(text)
  expect(faults).toEqual([])
  return Object.fromEntries(values)
}

describe('a .env', () => {
  it.each([
    ['A=abc#defghij', 'abc#defghij'],
    ['A=#abc', '#abc'],
    ['A=abc #def', 'abc'],
    ['A=abc\t# it is "his"', 'abc'],
    ['A= # nothing yet', ''],
    ['A=', ''],
    ['A = two words  ', 'two words'],
    ['  export A=x', 'x'],
    ['A: x', 'x'],
    ["A=it's", "it's"],
    ['A=u"x', 'u"x'],
    ["A='a #1 $x \\n'", 'a #1 $x \\n'],
    ["A='it\\'s' # his", "it's"],
    ['A="a\\tb\\"c\\\\d\\$e\\q"#c', 'a\tb"c\\d$e\\q'],
    ["A='erddap_urls:\n  - https://a.example # one\n'", 'erddap_urls:\n  - https://a.example # one\n'],
    ['\uFEFFA=x\r\n\r\n# B=y\r\n', 'x'],
    ['A=x\u2028y', 'x\u2028y'],
    ['HARVESTER_TZ\nexport DB_HOST # of the shell\nA=x', 'x'],
  ])('%j has the value that Docker Compose gives it', (text, value) => {
    expect(values(text)).toEqual({ A: value })
    expect(values(`${text}\nB=after`)).toEqual({ A: value, B: 'after' })
  })

  it.each([
    ['B=1\nsecret', 'line 2 is no NAME=value'],
    ['DB PASSWORD=secret', 'line 1 is no NAME=value'],
    ['=secret', 'line 1 is no NAME=value'],
    ['# c\nDB_USER="secret', 'line 2: the quote that DB_USER begins with has no end'],
    [
      'DB_USER="secret\nDB_PASSWORD="secret"',
      'line 1: the quotes of DB_USER end on line 2, and something stands behind them',
    ],
    ["A='secret'secret", 'line 1: the quotes of A end on line 1, and something stands behind them'],
    ['A=`secret`', 'line 1: A stands between backticks, which are no quotes'],
  ])('%j is not understood, and the line is named without its value', (text, fault) => {
    expect(readDotenv(text).faults).toEqual([fault])
  })

  it('warns of a name that stands twice, of which the last counts, and of what Compose replaces', () => {
    const { values, faults, warnings } = readDotenv('A=1\nB="se$cret"\nC=a$$b\nD=\'$x\'\nE=5$\nA=2\n')
    expect(faults).toEqual([])
    expect(values.get('A')).toBe('2')
    expect(warnings).toEqual([
      'line 2: B has a $ outside of single quotes, which is kept here and which Docker Compose replaces',
      'line 3: C has a $ outside of single quotes, which is kept here and which Docker Compose replaces',
      'line 6: A stands on line 1 already; the last one counts',
    ])
    expect(warnings.join()).not.toContain('cret')
  })

  it('is read in a time that grows with its length', () => {
    for (const part of ['A="\\', "A='\n", 'A=\t \t', ' #', '=', 'A'])
      expect(readDotenv(part.repeat(20_000)).values.size).toBeLessThan(2)
  })
})
