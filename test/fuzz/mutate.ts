/** Spoils good inputs: by bytes, by words that mean something, and by length. The same numbers give the same input. */
import type { Target } from './target.ts'

/** What has broken parsers before, whatever they parse. */
const nasty = [
  '',
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\t',
  ' ',
  ',',
  '"',
  '""',
  "'",
  '\\',
  '\\u',
  '\\ud83d',
  '\\"',
  '<',
  '>',
  '&',
  '&#x110000;',
  '&#0;',
  '{',
  '}',
  '[',
  ']',
  ':',
  ';',
  '=',
  '-',
  '--',
  '.',
  '..',
  '../',
  '/',
  '%',
  '%00',
  '#',
  '*',
  '!',
  '@',
  '|',
  '`',
  '$',
  '$' + '{a}',
  '{{ a }}',
  'NaN',
  'Infinity',
  '-0',
  '1e999',
  '-1e999',
  '1e-999',
  '9007199254740993',
  '99999999999999999999',
  '0x10',
  '1_000',
  '٣',
  'null',
  'true',
  'undefined',
  '__proto__',
  'constructor',
  'toString',
  '[object Object]',
  '\u001b[31m',
  '\u001b]0;x\u0007',
  '\u202e',
  '\ufeff',
  '\u2028',
  '\ud800',
  '😀',
  'é',
  'e\u0301',
  '\u00a0',
  '\u0085',
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '-271821-04-20T00:00:00Z',
  '+275760-09-13T00:00:01Z',
  '2024-02-30',
  'T',
  'Z',
  'http://',
  'https://a:b@c',
  'file:///etc/passwd',
  '//127.0.0.1',
  'javascript:alert(1)',
  'http://[::1]:99999/',
  '&a [*a]',
  '&a',
  '*a',
  '!!binary',
  '<<: *a',
  '? ',
  '- ',
  '---',
  '...',
  '%YAML 9.9',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '<![CDATA[',
  ']]>',
  '<!--',
] as const

/** Long inputs are rare, so that many cases can be had, and long enough to show what grows faster than its input. */
const longShare = 0.002
const longBytes = 64 * 1024

export function spoil(target: Pick<Target, 'corpus' | 'tokens'>, random: () => number): Uint8Array {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const upTo = (length: number) => Math.floor(random() * (length + 1))
  let input = Buffer.from(pick(target.corpus))
  const splice = (at: number, remove: number, insert: Uint8Array) => {
    input = Buffer.concat([input.subarray(0, at), insert, input.subarray(at + remove)])
  }
  for (let steps = 1 + Math.floor(random() * random() * 12); steps > 0; steps--) {
    const at = upTo(input.length)
    const run = Math.floor(random() * random() * Math.min(200, input.length - at))
    switch (Math.floor(random() * 10)) {
      case 0:
        if (at < input.length) input[at] = (input[at] as number) ^ (1 << Math.floor(random() * 8))
        break
      case 1:
        splice(at, 0, Buffer.from(pick(nasty)))
        break
      case 2:
        splice(at, run, Buffer.from(pick(target.tokens.length > 0 ? target.tokens : nasty)))
        break
      case 3:
        splice(at, run, Buffer.alloc(0))
        break
      case 4:
        splice(at, 0, input.subarray(at, at + run))
        break
      case 5: {
        // A value, wherever the format has one between marks.
        const [from, to] = valueAround(input, at)
        splice(
          from,
          to - from,
          Buffer.from(pick(random() < 0.5 ? nasty : target.tokens.length > 0 ? target.tokens : nasty)),
        )
        break
      }
      case 6:
        input = input.subarray(0, at)
        break
      case 7: {
        const other = pick(target.corpus)
        const from = upTo(other.length)
        splice(at, run, other.subarray(from, from + Math.floor(random() * 200)))
        break
      }
      case 8:
        splice(
          at,
          run,
          Buffer.from(Array.from({ length: Math.floor(random() * 8) }, () => Math.floor(random() * 256))),
        )
        break
      case 9:
        splice(at, 0, Buffer.from(pick(nasty).repeat(1 + Math.floor(random() * 20))))
        break
    }
  }
  if (random() < longShare) {
    const at = upTo(input.length)
    const unit =
      random() < 0.5
        ? Buffer.from(pick(nasty) || 'a')
        : input.subarray(at, at + 1 + Math.floor(random() * 40))
    if (unit.length > 0) splice(at, 0, Buffer.alloc(longBytes, unit))
  }
  return input
}

const marks = new Set(Buffer.from(',"\'\n\r:[]{}<>= '))

function valueAround(input: Buffer, at: number): [from: number, to: number] {
  let from = at
  let to = at
  while (from > 0 && !marks.has(input[from - 1] as number)) from--
  while (to < input.length && !marks.has(input[to] as number)) to++
  return [from, to]
}
