import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { freePort, prefectBin } from '../support/prefect.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'deploy-make-'))

/** With a proxy that leads nowhere: the server on this machine must be asked without it. */
async function run(command: string, args: string[], more: Record<string, string> = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: folder,
      PREFECT_HOME: folder,
      HARVESTER_DATA_DIR: join(folder, 'data'),
      HARVESTER_LOG_DIR: join(folder, 'logs'),
      HARVEST_CONFIG_YAML: 'erddap_urls: [http://erddap.test/erddap]',
      DATABASE: 'embedded',
      http_proxy: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output += data
    })
  // Not `close`: what make starts in the background would keep it waiting.
  const code = await new Promise<number>((done) => child.once('exit', (status) => done(status ?? -1)))
  return { code, output }
}

describe('make', async () => {
  const port = await freePort()
  const settings = [`PORT=${port}`, `RUN_DIR=${folder}/run`, `PREFECT=${prefectBin()}`]
  const make = (...args: string[]) => run('make', ['--no-print-directory', ...settings, ...args])

  afterAll(async () => {
    await make('stop')
    rmSync(folder, { recursive: true, force: true })
  })

  it('help names every target', async () => {
    const { output } = await make('help')
    for (const target of [
      'start-server',
      'start-worker',
      'deploy',
      'deploy-all',
      'stop',
      'stop-pool',
      'clean',
      'status',
      'logs',
      'test',
    ])
      expect(output).toMatch(new RegExp(`^${target} `, 'm'))
  })

  it('start-server says in one sentence that its port is in use', async () => {
    const taken = createServer()
    await new Promise<void>((done) => taken.listen(port, '127.0.0.1', done))
    const { code, output } = await make('start-server')
    await new Promise((done) => taken.close(done))
    expect(code).not.toBe(0)
    expect(output).toContain(`Port ${port} of 127.0.0.1 is in use already: choose another one with PORT=…`)
  })

  it('start-server starts one that answers, whatever proxy is set, and only once', async () => {
    expect(await make('start-server')).toMatchObject({
      code: 0,
      output: expect.stringContaining(`Prefect: http://127.0.0.1:${port}`),
    })
    expect(await make('start-server')).toMatchObject({ output: expect.stringContaining('runs already') })
  })

  it('deploy-all registers the deployments, and the script of a deploy enqueues one run of them', async () => {
    expect(await make('deploy-all')).toMatchObject({
      code: 0,
      output: expect.stringContaining('harvest-erddap-test'),
    })
    const script = (deployment: string, id: string) =>
      run(join(root, 'scripts/trigger-after-deploy.sh'), [deployment], {
        PREFECT_API_URL: `http://127.0.0.1:${port}/api`,
        NO_PROXY: '127.0.0.1',
        DEPLOY_ID: id,
      })
    expect(await script('harvest-all', '1')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^enqueued: /),
    })
    expect(await script('harvest-all', '1')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^already enqueued: /),
    })
    expect((await script('harvest-nothing', '1')).code).not.toBe(0)
    expect(await run(join(root, 'scripts/trigger-after-deploy.sh'), [])).toMatchObject({
      code: 2,
      output: expect.stringContaining('Set PREFECT_API_URL'),
    })
  })

  it('stop-pool pauses the pools, and start-worker, status and stop go together', async () => {
    expect((await make('stop-pool')).code).toBe(0)
    const pool = (await (await fetch(`http://127.0.0.1:${port}/api/work_pools/harvest`)).json()) as {
      is_paused: boolean
    }
    expect(pool.is_paused).toBe(true)
    expect((await make('start-worker', 'N=2')).code).toBe(0)
    const { output } = await make('status')
    expect(output).toMatch(/running {2}server\nrunning {2}worker-1\nrunning {2}worker-2\nanswers/)
    expect((await make('clean')).code).not.toBe(0)
    const stopped = await make('stop')
    expect(stopped).toMatchObject({ code: 0, output: expect.stringContaining('stopped  worker-2') })
    expect((await make('status')).output).toContain('silent')
  })
})
