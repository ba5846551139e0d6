/**
 * Finds regular expressions in src/ that may take more than linear time, by their form: patterns that backtrack
 * polynomially or exponentially, and those that a search tries anew at every character of a long text. Whatever a
 * pattern is for, foreign text may come to it one day: what is found is rewritten, or excused below with a reason.
 *
 * `node scripts/check-patterns.mjs` ends with 1 where a pattern is not linear, or where an excuse is not needed any more.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

// Where the checker has a program for this machine it is fast; elsewhere it runs in JavaScript.
process.env.RECHECK_BACKEND ??= 'auto'
const { checkSync } = await import('recheck')

/** Patterns that never meet foreign text, by file and source, with the reason. */
export const excused = [
  {
    file: '*',
    pattern: String.raw`(?<!\/)\/+$`,
    reason:
      'it begins only where a run of slashes does; the checker counts each beginning as a try (growth is tested)',
  },
  {
    file: 'src/rules/obis-dataset.ts',
    pattern: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
    reason: 'of a fixed length: the checker counts its 36 characters as repetitions',
  },
  {
    file: 'src/inventory/cell.ts',
    pattern: String.raw`\.?0+$`,
    reason: 'the digits of a number that toFixed wrote',
  },
  {
    file: 'src/web/model/requests.ts',
    pattern: String.raw`("(?:[^"\\]|\\.)*")`,
    reason: 'an address that the harvest itself asked, cut to 64 kB, in a browser',
  },
]

/** Where `new RegExp` may stand, with the reason why what it makes is linear. */
export const computed = [
  { file: 'src/demo/query.ts', reason: 'the look-alike server answers tests, the demo and benchmarks' },
  {
    file: 'src/rules/duration.ts',
    reason: 'numbers between different letters: no two parts can share a digit',
  },
  {
    file: 'src/secrets.ts',
    reason:
      'an alternative of literal values; and assignments, which begin where a word begins (growth is tested)',
  },
]

/**
 * The regular expressions of a file.
 * @param {string} file name, for its language
 * @param {string} text
 * @returns {{ literals: { line: number, pattern: string, flags: string }[], computed: number[] }} lines from 1
 */
export function patternsOf(file, text) {
  const literals = []
  const made = []
  const lineAt = (offset) => text.slice(0, offset).split('\n').length
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit)
    if (node === null || typeof node !== 'object') return
    if (node.regex) literals.push({ line: lineAt(node.start), ...node.regex })
    if ((node.type === 'NewExpression' || node.type === 'CallExpression') && node.callee?.name === 'RegExp')
      made.push(lineAt(node.start))
    for (const value of Object.values(node)) if (typeof value === 'object') visit(value)
  }
  visit(parseSync(file, text).program)
  return { literals, computed: made }
}

const known = new Map()

/** How a pattern is not linear, in words; null where it is. */
export function superLinear(pattern, flags) {
  const key = `${flags}/${pattern}`
  if (!known.has(key)) {
    const { status, complexity, error } = checkSync(pattern, flags, { timeout: 60_000, randomSeed: 1 })
    known.set(key, status === 'safe' ? null : (complexity?.summary ?? `unknown (${error?.kind})`))
  }
  return known.get(key)
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.includes('.generated.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Everything wrong with the patterns of a folder, a line each. */
export function checkPatterns(root) {
  const faults = []
  const used = new Set()
  for (const path of files(join(root, 'src'))) {
    const file = relative(root, path).replaceAll('\\', '/')
    const found = patternsOf(file, readFileSync(path, 'utf8'))
    for (const { line, pattern, flags } of found.literals) {
      const excuse = excused.find((one) => (one.file === file || one.file === '*') && one.pattern === pattern)
      if (excuse) used.add(excuse)
      const how = excuse ? null : superLinear(pattern, flags)
      if (how !== null) faults.push(`${file}:${line}: /${pattern}/${flags} is not linear: ${how}`)
    }
    for (const line of found.computed) {
      const excuse = computed.find((one) => one.file === file)
      if (excuse) used.add(excuse)
      else faults.push(`${file}:${line}: a pattern that is made at run time is not checked`)
    }
  }
  for (const excuse of [...excused, ...computed])
    if (!used.has(excuse)) faults.push(`${excuse.file}: no such pattern is left; remove its excuse`)
  return faults
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = checkPatterns(resolve(import.meta.dirname, '..'))
  for (const fault of faults) console.error(fault)
  if (faults.length > 0) process.exitCode = 1
  else console.log('Every pattern is linear.')
}
