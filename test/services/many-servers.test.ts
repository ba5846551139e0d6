/** The pages of a site that harvests two hundred servers, one of them with two thousand datasets. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fill, sourceUrl } from '../../bench/api/data.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { type ApiServer, createServer } from '../../src/serve/server.ts'
import { sourceSlug } from '../../src/serve/slugs.ts'
import { buildPage, type Look, launchBrowser, openPage, violations, visitPage } from '../support/browser.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'
import { root } from '../support/program.ts'

const shots = join(root, 'test-results', 'many-servers')
const wide: Look = { language: 'en', scheme: 'light', width: 1280 }
const unlisted = sourceUrl(150)

let folder: string
let postgres: TestServer
let database: Database
let server: ApiServer
let base: string
let browser: Browser

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  folder = mkdtempSync(join(tmpdir(), 'harvester-many-'))
  const built = buildPage(folder)
  postgres = await startPostgres(['fsync=off', 'synchronous_commit=off'])
  await postgres.createDatabase('many')
  database = await postgres.open('many')
  await migrate(database)
  await fill(database, { sources: 200, datasets: 10, most: 2000, runs: 6, profiles: 5000 }, () => {})
  await database.query(
    `INSERT INTO cde.harvest_runs (run_id, started_at, finished_at, status, error_message, scope, triggered_source, triggered_by)
     VALUES (gen_random_uuid(), '2026-01-02', '2026-01-02', 'failed',
       'The list of datasets could not be had: connect ECONNREFUSED', 'single', $1, 'schedule')`,
    [unlisted],
  )
  await built
  server = createServer({ database, port: 0, cacheSeconds: 0, dashboardFolder: folder })
  base = await server.listen()
  browser = await launchBrowser()
}, 240_000)

afterAll(async () => {
  await browser?.close()
  await server?.close()
  await database?.close()
  await postgres?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** Asked of the rows themselves, by other words than the API's. */
async function latestBy(status: string): Promise<Map<string, number>> {
  const { rows } = await database.query<{ erddap_url: string; n: number }>(
    `SELECT erddap_url, count(*)::int AS n FROM (
       SELECT DISTINCT ON (erddap_url, dataset_id) erddap_url, CASE WHEN reason_code = 'UNCHANGED' THEN 'success' ELSE status END AS status
       FROM cde.harvest_attempts ORDER BY erddap_url, dataset_id, attempted_at DESC) AS latest
     WHERE status = $1 GROUP BY 1`,
    [status],
  )
  return new Map(rows.map((row) => [row.erddap_url, row.n]))
}

const hosts = (page: Page) => page.locator('.servers tbody tr td:first-child > a').allInnerTexts()
const bottomOf = async (page: Page, selector: string) => {
  const box = await page.locator(selector).first().boundingBox()
  return (box?.y ?? Number.POSITIVE_INFINITY) + (box?.height ?? 0)
}

test('the overview shows reasons, runs and what fails first without scrolling, and never all servers at once', async () => {
  const { context, page, faults } = await openPage(browser, base, wide)
  await visitPage(page, `${base}/harvest`)
  await page.locator('.servers').waitFor()
  await page.screenshot({ path: join(shots, 'overview.png') })
  expect(await page.locator('.lead').first().textContent()).toMatch(/^200 sources · 3,?990 datasets/)
  expect(await hosts(page)).toHaveLength(50)
  const sticking = await page.evaluate<number>(
    `[...document.querySelectorAll('.panel table')].filter((table) =>
      table.getBoundingClientRect().right > table.closest('.panel').getBoundingClientRect().right + 1).length`,
  )
  expect(sticking).toBe(0)
  const failing = await latestBy('error')
  const expected = [...failing].sort(([, a], [, b]) => b - a).map(([, n]) => n)
  const errors = await page.locator('.servers tbody tr td:nth-child(4)').allInnerTexts()
  // A source that cannot be listed is the worst; then those with the most failing datasets.
  expect((await hosts(page))[0]).toBe(new URL(unlisted).host)
  expect(errors.slice(1, 20).map(Number)).toEqual(expected.filter((_, index) => index < 20).slice(0, 19))
  for (const place of ['#reasons', '#runs', '.reasons li', '.two table tbody tr'])
    expect([place, (await bottomOf(page, place)) < 900]).toEqual([place, true])
  await page.getByRole('button', { name: /150 more/ }).click()
  await expect.poll(async () => (await hosts(page)).length).toBe(200)
  expect(await violations(page)).toEqual([])
  expect(faults).toEqual([])
  await context.close()
})

test('servers are put in order as people sort names, filtered, and found by a part of their name', async () => {
  const { context, page } = await openPage(browser, base, wide)
  await visitPage(page, `${base}/harvest?order=name`)
  expect((await hosts(page)).slice(0, 12)).toEqual(
    Array.from({ length: 12 }, (_, index) => `erddap${index + 1}.example.org`),
  )
  await page.getByLabel('Show', { exact: true }).selectOption('failing')
  await page.waitForURL(/show=failing/)
  const failing = new Set([...(await latestBy('error')).keys(), unlisted])
  const more = page.getByRole('button', { name: /more/ }).last()
  if ((await more.count()) > 0 && failing.size > 50) await more.click()
  await expect.poll(async () => (await hosts(page)).length).toBe(failing.size)
  await visitPage(page, `${base}/harvest`)
  await page.getByRole('searchbox').fill('erddap137')
  await page.waitForURL(/q=erddap137/)
  await expect.poll(() => hosts(page)).toEqual(['erddap137.example.org'])
  await context.close()
})

test('a dataset is found on whatever server it is, by id, title or reason, in either language', async () => {
  for (const [language, asked, heading] of [
    ['en', 'mooring 1777', /^1 dataset/],
    ['fr', 'mouillage 1777', /^1 jeu de données/],
    ['en', 'dataset_1777', /^1 dataset/],
  ] as const) {
    const { context, page } = await openPage(browser, base, { ...wide, language })
    await visitPage(page, `${base}/harvest`)
    await page.getByRole('searchbox').fill(asked)
    await page.getByRole('heading', { name: heading }).waitFor()
    await page.locator('.found a').first().click()
    await page.getByRole('heading', { name: 'dataset_1777' }).waitFor()
    expect(page.url()).toContain(`/harvest/dataset/${sourceSlug(sourceUrl(1))}/dataset_1777`)
    await context.close()
  }
  const { context, page } = await openPage(browser, base, wide)
  await visitPage(page, `${base}/harvest?q=refused or failed`)
  const failed = [...(await latestBy('error')).values()].reduce((sum, n) => sum + n, 0)
  await page.getByRole('heading', { name: new RegExp(`^${Math.min(failed, 100)}`) }).waitFor()
  await page.screenshot({ path: join(shots, 'search.png') })
  await context.close()
})

test('a search that finds more datasets than the API gives says so, and shows what it has', async () => {
  for (const [language, heading, button, rest] of [
    ['en', '100 datasets or more found', 'Show 80 more', 'These are the first 100'],
    ['fr', '100 jeux de données ou plus trouvés', 'En afficher 80 de plus', 'Ce sont les 100 premiers'],
  ] as const) {
    const { context, page, faults } = await openPage(browser, base, { ...wide, language })
    await visitPage(page, `${base}/harvest?q=dataset_1`)
    await page.getByRole('heading', { name: heading }).waitFor()
    expect(await page.locator('.found li').count()).toBe(20)
    await page.locator('.found').getByRole('button', { name: button }).click()
    await page.locator('.found').getByText(rest).waitFor()
    expect(await page.locator('.found li').count()).toBe(100)
    // The next search begins with its first again, and what is whole says no more than that.
    await page.getByRole('searchbox').fill('dataset_177')
    await page.getByRole('heading', { name: /^\d\d [jd]/ }).waitFor()
    expect(await page.locator('.found > p').count()).toBe(0)
    expect(await violations(page)).toEqual([])
    expect(faults).toEqual([])
    await context.close()
  }
})

test('the page of a server with two thousand datasets opens on its problems, by hundreds, and finds any of them', async () => {
  const { context, page, faults } = await openPage(browser, base, wide)
  const url = sourceUrl(1)
  await visitPage(page, `${base}/harvest/server/${sourceSlug(url)}`)
  const [failed, skipped] = [
    (await latestBy('error')).get(url) ?? 0,
    (await latestBy('skipped')).get(url) ?? 0,
  ]
  const count = async (name: RegExp) =>
    Number(
      (await page.locator('.tabs label', { hasText: name }).locator('.num').textContent())?.replace(
        /\D/g,
        '',
      ),
    )
  expect(await count(/^Problems/)).toBe(failed + skipped)
  expect(await count(/^Failed/)).toBe(failed)
  expect(await count(/^All/)).toBe(2000)
  expect(await page.locator('.datasets tbody tr').count()).toBe(Math.min(100, failed + skipped))
  await page.screenshot({ path: join(shots, 'server.png') })
  await page.locator('.tabs label', { hasText: /^All/ }).click()
  await page.getByText('Page 1 of 20').first().waitFor()
  for (let next = 2; next <= 20; next += 1) {
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText(`Page ${next} of 20`).first().waitFor()
  }
  await page.waitForURL(/page=20/)
  expect(await page.locator('.datasets tbody tr').count()).toBe(100)
  await page.getByRole('searchbox').fill('mooring 1999')
  await expect.poll(() => page.locator('.datasets tbody tr').count()).toBe(1)
  expect(await page.locator('.datasets .id').textContent()).toContain('dataset_1999')
  expect(await violations(page)).toEqual([])
  expect(faults).toEqual([])
  await context.close()
})

test('a run with thousands of attempts shows the first hundred, each status from its beginning, and all when asked', async () => {
  const { context, page, faults } = await openPage(browser, base, wide)
  const run = '00000000-0000-4000-8000-000000000001'
  const attempts = (await (await fetch(`${base}/api/harvest/runs/${run}`)).json()) as {
    attempts: { status: string; dataset_id: string }[]
  }
  const failed = attempts.attempts.filter(({ status }) => status === 'error')
  const asked: number[] = []
  page.on('response', async (answer) => {
    if (answer.url().includes(`/runs/${run}`)) asked.push((await answer.body()).length)
  })
  const rows = page.locator('.stack tbody tr')
  await visitPage(page, `${base}/harvest/run/${run}`)
  await page.getByRole('heading', { name: 'Attempts' }).waitFor()
  expect(await rows.count()).toBe(100)
  await expect.poll(() => asked.length).toBe(1)
  expect(asked[0]).toBeLessThan(100_000)
  const tab = page.locator('.tabs label', { hasText: /^Failed/ })
  expect((await tab.textContent())?.replace(/\D/g, '')).toBe(String(failed.length))
  await tab.click()
  await expect.poll(() => rows.count()).toBe(100)
  expect(new Set(await page.locator('.stack tbody tr .badge').allInnerTexts()).size).toBe(1)
  await page.getByRole('button', { name: `Show ${failed.length - 100} more` }).click()
  await expect.poll(() => rows.count()).toBe(failed.length)
  await page.locator('.tabs label', { hasText: /^All/ }).click()
  await page
    .getByRole('button', { name: /Show [\d,]+ more/ })
    .last()
    .waitFor()
  expect(await violations(page)).toEqual([])
  expect(faults).toEqual([])
  await context.close()
})

test('a narrow screen has the same, and nothing wider than it', async () => {
  const { context, page } = await openPage(browser, base, { language: 'fr', scheme: 'dark', width: 360 })
  for (const path of ['/harvest', `/harvest/server/${sourceSlug(sourceUrl(1))}`]) {
    await visitPage(page, base + path)
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(360)
  }
  await page.screenshot({ path: join(shots, 'server-narrow.png') })
  await context.close()
})
