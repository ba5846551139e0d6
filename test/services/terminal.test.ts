/** What a harvest writes to a terminal of 80 columns, a dumb one, one without colours and a pipe: read from a real pty. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { harvesterProgram } from '../support/program.ts'

let folder: string
let server: ErddapServer

beforeAll(async () => {
  server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 6 }) })
  server.setHostile([{ match: /\/info\//, behave: { kind: 'latency', ms: 400 } }])
  folder = mkdtempSync(join(tmpdir(), 'terminal-'))
})
afterAll(async () => {
  await server?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const command = () => [
  process.execPath,
  ...harvesterProgram,
  'harvest',
  '--no-load',
  '--url',
  server.url,
  '--ckan-url',
  'http://127.0.0.1:9',
]

/** Runs the harvest and gives what it wrote; in a pseudo-terminal of so many columns, or into a pipe (null). */
async function written(columns: number | null, env: Record<string, string> = {}): Promise<string> {
  const quoted = command()
    .map((part) => `'${part}'`)
    .join(' ')
  const [program, ...args] =
    columns === null
      ? command()
      : ['script', '-qec', `stty cols ${columns} rows 24; exec ${quoted}`, '/dev/null']
  const child = spawn(program!, args, {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, TERM: 'xterm-256color', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => {
      text += piece
    })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code, text).toBe(0)
  return text
}

const esc = String.fromCharCode(27)
/** Without colours; what moves about or wipes begins a line of its own, so that each drawing stands by itself. */
const plain = (text: string) =>
  text
    .replaceAll(new RegExp(`${esc}\\[[0-9;?]*m`, 'g'), '')
    .replaceAll(new RegExp(`${esc}\\[[0-9;?]*[A-Za-ln-z]`, 'g'), '\n')
    .replaceAll('\r\n', '\n')
const lines = (text: string) => plain(text).split(/[\r\n]/)

test('80 columns: bars name their source and fit, and no line of the log is cut', async () => {
  const text = await written(80)
  expect(text).toContain(`${esc}[`)
  const bars = lines(text).filter((line) => /[█░]/.test(line))
  expect(bars.length).toBeGreaterThan(0)
  for (const line of bars) {
    expect([...line.trimEnd()].length, line).toBeLessThanOrEqual(80)
    expect(line).toContain('127.0.0.1')
  }
  const told = plain(text)
  // The line about the catalogue is longer than the terminal is wide: it goes on in the next row, whole.
  expect(told.replaceAll(/\s+/g, ' ')).toMatch(/WARN: CKAN .{80,}stay as they are/)
  expect(told).not.toMatch(/…$/m)
  const at = told.lastIndexOf('6 datasets, 6 harvested')
  expect(at).toBeGreaterThan(0)
  // A path cannot be broken, and may lie anywhere.
  const summary = told.slice(at).replaceAll(folder, '.')
  for (const line of summary.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80)
})

test.each([
  ['NO_COLOR', { NO_COLOR: '1' }],
  ['a dumb terminal', { TERM: 'dumb' }],
])('%s: plain lines, no sequence of any kind, nothing drawn over', async (_name, env) => {
  const text = await written(80, env)
  expect(text).not.toContain(esc)
  expect(text.replaceAll('\r\n', '\n')).not.toContain('\r')
  expect(text).not.toMatch(/[█░]/)
  for (const dataset of ['scale_00000', 'scale_00005'])
    expect(text).toMatch(new RegExp(`^\\[[\\d:]+\\] INFO: ${dataset}: harvested `, 'm'))
  expect(text).toContain('6 datasets, 6 harvested, 0 unchanged, 0 skipped, 0 failed')
})

test('a pipe: a line of JSON each, and no sequence', async () => {
  const text = await written(null)
  expect(text).not.toContain(esc)
  const json = text.split('\n').filter((line) => line.startsWith('{'))
  expect(json.length).toBeGreaterThan(5)
  for (const line of json) expect(() => JSON.parse(line)).not.toThrow()
})
