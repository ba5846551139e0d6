/** What Ctrl-C and SIGTERM mean to commands that wait for something. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { harvesterProgram } from '../support/program.ts'

let folder: string
/** Takes connections and says nothing. */
const silent = createServer()
const sockets = new Set<Socket>()
let port: number
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'harvester-signals-'))
  silent.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  port = (silent.address() as AddressInfo).port
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((done) => silent.close(done))
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a command, signals once it has done what it is waited for, and gives its exit code. */
async function signalled(
  args: string[],
  signal: 'SIGINT' | 'SIGTERM',
  env: Record<string, string>,
  begun: 'connects' | 'prints',
): Promise<{ code: number | null; stderr: string; ms: number }> {
  const child = spawn(process.execPath, [...harvesterProgram, ...args], {
    env: { PATH: process.env.PATH, HARVESTER_DATA_DIR: join(folder, 'data'), ...env },
    cwd: folder,
  })
  let stderr = ''
  child.stderr.on('data', (piece) => {
    stderr += piece
  })
  const ended = once(child, 'exit')
  await Promise.race([begun === 'connects' ? once(silent, 'connection') : once(child.stdout, 'data'), ended])
  const began = Date.now()
  child.kill(signal)
  const [code] = await ended
  return { code, stderr, ms: Date.now() - began }
}

const database = () => ({ DATABASE_URL: `postgresql://u:p@127.0.0.1:${port}/cde?sslmode=disable` })
const prefect = () => ({
  PREFECT_API_URL: `http://127.0.0.1:${port}/api`,
  HARVEST_CONFIG_YAML: 'erddap_urls: [https://erddap.example.org/erddap]',
  DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/cde?sslmode=disable',
})

it('Ctrl-C is how status --watch ends, and no failure', async () => {
  const away = { DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/cde?sslmode=disable' }
  const ended = await signalled(['status', '--watch', '--interval', '600'], 'SIGINT', away, 'prints')
  expect(ended).toMatchObject({ code: 0 })
})

/** A database that takes the connection and says nothing is given up before the limit of a connection, 10 s. */
const beforeConnectLimitMs = 8000

it('a single status that is interrupted says what it could not see', async () => {
  const ended = await signalled(['status'], 'SIGINT', database(), 'connects')
  expect(ended).toMatchObject({ code: 1 })
  expect(ended.ms).toBeLessThan(beforeConnectLimitMs)
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a doctor that is stopped by %s ends with %i', async (signal, code) => {
  const ended = await signalled(['doctor'], signal, database(), 'connects')
  expect(ended).toMatchObject({ code })
  expect(ended.ms).toBeLessThan(beforeConnectLimitMs)
})

/** The client of a server is given up long before its own limit of 30 s, of which there would be many. */
const soonMs = 25_000

it.each([
  'backfill harvest-all --each force=true',
  'trigger harvest-all',
  'trigger harvest-all --wait --timeout 600',
  'runs',
  'runs show 11111111-2222-4333-8444-555555555555',
  'runs logs -f 11111111-2222-4333-8444-555555555555',
  'limits',
  'limits set tag:database 2',
  'doctor',
  'wait https://erddap.example.org/erddap --via-prefect',
])('Ctrl-C ends `%s` at once where the server takes connections and never answers', async (command) => {
  const ended = await signalled(command.split(' '), 'SIGINT', prefect(), 'connects')
  expect(ended).toMatchObject({ code: 130, stderr: expect.stringContaining('Stopping') })
  // Said once, without a fault that nobody had.
  expect(ended.stderr).not.toMatch(/harvester: |CANCELLED|unreachable/)
  expect(ended.ms).toBeLessThan(soonMs)
})

it('a worker that waits for such a server ends by Ctrl-C, cleanly', async () => {
  const ended = await signalled(['worker'], 'SIGINT', prefect(), 'connects')
  expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('Stopping') })
  expect(ended.ms).toBeLessThan(soonMs)
})

it('a status that such a server keeps waiting says what it could not see, and --watch just ends', async () => {
  const once = await signalled(['status'], 'SIGINT', prefect(), 'connects')
  expect(once).toMatchObject({ code: 1 })
  expect(once.ms).toBeLessThan(soonMs)
  const watching = await signalled(['status', '--watch'], 'SIGINT', prefect(), 'connects')
  expect(watching).toMatchObject({ code: 0 })
  expect(watching.ms).toBeLessThan(soonMs)
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('deploy ends at once by %s, with %i', async (signal, code) => {
  const ended = await signalled(['deploy', '--all'], signal, prefect(), 'connects')
  expect(ended).toMatchObject({ code, stderr: expect.stringContaining('stopped') })
  expect(ended.ms).toBeLessThan(soonMs)
})
