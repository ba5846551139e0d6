/**
 * How fast the API answers with 2,000 datasets × 1,000 runs (2 million attempts) and a million profiles:
 *   npx tsx bench/api/run.ts [--small | --many-servers] [--only NAME,NAME]
 * Needs PostgreSQL with PostGIS on this machine; Chromium for the page. First each question alone and without the
 * cache of answers, as the database answers it; then 50 clients at once, as production is set up.
 */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { migrate } from '../../src/database/migrate.ts'
import type { DatabaseSettings } from '../../src/database/settings.ts'
import { sourceSlug } from '../../src/serve/slugs.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import { fill, full, manyServers, sourceUrl } from './data.ts'

const size = process.argv.includes('--many-servers')
  ? manyServers
  : process.argv.includes('--small')
    ? { ...full, runs: 50, profiles: 50_000 }
    : full
const clients = 50
const seconds = 6
const aimMs = 50
/** A slow version ends as well: no question is asked longer than this alone, nor are all of them to warm up. */
const mostAloneMs = 15_000
const mostWarmUpMs = 60_000
/** No answer is waited for longer. */
const patienceMs = 30_000
const only = process.argv[process.argv.indexOf('--only') + 1]?.split(',')

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const slug = (nth: number) => sourceSlug(sourceUrl(nth))
const datasetId = (nth: number) => `dataset_${String(nth).padStart(4, '0')}`
const runId = (nth: number) => `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`

/** What is asked: every source, many datasets and runs, as readers would. */
const all: ReadonlyArray<readonly [name: string, paths: string[]]> = [
  ['servers', ['/api/harvest/servers']],
  ['servers/:slug', numbers(size.sources).map((nth) => `/api/harvest/servers/${slug(nth)}`)],
  [
    'servers/:slug?q',
    numbers(size.sources).map((nth) => `/api/harvest/servers/${slug(nth)}?status=error&q=503`),
  ],
  [
    'dataset/:slug/:id',
    numbers(200).map(
      (nth) =>
        `/api/harvest/dataset/${slug(1 + (nth % size.sources))}/${datasetId(1 + (nth % Math.min(97, size.datasets)))}`,
    ),
  ],
  ['search', ['mooring%20150', 'dataset_0017', '503', 'nothing'].map((q) => `/api/harvest/search?q=${q}`)],
  ['runs/recent', ['/api/harvest/runs/recent']],
  ['runs/:id', numbers(20).map((nth) => `/api/harvest/runs/${runId(nth)}`)],
  ['runs/:id?limit=100', numbers(20).map((nth) => `/api/harvest/runs/${runId(nth)}?limit=100`)],
  ['reasons', ['/api/harvest/reasons']],
  ['reasons/:slug', numbers(size.sources).map((nth) => `/api/harvest/reasons/${slug(nth)}`)],
  ['servers/:slug/trend', numbers(size.sources).map((nth) => `/api/harvest/servers/${slug(nth)}/trend`)],
  ['coverage', ['/api/harvest/coverage', '/api/harvest/coverage?variable=oxygen']],
  ['harvest (page)', ['/harvest']],
]
const questions = process.argv.includes('--only') ? all.filter(([name]) => only?.includes(name)) : all

const server = await startPostgres([
  'fsync=off',
  'synchronous_commit=off',
  'shared_buffers=512MB',
  'max_wal_size=4GB',
  'work_mem=32MB',
])
try {
  const settings = await server.createDatabase('bench')
  const database = await server.open('bench')
  const began = performance.now()
  await migrate(database)
  await fill(database, size, (what) => console.log(`${since(began)}  ${what}`))
  await database.close()
  console.log(
    `${since(began)}  filled: ${(size.sources * size.datasets + Math.max(0, (size.most ?? 0) - size.datasets)) * size.runs} attempts, ${size.profiles} profiles\n`,
  )

  await alone(settings)
  await together(settings)
} finally {
  await server.stop()
}

async function alone(settings: DatabaseSettings): Promise<void> {
  const { url, stop } = await serve(settings, 0)
  console.log('Alone, without the cache of answers (ms)')
  for (const [name, paths] of questions) {
    const times: number[] = []
    let bytes = 0
    const began = performance.now()
    for (let round = 0; round < 40 && (round < 8 || performance.now() - began < mostAloneMs); round += 1) {
      const started = performance.now()
      const answer = await ask(url + paths[round % paths.length])
      bytes = (await answer.arrayBuffer()).byteLength
      if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`)
      if (round >= 5) times.push(performance.now() - started)
    }
    times.sort((a, b) => a - b)
    const [p50, p90] = [times[Math.floor(times.length / 2)] ?? 0, times[Math.floor(times.length * 0.9)] ?? 0]
    console.log(
      `  ${name.padEnd(22)} p50 ${p50.toFixed(1).padStart(7)}  p90 ${p90.toFixed(1).padStart(7)}  ${bytes} bytes`,
    )
  }
  stop()
}

async function together(settings: DatabaseSettings): Promise<void> {
  const { url, stop } = await serve(settings, 1)
  console.log(`\n${clients} clients at once, ${seconds} s each (ms)`)
  // Those who come first pay for the plans and pages of the database.
  const began = performance.now()
  for (const path of questions.flatMap(([, paths]) => paths)) {
    if (performance.now() - began > mostWarmUpMs) break
    await (await ask(url + path)).arrayBuffer()
  }
  for (const [name, paths] of questions) report(name, await press(url, paths))
  const mixed = questions.flatMap(([, paths]) => paths.slice(0, 20))
  report('all of them, mixed', await press(url, mixed))
  await page(url)
  stop()
}

function ask(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(patienceMs) })
}

function press(url: string, paths: readonly string[]): Promise<autocannon.Result> {
  return autocannon({
    url,
    connections: clients,
    duration: seconds,
    timeout: patienceMs / 1000,
    headers: { 'accept-encoding': 'gzip' },
    requests: shuffled(paths).map((path) => ({ path })),
  })
}

/** Always the same order, so that runs can be compared. */
function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item, index) => [(index * 7919) % 1009, item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}

function report(name: string, result: autocannon.Result): void {
  const { p50, p99 } = result.latency
  const failed = result.non2xx + result.errors
  const verdict = failed > 0 ? `${failed} FAILED` : p99 < aimMs ? 'ok' : `over ${aimMs}`
  console.log(
    `  ${name.padEnd(22)} p50 ${p50.toFixed(0).padStart(4)}  p99 ${p99.toFixed(0).padStart(4)}  ${result.requests.average.toFixed(0).padStart(6)}/s  ${verdict}`,
  )
}

/** What the first page costs a browser. */
async function page(url: string): Promise<void> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(executablePath)) return
  if (!(await (await ask(`${url}/harvest`)).text()).includes('<script'))
    return console.log('\nFirst page: not measured, since it is not built (npm run build)')
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  })
  const tab = await browser.newPage()
  await tab.addInitScript(
    `window.blocked = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.blocked += Math.max(0, entry.duration - 50) }).observe({ type: 'longtask', buffered: true })`,
  )
  const began = performance.now()
  tab.setDefaultTimeout(patienceMs)
  await tab.goto(`${url}/harvest`)
  await tab.locator('.servers').waitFor()
  const shown = performance.now() - began
  await tab.waitForLoadState('networkidle')
  const [requests, bytes, blocked] = await tab.evaluate<[number, number, number]>(
    `(() => { const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]; return [all.length, all.reduce((sum, one) => sum + one.transferSize, 0), window.blocked] })()`,
  )
  await browser.close()
  console.log(
    `\nFirst page: ${requests} requests, ${(bytes / 1024).toFixed(0)} KB, ${blocked.toFixed(0)} ms blocked, sources after ${shown.toFixed(0)} ms`,
  )
}

async function serve(
  settings: DatabaseSettings,
  cacheSeconds: number,
): Promise<{ url: string; stop: () => void }> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('./serve.ts', import.meta.url))],
    {
      env: {
        ...process.env,
        BENCH_DATABASE: JSON.stringify(settings),
        BENCH_CACHE_SECONDS: String(cacheSeconds),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve(line.toString().trim()))
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}.`)))
  })
  child.removeAllListeners('exit')
  return { url, stop: () => void child.kill() }
}

function since(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s`
}
