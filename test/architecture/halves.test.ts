import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const runs = resolve(import.meta.dirname, '../../src/runs')
const alike = 6

/** Every run of six lines of a half that say something, by what they say, with where they are. */
function windows(half: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of readdirSync(join(runs, half)).filter((file) => !file.includes('generated'))) {
    const lines = readFileSync(join(runs, half, name), 'utf8')
      .replace(/^import [\s\S]*?from '.*'\n/gm, (statement) => '\n'.repeat(statement.split('\n').length - 1))
      .split('\n')
      .map((line, index) => ({ text: line.trim(), at: `${half}/${name}:${index + 1}` }))
      .filter(({ text }) => /\w/.test(text))
    for (let from = 0; from + alike <= lines.length; from++) {
      const part = lines.slice(from, from + alike)
      found.set(part.map(({ text }) => text).join('\n'), part[0]!.at)
    }
  }
  return found
}

test('no six lines alike stand in both halves of the port', () => {
  const standalone = windows('standalone')
  const twice = [...windows('prefect')].flatMap(([text, at]) => {
    const other = standalone.get(text)
    return other === undefined ? [] : [`${at} and ${other}:\n${text}`]
  })
  expect(twice).toEqual([])
})

test('the halves are read', () => {
  expect(windows('prefect').size).toBeGreaterThan(1000)
  expect(windows('standalone').size).toBeGreaterThan(500)
})
