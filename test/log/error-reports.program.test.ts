import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HarvesterError } from '../../src/errors.ts'
import { type ErrorReports, openErrorReports } from '../../src/log/error-reports.ts'
import type { EngineEvent } from '../../src/runs/index.ts'
import { forgetSecrets, registerSecrets } from '../../src/secrets.ts'
import { harvesterProgram } from '../support/program.ts'

interface SentEvent {
  exception: { values: { type: string; value: string; stacktrace?: { frames: unknown[] } }[] }
  tags: Record<string, string>
  fingerprint?: string[]
  release: string
  environment: string
  server_name: string
}

let sink: Server
let dsn: string
let answer = 200
let bodies: string[] = []
let paths: string[] = []

beforeAll(async () => {
  sink = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => {
      body += piece.toString()
    })
    request.on('end', () => {
      bodies.push(body)
      paths.push(String(request.url))
      response.writeHead(answer, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((done) => sink.listen(0, '127.0.0.1', done))
  dsn = `http://publickey0@127.0.0.1:${(sink.address() as AddressInfo).port}/42`
})
afterAll(() => sink.close())
beforeEach(() => {
  answer = 200
  bodies = []
  paths = []
})
afterEach(forgetSecrets)

/** The events among the lines of the envelopes that were received. */
function events(): SentEvent[] {
  return bodies
    .flatMap((body) => body.split('\n').map((line) => JSON.parse(line || 'null') as SentEvent | null))
    .filter((item): item is SentEvent => item !== null && 'exception' in item)
}

async function reporting(work: (reports: ErrorReports) => void, failures: string[] = []): Promise<void> {
  const reports = await openErrorReports({
    dsn,
    environment: 'tests',
    release: '1.2.3',
    worker: 'host-1',
    onFailure: (message) => failures.push(message),
  })
  work(reports!)
  await reports!.close()
}

function ended(more: Partial<EngineEvent & { type: 'run-finished' }> = {}): EngineEvent {
  return {
    type: 'run-finished',
    run: {
      id: 'a-run-id',
      name: 'harvest-erddap-x',
      flow: 'Harvest Source',
      deployment: 'harvest-x',
      parameters: { source: 'https://erddap.example.org/erddap' },
    },
    state: 'FAILED',
    message: '3 of 9 failed',
    milliseconds: 5,
    runCount: 1,
    children: [],
    ...more,
  } as EngineEvent
}

describe('reports to Sentry', () => {
  it('carry an error with its stack, code and worker, in the envelope of the project', async () => {
    await reporting((reports) => reports.capture(new HarvesterError('DATABASE_UNREACHABLE', 'no database')))
    expect(paths[0]).toContain('/api/42/envelope/')
    const [event] = events()
    expect(event).toMatchObject({
      exception: { values: [{ type: 'HarvesterError', value: 'no database' }] },
      tags: { code: 'DATABASE_UNREACHABLE', worker: 'host-1' },
      release: 'erddap-harvester@1.2.3',
      environment: 'tests',
      server_name: 'host-1',
    })
    expect(event?.exception.values[0]?.stacktrace?.frames.length).toBeGreaterThan(1)
  })

  it('tell of a failed run with its flow, deployment, source, id and code, one issue for each source', async () => {
    const error = new HarvesterError('LISTING_FAILED', 'no list')
    await reporting((reports) => {
      reports.onEvent(ended({ error }))
      reports.onEvent(ended({ state: 'CRASHED', message: 'Worker host-2 ended before the run did' }))
      reports.onEvent(ended({ state: 'COMPLETED' }))
      reports.onEvent(ended({ state: 'CANCELLED' }))
    })
    const sent = events()
    expect(sent.map(({ exception }) => exception.values[0]?.value)).toEqual([
      'no list',
      'Worker host-2 ended before the run did',
    ])
    expect(sent[0]?.tags).toEqual({
      flow: 'Harvest Source',
      deployment: 'harvest-x',
      source: 'https://erddap.example.org/erddap',
      run: 'harvest-erddap-x',
      run_id: 'a-run-id',
      state: 'FAILED',
      code: 'LISTING_FAILED',
      worker: 'host-1',
    })
    expect(sent[0]?.fingerprint).toEqual([
      'Harvest Source',
      'https://erddap.example.org/erddap',
      'LISTING_FAILED',
    ])
  })

  it('hold no secret, neither in messages, causes nor tags', async () => {
    registerSecrets(['correct-horse'])
    await reporting((reports) =>
      reports.capture(
        new Error('postgresql://me:hunter22@db/cde: correct-horse', { cause: new Error('Bearer abc12345') }),
        { source: 'https://tok3n@host/x' },
      ),
    )
    const sent = JSON.stringify(events())
    expect(sent).toContain('postgresql://***@db/cde: ***')
    for (const secret of ['hunter22', 'correct-horse', 'abc12345', 'tok3n'])
      expect(sent).not.toContain(secret)
  })

  it('say once that they cannot be sent, and disturb nothing', async () => {
    answer = 403
    const failures: string[] = []
    await reporting((reports) => {
      reports.capture(new Error('a'))
      reports.capture(new Error('b'))
    }, failures)
    expect(failures).toEqual(['Sentry refuses reports with status 403'])
  })

  it('refuse an address that is none of a project', async () => {
    await expect(
      openErrorReports({
        dsn: 'https://sentry.example.org',
        environment: undefined,
        release: '1',
        worker: null,
        onFailure: () => {},
      }),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('leave the process as it is: no handlers, no patched modules', async () => {
    const names = ['uncaughtException', 'unhandledRejection', 'beforeExit', 'exit', 'SIGTERM']
    const before = names.map((name) => process.listenerCount(name))
    const { fetch: plainFetch } = globalThis
    await reporting((reports) => {
      reports.capture(new Error('a'))
      expect(names.map((name) => process.listenerCount(name))).toEqual(before)
      expect(globalThis.fetch).toBe(plainFetch)
    })
  })
})

describe('a command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'error-reports-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** The modules that a harvest of a server that is not there loads, and what it says. */
  async function harvest(env: Record<string, string>): Promise<{ modules: string; stderr: string }> {
    const list = join(folder, `modules-${Object.keys(env).length}`)
    const { stderr } = await promisify(execFile)(
      process.execPath,
      [
        ...['--import', new URL('../support/list-modules.mjs', import.meta.url).href],
        ...[...harvesterProgram, 'harvest', '--no-load', '--url', 'http://127.0.0.1:9/erddap'],
      ],
      {
        cwd: folder,
        env: { PATH: process.env.PATH, MODULE_LIST: list, HARVESTER_CACHE_DIR: folder, ...env },
      },
    ).catch((error: { stderr: string }) => error)
    return { modules: readFileSync(list, 'utf8'), stderr }
  }

  it('loads nothing of Sentry without SENTRY_DSN, and reports its failed run with it', async () => {
    const without = await harvest({})
    expect(without.modules).toContain('node_modules/pino/')
    expect(without.modules).not.toContain('@sentry')
    expect(bodies).toEqual([])
    const reported = await harvest({ SENTRY_DSN: dsn, SENTRY_ENVIRONMENT: 'tests' })
    expect(reported.modules).toContain('@sentry/core')
    expect(events().map(({ tags }) => [tags.flow, tags.source, tags.state])).toEqual([
      ['Harvest Source', 'http://127.0.0.1:9/erddap', 'FAILED'],
    ])
  })
})
