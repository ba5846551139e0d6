/** Another orchestrator is its folder and a line in the table: the whole program works with one that it never heard of. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'

vi.mock('../../src/runs/orchestrators.ts', async (original) => {
  const { toy } = await import('./toy-orchestrator.ts')
  const { orchestrators } = await original<typeof import('../../src/runs/orchestrators.ts')>()
  return { orchestrators: [toy, ...orchestrators] }
})

import { alertLinks } from '../../src/app/alerting.ts'
import { startEngine } from '../../src/app/engine.ts'
import { judge } from '../../src/app/judge.ts'
import { openParts } from '../../src/app/open.ts'
import { noDatabase, openOperator } from '../../src/app/orchestrator.ts'
import { examine } from '../../src/cli/doctor.ts'
import { openStatus } from '../../src/cli/status.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import { HarvesterError } from '../../src/errors.ts'
import { silentLog } from '../../src/log/log.ts'
import { runControl } from '../../src/operate/runs/control.ts'
import { renderStatus } from '../../src/operate/status/report.ts'
import { chooseOrchestrator, pagesOfRuns } from '../../src/runs/index.ts'
import { problemOf } from '../../src/serve/problem.ts'

const folder = mkdtempSync(join(tmpdir(), 'toy-'))
afterAll(() => rmSync(folder, { recursive: true }))
const env = (more: Record<string, string> = {}) => ({
  HARVESTER_DATA_DIR: folder,
  HARVESTER_CACHE_DIR: folder,
  HARVESTER_LOG_DIR: folder,
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
  HARVEST_CONFIG_YAML: 'erddap_urls: [https://erddap.example.org/erddap]',
  TOY_URL: 'toy://site',
  ...more,
})
const signal = new AbortController().signal
const operator = (more: Record<string, string> = {}) =>
  openOperator({ file: undefined, work: true, env: env(more), log: silentLog, signal })

test('it is chosen by its setting, and the others where that is not given', async () => {
  const { plan } = await judge({ work: true, env: env() })
  expect(plan?.orchestrator.kind.name).toBe('toy')
  expect(chooseOrchestrator({}).kind.name).toBe('standalone')
  expect(chooseOrchestrator({ PREFECT_API_URL: 'http://localhost:4200/api' }).kind.name).toBe('prefect')
})

test('commands start runs there and open no database', async () => {
  const open = await operator()
  const run = await open.orchestrator.submit({ deployment: 'harvest-all', parameters: {} })
  expect(await open.orchestrator.find(run.id)).toMatchObject({ name: run.name })
  expect(open.orchestrator.pageOf({ run: run.id })).toBe(`toy://site/run/${run.id}`)
  // Runs of a server bear its ids in the files and the audit.
  expect(open.parts.services.runsAtServer).toBe(true)
  expect(open.parts.services.pageOfRun('1')).toBe('toy://site/run/1')
  await open.close()
})

test('status and doctor call it by its name', async () => {
  const parts = openParts({ env: env() })
  const report = await (await openStatus(parts, undefined))()
  expect(report.engine).toEqual({ kind: 'toy', url: 'toy://site', version: '1.0' })
  expect(renderStatus(report).split('\n')[0]).toContain(', Toy 1.0 at toy://site, ')
  await parts.close()

  const rows = async (more: Record<string, string | undefined>) => {
    const found: string[] = []
    for await (const { what, text } of examine(undefined, { ...env(), ...more }, signal)) {
      // What comes after it asks the sources.
      if (what === 'configuration') break
      if (what === 'Toy' || what === 'Prefect') found.push(`${what}: ${text}`)
    }
    return found
  }
  expect(await rows({})).toEqual(['Toy: toy://site is wound up'])
  expect(await rows({ TOY_URL: undefined })).toEqual([
    'Toy: TOY_URL is not set: flows run standalone',
    'Prefect: PREFECT_API_URL is not set: flows run standalone',
  ])
})

test('what it says of being away is told as such, by the API too', async () => {
  const open = await operator({ TOY_URL: 'toy://broken' })
  const control = runControl(open.orchestrator, open.declared)
  expect(control.server?.name).toBe('toy')
  expect(await control.trigger(null, { force: false, user: 'ann' })).toEqual({
    outcome: 'unavailable',
    reason: 'the spring is broken',
  })
  await open.close()
  const away = new HarvesterError('HTTP_CONNECT', 'the spring is broken')
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  expect(problemOf(away, log, 'here')).toMatchObject({
    status: 503,
    message: 'The Toy server cannot be asked at the moment.',
  })
})

test('the API and alerts link to its pages', () => {
  expect(pagesOfRuns(env())?.('1')).toBe('toy://site/run/1')
  expect(alertLinks(readEnvironment({}), chooseOrchestrator(env())).pageOfRun('1')).toBe('toy://site/run/1')
})

test('a long-lived process executes what is due there', async () => {
  const open = await operator()
  const engine = await startEngine(chooseOrchestrator(env()), {
    environment: open.environment,
    services: open.parts.services,
    database: noDatabase,
    log: silentLog,
    worker: 'w1',
    level: 'info',
    onLog: () => {},
    onStop: 'crash',
    signal,
  })
  expect(engine.describe).toBe('toy of toy://site')
  expect((await engine.control.schedules()).map(({ name }) => name)).toContain('harvest-all')
  await engine.stop()
  await open.close()
})
