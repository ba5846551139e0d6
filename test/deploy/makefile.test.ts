import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../support/prefect.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
let folder: string
let port: number
const postgres = 'postgresql+asyncpg://prefect:word@127.0.0.1/prefect'

/** Stands in for Prefect's program: answers /api/health, and keeps what it was told of its database. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'make-'))
  port = await freePort()
  const program = join(folder, 'prefect.cjs')
  writeFileSync(
    program,
    `#!${process.execPath}
require('node:fs').writeFileSync('${folder}/told', process.env.PREFECT_API_DATABASE_CONNECTION_URL ?? 'nothing')
require('node:http').createServer((_, answer) => answer.end('true')).listen(${port}, '127.0.0.1')
`,
  )
  chmodSync(program, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const make = async (...args: string[]) => {
  const settings = [`PORT=${port}`, `RUN_DIR=${folder}/run`, `PREFECT=${folder}/prefect.cjs`]
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: folder }
  return (await run('make', ['--no-print-directory', ...settings, ...args], { cwd: root, env })).stdout
}

it('starts the server on the PostgreSQL that is named, else says what SQLite is good for', async () => {
  try {
    expect(await make('start-server')).toMatch(/SQLite, which does for one worker.*SERVER_DB=/)
    expect(readFileSync(join(folder, 'told'), 'utf8')).toBe('nothing')
    await make('stop')
    expect(await make('start-server', `SERVER_DB=${postgres}`)).not.toContain('SQLite')
    expect(readFileSync(join(folder, 'told'), 'utf8')).toBe(postgres)
  } finally {
    await make('stop')
  }
})

it('leaves the default pools to the program, and pauses those of the namespace', async () => {
  const pools = ['HARVESTER=echo "$${HARVEST_POOL-left}"; :', '-o', 'build', 'deploy-all']
  expect(await make(...pools)).toMatch(/^left$/m)
  expect(await make(...pools, 'HARVEST_POOL=ours')).toMatch(/^ours$/m)
  const paused = await make('-n', 'stop-pool', 'HARVESTER_NAMESPACE=atlantic')
  expect(paused).toContain('in harvest-atlantic maintenance-atlantic;')
  expect(await make('-n', 'stop-pool', 'HARVESTER_NAMESPACE=default')).toContain('in harvest maintenance;')
})
