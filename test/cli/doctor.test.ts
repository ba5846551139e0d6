import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { examine, renderFinding } from '../../src/cli/doctor.ts'
import { type CkanServer, startCkan } from '../../src/demo/ckan.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import type { Finding } from '../../src/operate/doctor/types.ts'
import { clockFinding } from '../../src/runs/prefect/examine.ts'

let folder: string
let erddap: ErddapServer
let ckan: CkanServer
/** Answers every path as no Prefect does. */
let stranger: Server
/** Nothing listens there. */
let closedPort: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  erddap = await startErddap({ datasets: scaleDatasets({ datasets: 3, kind: 'profiles' }) })
  ckan = await startCkan({ records: [] })
  stranger = createServer((_, response) => void response.writeHead(404).end('no'))
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  closedPort = (closed.address() as AddressInfo).port
  await new Promise((resolve) => closed.close(resolve))
})
afterAll(async () => {
  await erddap.close()
  await ckan.close()
  await new Promise((resolve) => stranger.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

async function findings(more: Record<string, string> = {}): Promise<Map<string, Finding>> {
  const env = {
    HARVESTER_DATA_DIR: join(folder, 'data'),
    HARVESTER_CACHE_DIR: join(folder, 'cache'),
    HARVESTER_LOG_DIR: join(folder, 'logs'),
    DATABASE_URL: `postgresql://me:s3cret-word@127.0.0.1:${closedPort}/cde`,
    HARVEST_CONFIG_YAML: JSON.stringify({ erddap_urls: [erddap.url], ckan_url: ckan.url }),
    ...more,
  }
  const found = new Map<string, Finding>()
  for await (const finding of examine(undefined, env, new AbortController().signal))
    found.set(finding.what, finding)
  return found
}

test('a source and a catalogue that answer are fine, with what they have', async () => {
  const found = await findings()
  expect(found.get(`source ${erddap.url}`)).toMatchObject({ level: 'ok', text: /3 tabular datasets/ })
  expect(found.get(`CKAN ${ckan.url}`)).toMatchObject({ level: 'ok', text: /^0 records/ })
  expect(found.get(`folder ${join(folder, 'data')}`)?.text).toMatch(/GB free/)
  expect(found.get('Prefect')).toMatchObject({ level: 'ok', text: /standalone/ })
})

test('a database that is away fails with a remedy and without its password, and the other checks go on', async () => {
  const found = await findings()
  expect(found.get('database')).toMatchObject({ level: 'fail' })
  expect(found.get('database')?.remedy).toBeTruthy()
  expect([...found.values()].map(renderFinding).join('\n')).not.toContain('s3cret-word')
  expect(found.has('configuration')).toBe(true)
})

test('the login of an address that answers is not shown', async () => {
  const withLogin = ckan.url.replace('http://', 'http://me:s3cret-word@')
  const found = await findings({
    HARVEST_CONFIG_YAML: JSON.stringify({ erddap_urls: [erddap.url], ckan_url: withLogin }),
  })
  const told = [...found.values()].map(renderFinding).join('\n')
  expect(told).toMatch(/CKAN http:.*: 0 records/)
  expect(told).not.toContain('s3cret-word')
})

test('an address that is no Prefect API is told, with how it should end', async () => {
  const { port } = stranger.address() as AddressInfo
  const found = await findings({ PREFECT_API_URL: `http://127.0.0.1:${port}` })
  expect(found.get('Prefect')).toMatchObject({ level: 'fail', remedy: /ends with \/api/ })
})

test('a catalogue that is no CKAN warns, since a harvest goes on without it', async () => {
  const { port } = stranger.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const found = await findings({
    HARVEST_CONFIG_YAML: JSON.stringify({ erddap_urls: [erddap.url], ckan_url: url }),
  })
  expect(found.get(`CKAN ${url}`)).toMatchObject({ level: 'warn' })
})

test('a bad configuration names every bad key and ends the checks that need it', async () => {
  const found = await findings({ HARVEST_CONFIG_YAML: 'erddap_urls: [x]\nnonsense: 1' })
  expect(found.get('configuration')).toMatchObject({ level: 'fail', text: /nonsense/ })
  expect([...found.keys()].some((what) => what.startsWith('source'))).toBe(false)
})

test('clocks that are apart warn, with by how much and which way', () => {
  expect(clockFinding(100_000, 99_900, 100_900).level).toBe('ok')
  expect(clockFinding(160_000, 100_000, 100_000)).toMatchObject({ level: 'warn', text: /60 s ahead/ })
  expect(clockFinding(40_000, 100_000, 100_000)).toMatchObject({ level: 'warn', text: /60 s behind/ })
})

test('a line says what, how it is, and what to do', () => {
  expect(renderFinding({ level: 'fail', what: 'disk', text: 'full', remedy: 'Make room.' })).toBe(
    'FAIL  disk: full\n      → Make room.',
  )
})
