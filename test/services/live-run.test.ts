/**
 * A run that is started and watched on a page, with every part real: worker, server of the pages, engine, database,
 * source and browser; on either back end, and while the server of the pages is started anew.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { sourceSlug } from '../../src/serve/slugs.ts'
import { type Running, start } from '../acceptance/run.ts'
import { buildPage, launchBrowser, openPage, visitPage } from '../support/browser.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'
import { freePort, type PrefectServer, startPrefect, waitUntil } from '../support/prefect.ts'
import { root } from '../support/program.ts'

const datasets = 12
const token = 'a-token-of-this-test'

let postgres: TestServer
let prefect: PrefectServer
let browser: Browser
let erddap: ErddapServer
let folder: string
let running: Running[] = []

beforeAll(async () => {
  const built = buildPage(join(root, 'dist', 'web'))
  ;[postgres, prefect] = await Promise.all([startPostgres(), startPrefect()])
  await built
  browser = await launchBrowser()
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await prefect?.stop()
  await postgres?.stop()
})
afterEach(async () => {
  for (const { kill } of running) kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
  running = []
  await erddap?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

describe.each([
  { engine: 'standalone', name: 'live_local', more: () => ({}) },
  { engine: 'Prefect', name: 'live_prefect', more: () => ({ PREFECT_API_URL: prefect.apiUrl }) },
])('with the $engine engine', ({ name, more }) => {
  it('an operator starts a run, sees it go on over a restart of the server, and how it ends', async () => {
    folder = mkdtempSync(join(tmpdir(), 'live-run-'))
    erddap = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets }) })
    // Slow enough to be watched: a dataset after the other.
    erddap.setHostile([
      { match: /\/info\/|\/tabledap\/(?!allDatasets)/, behave: { kind: 'latency', ms: 4000 } },
    ])
    const database = await postgres.createDatabase(name)
    const opened = await postgres.open(name)
    await migrate(opened)
    await opened.close()
    const port = await freePort()
    const base = `http://127.0.0.1:${port}`
    const environment = {
      DATABASE_URL: `postgresql://postgres@127.0.0.1:${database.port}/${name}?sslmode=disable`,
      HARVESTER_DATA_DIR: join(folder, 'data'),
      HARVESTER_CACHE_DIR: join(folder, 'cache'),
      HARVESTER_LOG_DIR: join(folder, 'logs'),
      HARVESTER_NAMESPACE: name.replace('_', '-'),
      HARVESTER_HTTP_PORT: String(port),
      HARVEST_TRIGGER_ENABLED: 'true',
      HARVEST_TRIGGER_TOKEN: token,
      HARVEST_CONFIG_YAML: JSON.stringify({
        erddap_urls: [erddap.url],
        ckan_url: 'http://127.0.0.1:9',
        folder: join(folder, 'harvest'),
      }),
      ...more(),
    }
    const run = (...args: string[]): Running => {
      const process = start(args, folder, environment)
      running.push(process)
      return process
    }
    run('worker')
    let server = run('serve')
    const ready = () => waitUntil('the server', async () => (await fetch(`${base}/ready`)).ok, 90_000)
    await ready()
    const slug = sourceSlug(erddap.url)
    // The worker declares what can be started.
    await waitUntil(
      'the deployment of the source',
      async () =>
        ((await (await fetch(`${base}/api/harvest/schedules`)).json()) as Array<{ slug: string }>).some(
          (schedule) => schedule.slug === slug,
        ),
      90_000,
    )

    const { context, page } = await openPage(browser, base, { language: 'en', scheme: 'light', width: 1280 })
    // A source that was never harvested has its name and its button all the same.
    await visitPage(page, `${base}/harvest/server/${encodeURIComponent(slug)}`)
    await page.getByRole('heading', { name: new RegExp(new URL(erddap.url).host) }).waitFor()
    await page.getByRole('button', { name: 'Run now' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Token').fill(token)
    // A worker that has just started may not be known yet.
    await expect
      .poll(
        async () => {
          if (/\/harvest\/run\//.test(page.url())) return true
          await dialog
            .getByRole('button', { name: 'Start' })
            .click({ timeout: 2000 })
            .catch(() => {})
          await page.waitForURL(/\/harvest\/run\//, { timeout: 4000 }).catch(() => {})
          return /\/harvest\/run\//.test(page.url())
        },
        { timeout: 90_000 },
      )
      .toBe(true)
    const runId = page.url().split('/').pop()?.split('?')[0] ?? ''

    await page.locator('.badge', { hasText: 'Running' }).waitFor({ timeout: 90_000 })
    await page.locator('.live').waitFor({ timeout: 60_000 })
    await expect
      .poll(async () => (await page.locator('.progress').textContent()) ?? '', { timeout: 60_000 })
      .toMatch(new RegExp(`[1-9]\\d* of ${datasets}`))
    // A second run of the same source is refused, and says which run stands in the way.
    const refused = await fetch(`${base}/api/harvest/trigger`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ source: slug }),
    })
    expect([refused.status, ((await refused.json()) as { run_id: string }).run_id]).toEqual([409, runId])

    server.kill('SIGKILL')
    await server.ended
    await page.getByText('was lost; trying again').waitFor({ timeout: 30_000 })
    expect(await page.locator('.live').count()).toBe(0)
    server = run('serve')
    await ready()
    await page.locator('.live').waitFor({ timeout: 60_000 })

    erddap.setHostile([])
    await page.locator('.badge', { hasText: 'Completed' }).waitFor({ timeout: 120_000 })
    expect(await page.locator('.progress').count()).toBe(0)
    expect(await page.locator('.live').count()).toBe(0)
    const { attempts } = (await (await fetch(`${base}/api/harvest/runs/${runId}`)).json()) as {
      attempts: unknown[]
    }
    expect(attempts).toHaveLength(datasets)
    await expect
      .poll(async () => (await page.locator('.tabs label').first().locator('.num').textContent()) ?? '')
      .toBe(String(datasets))
    await context.close()
  }, 400_000)
})
