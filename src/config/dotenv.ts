/** The grammar of `.env`, as Docker Compose reads it: one file must not mean two passwords. */

export interface Dotenv {
  values: ReadonlyMap<string, string>
  /** Lines that are not understood, and quotes that stay open: by their number and name, never their value. */
  faults: readonly string[]
  /** What is understood, and probably is not meant. */
  warnings: readonly string[]
}

const nothing = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y
const beginning = /[^\S\n]*(?:export[^\S\n]+)?([\w.-]+)[^\S\n]*(?:=|:(?=\s))/y
const quoted = {
  "'": /'([^'\\]*(?:\\[\s\S][^'\\]*)*)'/y,
  '"': /"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y,
} as const
/** For Compose the value that the environment has already; other words are what was lost of a value. */
const bareName = /[^\S\n]*(?:export[^\S\n]+)?[A-Z_][A-Z0-9_]*[^\S\n]*(?:[^\S\n]#[^\n]*)?(?:\n|$)/y
const blanks = /[^\S\n]*/y
const restOfLine = /[^\n]*(?:\n|$)/y
/** What Compose replaces by the value of a variable, and `$$` by one `$`. */
const replaced = /\$[\w{$]/
const escapes: Readonly<Record<string, string>> = {
  ...{ a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '"': '"', '\\': '\\', $: '$' },
}

/** A comment begins with a `#` at the start of a line or after a blank; quotes may hold several lines. */
export function readDotenv(text: string): Dotenv {
  const source = text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')
  const values = new Map<string, string>()
  const lines = new Map<string, number>()
  const faults: string[] = []
  const warnings: string[] = []
  let at = 0
  let line = 1
  /** What a pattern finds here, which is then behind us. */
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found) {
      at += found[0].length
      line += found[0].split('\n').length - 1
    }
    return found
  }
  while (at < source.length) {
    if (take(nothing) ?? take(bareName)) continue
    const number = line
    const name = take(beginning)?.[1]
    if (name === undefined) {
      faults.push(`line ${number} is no NAME=value`)
      take(restOfLine)
      continue
    }
    const before = take(blanks)?.[0]
    const mark = source[at]
    let value: string
    if (mark === "'" || mark === '"') {
      const inner = take(quoted[mark])?.[1]
      if (inner === undefined) {
        faults.push(`line ${number}: the quote that ${name} begins with has no end`)
        break
      }
      const ended = line
      if (!take(nothing)) {
        faults.push(
          `line ${number}: the quotes of ${name} end on line ${ended}, and something stands behind them`,
        )
        take(restOfLine)
        continue
      }
      value =
        mark === "'"
          ? inner.replaceAll("\\'", "'")
          : inner.replaceAll(/\\([\s\S])/g, (whole, character: string) => escapes[character] ?? whole)
      if (mark === '"' && replaced.test(inner.replaceAll(/\\[\s\S]/g, '')))
        warnings.push(dollar(number, name))
    } else {
      value = `${before}${take(restOfLine)?.[0]}`.replace(/\s#[^\n]*/, '').trim()
      if (value.length > 1 && value.startsWith('`') && value.endsWith('`')) {
        faults.push(`line ${number}: ${name} stands between backticks, which are no quotes`)
        continue
      }
      if (replaced.test(value)) warnings.push(dollar(number, name))
    }
    const earlier = lines.get(name)
    if (earlier !== undefined)
      warnings.push(`line ${number}: ${name} stands on line ${earlier} already; the last one counts`)
    lines.set(name, number)
    values.set(name, value)
  }
  return { values, faults, warnings }
}

function dollar(line: number, name: string): string {
  return `line ${line}: ${name} has a $ outside of single quotes, which is kept here and which Docker Compose replaces`
}
