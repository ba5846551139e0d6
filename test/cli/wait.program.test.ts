import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { harvesterProgram } from '../support/program.ts'

let folder = ''
let server: ErddapServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sensors-'))
  server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 2 }) })
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

/** `harvester wait …` in an empty folder: no configuration, no .env. */
function wait(
  args: readonly string[],
  options: { env?: Record<string, string>; onStart?: (child: ChildProcess) => void } = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [...harvesterProgram, 'wait', ...args], {
    cwd: folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  options.onStart?.(child)
  return new Promise((done) => child.once('close', (code) => done({ code, out, err })))
}

describe('harvester wait', () => {
  it('ends with 0 when a server answers that no configuration names', async () => {
    expect(await wait([server.url])).toMatchObject({
      code: 0,
      out: `${server.url} is ready: the server answers (ERDDAP 2.31)\n`,
    })
  })

  it('ends with 0 when a dataset has newer data', async () => {
    const args = ['--dataset', 'scale_00000', '--newer-than', '2020-02-28']
    expect(await wait([server.url, ...args])).toMatchObject({
      code: 0,
      out: expect.stringContaining('the dataset has data up to 2020-02-29T00:00:00Z'),
    })
  })

  it('ends with 1 at the time limit, with the reason', async () => {
    const ended = await wait([server.url, '--dataset', 'nowhere', '--timeout', '1'])
    expect(ended).toMatchObject({ code: 1, out: '' })
    expect(ended.err).toContain(
      `harvester: SOURCE_NOT_READY: ${server.url} was not ready within 1 s: waited until dataset nowhere is listed; seen last: the dataset is not listed`,
    )
  })

  it('waits for what the configuration says of a source', async () => {
    const settings = { erddap_urls: [{ url: server.url, wait_for: { dataset_id: 'scale_00001' } }] }
    const ended = await wait([new URL(server.url).host], {
      env: { HARVEST_CONFIG_YAML: JSON.stringify(settings) },
    })
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('the dataset is listed') })
  })

  it.each<[string, string[], string]>([
    ['no address and no configuration', ['nowhere'], 'there is no harvest configuration'],
    ['an address that is none', ['ftp://a.example.org'], 'is not an http or https address'],
    ['a time limit that is no number', ['https://a.example.org', '--timeout', 'x'], '--timeout'],
    ['an age that is none', ['https://a.example.org', '--newer-than', 'soon'], '--newer-than'],
    ['newer data of no dataset', ['https://a.example.org', '--newer-than', '6h'], 'needs a `dataset_id`'],
    ['--via-prefect without a server', ['https://a.example.org', '--via-prefect'], 'PREFECT_API_URL'],
    ['an unknown option', ['https://a.example.org', '--for-ever'], '--for-ever'],
  ])('ends with 2 for %s', async (_what, args, said) => {
    const ended = await wait(args)
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining(said) })
  })

  it('ends with 130 at Ctrl-C, at once', async () => {
    let asked: (() => void) | undefined
    const looked = new Promise<void>((done) => {
      asked = done
    })
    server.onRequest(({ path }) => path.includes('nowhere') && asked?.())
    const ended = await wait([server.url, '--dataset', 'nowhere', '--interval', '600'], {
      onStart: (child) => void looked.then(() => child.kill('SIGINT')),
    })
    server.onRequest(undefined)
    expect(ended).toMatchObject({ code: 130, out: '' })
  })
})
