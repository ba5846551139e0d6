/**
 * The dashboard in a real browser, over a database that a real harvest of the demo's servers filled: every page in
 * both languages, light and dark, wide and narrow, with axe; filter, search, trigger and a live run.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { saveProgress } from '../../src/inventory/run-progress.ts'
import { adviceOf, errorReasons, skipReasons, titleOf } from '../../src/rules/reasons/index.ts'
import type { RunControl, RunView } from '../../src/serve/ports.ts'
import { type ApiServer, createServer } from '../../src/serve/server.ts'
import { sourceSlug } from '../../src/serve/slugs.ts'
import { en } from '../../src/web/translations/en.ts'
import { fr } from '../../src/web/translations/fr.ts'
import { buildPage, type Look, launchBrowser, openPage, violations, visitPage } from '../support/browser.ts'
import { harvesterProgram, root } from '../support/program.ts'

const run = promisify(execFile)
const shots = join(root, 'test-results', 'dashboard')
const pacific = 'https://erddap.demo-pacific.example/erddap'
const pacificSlug = 'erddap-demo-pacific-example-erddap'
const longId = `a_very_long_dataset_id_${'without_any_blank_'.repeat(12)}end`
const token = 'test-token'

/** Declared, and never harvested. */
const fresh = 'https://new.example/erddap'

/** Its own server, so that the numbers of the others stay. */
const odd = 'https://odd.example/erddap'
const oddId = 'tide/100%2F of #1 & é'

let folder: string
let database: Database
let server: ApiServer
let base: string
let browser: Browser
let control: ScriptedRuns

const open = (look: Look) => openPage(browser, base, look)
const visit = (page: Page, path: string) => visitPage(page, base + path)

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  folder = mkdtempSync(join(tmpdir(), 'harvester-dashboard-'))
  const page = join(folder, 'page')
  await Promise.all([
    buildPage(page),
    run(process.execPath, [...harvesterProgram, 'start', '--once'], {
      cwd: folder,
      maxBuffer: 1e8,
    }),
  ])
  database = await openDatabase({ kind: 'embedded', dataFolder: join(folder, '.data', 'demo') })
  await addHistory()
  control = new ScriptedRuns()
  server = createServer({
    database,
    port: 0,
    cacheSeconds: 0,
    dashboardFolder: page,
    runs: control,
    trigger: { enabled: true, token, perMinute: 100 },
    pageOfRun: (id) => `http://127.0.0.1:4200/runs/flow-run/${id}`,
  })
  base = await server.listen()
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
  await database?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** Earlier runs in which some datasets fared otherwise, a source that cannot be listed, and an endless name. */
async function addHistory(): Promise<void> {
  await database.query(`
    INSERT INTO cde.harvest_runs (run_id, started_at, finished_at, git_sha, status, error_message, scope, triggered_source, triggered_by)
    SELECT gen_random_uuid(), r.started_at - n * interval '6 hours',
           r.started_at - n * interval '6 hours' + (40 + 13 * (n % 5)) * interval '1 second',
           'e47ffa1c0ffee', CASE WHEN n % 7 = 3 THEN 'failed' ELSE 'ok' END,
           CASE WHEN n % 7 = 3 THEN '9 of 43 datasets failed' END, 'full', NULL, CASE WHEN n % 5 = 0 THEN 'ana@example.org' ELSE 'schedule' END
    FROM (SELECT started_at FROM cde.harvest_runs ORDER BY started_at DESC LIMIT 1) r, generate_series(1, 22) n`)
  await database.query(`
    WITH newest AS (SELECT run_id, started_at FROM cde.harvest_runs ORDER BY started_at DESC LIMIT 1)
    INSERT INTO cde.harvest_attempts
    SELECT r.run_id, a.erddap_url, a.dataset_id, a.source,
           CASE WHEN bad THEN 'error' WHEN a.status = 'success' AND h % 3 > 0 THEN 'skipped' ELSE a.status END,
           CASE WHEN bad THEN 'HTTP_ERROR' WHEN a.status = 'success' AND h % 3 > 0 THEN 'UNCHANGED' ELSE a.reason_code END,
           CASE WHEN bad THEN 'GET ' || a.erddap_url || ' answered 503: Service Unavailable' ELSE a.error_message END,
           a.duration_ms * (1 + h % 4), a.attempted_at - (n.started_at - r.started_at), a.query_urls
    FROM newest n JOIN cde.harvest_attempts a ON a.run_id = n.run_id
    CROSS JOIN (SELECT run_id, started_at, status FROM cde.harvest_runs) r
    CROSS JOIN LATERAL (SELECT abs(hashtext(a.dataset_id || r.started_at::text)) % 100 AS h) x
    CROSS JOIN LATERAL (SELECT h < CASE WHEN r.status = 'failed' THEN 40 ELSE 6 END AS bad) y
    WHERE r.run_id <> n.run_id`)
  await database.query(
    `INSERT INTO cde.harvest_attempts
     SELECT run_id, $1, $2, 'erddap', 'error', 'UNKNOWN_ERROR', $3, 3723000, now(), $1 || '/info/' || $2 || '/index.csv'
     FROM cde.harvest_runs ORDER BY started_at DESC LIMIT 1`,
    [pacific, longId, `TypeError: ${'cannot read properties of undefined '.repeat(30)}`],
  )
  await database.query(
    `INSERT INTO cde.harvest_runs (run_id, started_at, finished_at, status, error_message, scope, triggered_source, triggered_by)
     VALUES (gen_random_uuid(), now() - interval '1 hour', now() - interval '59 minutes', 'failed',
       'The list of datasets could not be had: GET https://data.unreachable-observatory.example/erddap/tabledap/allDatasets.csv: connect ECONNREFUSED',
       'single', 'https://data.unreachable-observatory.example/erddap', 'schedule')`,
  )
  await database.query(
    `INSERT INTO cde.harvest_attempts
     SELECT run_id, $1, $2, 'erddap', 'error', 'HTTP_ERROR', 'GET answered 500', 900, now(), $1 || '/info/x/index.csv'
     FROM cde.harvest_runs ORDER BY started_at DESC LIMIT 1`,
    [odd, oddId],
  )
  await database.query(
    `INSERT INTO harvester.sources (erddap_url, configured, gridded_datasets) VALUES ($1, true, 12)
     ON CONFLICT (erddap_url) DO UPDATE SET gridded_datasets = 12`,
    [pacific],
  )
}

/** An engine that, once it is told to, harvests three datasets a step: the audit rows are what a harvest writes. */
class ScriptedRuns implements RunControl {
  readonly queued = new Map<string, RunView>()
  asked: Array<{ source: string | null; force: boolean; user: string }> = []

  async schedules() {
    const deployment = (name: string, source: string | null, hours: number) => ({
      name,
      flow: source === null ? 'Harvest All Sources' : 'Harvest Source',
      source,
      cron: source === null ? '0 */6 * * *' : '15 3 * * *',
      timezone: 'UTC',
      paused: false,
      nextRunAt: new Date(Date.now() + hours * 3_600_000),
      lastRun: null,
    })
    return [
      deployment('harvest-erddap-demo-pacific-example', pacific, 9),
      deployment('harvest-all', null, 2),
      deployment('harvest-new-example', fresh, 12),
    ]
  }

  async find(runId: string) {
    return this.queued.get(runId) ?? null
  }

  async trigger(source: string | null, options: { force: boolean; user: string }) {
    this.asked.push({ source, ...options })
    if (this.queued.size > 0)
      return { outcome: 'already-running' as const, runId: [...this.queued.keys()][0] ?? null }
    const { rows } = await database.query<{ id: string }>('SELECT gen_random_uuid()::text AS id')
    const runId = rows[0]?.id ?? ''
    this.queued.set(runId, {
      runId,
      state: 'Scheduled',
      final: false,
      source,
      createdAt: new Date(),
      startedAt: null,
      triggeredBy: options.user,
      message: null,
    })
    return { outcome: 'accepted' as const, runId }
  }

  async begin(): Promise<string> {
    const [flowRun = ''] = this.queued.keys()
    const { rows } = await database.query<{ run_id: string }>(
      `INSERT INTO cde.harvest_runs (run_id, started_at, status, scope, triggered_source, triggered_by, prefect_flow_run_id)
       VALUES (gen_random_uuid(), now(), 'running', 'single', $1, 'api', $2) RETURNING run_id`,
      [this.queued.get(flowRun)?.source, flowRun],
    )
    return rows[0]?.run_id ?? ''
  }

  async step(runId: string, from: number, to: number): Promise<void> {
    await database.query(
      `INSERT INTO cde.harvest_attempts
       SELECT $1::uuid, $2, 'live_dataset_' || n, 'erddap', CASE WHEN n = 2 THEN 'error' ELSE 'success' END,
              CASE WHEN n = 2 THEN 'HTTP_ERROR' END, CASE WHEN n = 2 THEN 'GET answered 500' END, 700, now(), NULL
       FROM generate_series($3::int, $4::int) n`,
      [runId, pacific, from, to],
    )
  }

  async end(runId: string): Promise<void> {
    await database.query(`UPDATE cde.harvest_runs SET status = 'ok', finished_at = now() WHERE run_id = $1`, [
      runId,
    ])
    this.queued.clear()
  }
}

const pages = async (): Promise<Array<[name: string, path: string]>> => {
  const { rows } = await database.query<{ run_id: string }>(
    `SELECT run_id FROM cde.harvest_runs WHERE scope = 'full' ORDER BY started_at DESC LIMIT 1`,
  )
  return [
    ['overview', '/harvest'],
    ['server', `/harvest/server/${pacificSlug}`],
    ['server-failed', '/harvest/server/data-unreachable-observatory-example-erddap'],
    ['dataset', `/harvest/dataset/${pacificSlug}/archive_on_broken_disk`],
    ['dataset-long', `/harvest/dataset/${pacificSlug}/${longId}`],
    ['run', `/harvest/run/${rows[0]?.run_id}`],
    ['map', '/harvest/map'],
    ['report', `/harvest/report/${pacificSlug}`],
    ['missing', '/harvest/dataset/nowhere/nothing'],
  ]
}

describe('every page', () => {
  test.each<Look>([
    { language: 'en', scheme: 'light', width: 1280 },
    { language: 'fr', scheme: 'dark', width: 1280 },
    { language: 'fr', scheme: 'light', width: 360 },
    { language: 'en', scheme: 'dark', width: 360 },
  ])('speaks $language, is readable in $scheme and fits $width pixels', async (look) => {
    const { context, page, faults } = await open(look)
    for (const [name, path] of await pages()) {
      await visit(page, path)
      const where = `${name}-${look.language}-${look.scheme}-${look.width}`
      await page.screenshot({ path: join(shots, `${where}.png`), fullPage: true })
      expect([where, await page.evaluate<string>('document.documentElement.lang')]).toEqual([
        where,
        look.language,
      ])
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth')
      expect([where, wide]).toEqual([where, look.width])
      const sticking = await page.evaluate<string[]>(
        `[...document.querySelectorAll('.panel table, .panel figure')]
          .filter((part) => part.checkVisibility() && part.getBoundingClientRect().right > part.closest('.panel').getBoundingClientRect().right + 1)
          .map((part) => part.className)`,
      )
      expect([where, sticking]).toEqual([where, []])
      expect([where, await violations(page)]).toEqual([where, []])
      const text = await page.evaluate<string>('document.body.innerText')
      // A key that was not translated would show as it is written in the code.
      expect([where, /\b(?:overview|server|run|map|reason|state|dataset)\.[a-z]+\b/.exec(text)?.[0]]).toEqual(
        [where, undefined],
      )
    }
    expect(faults).toEqual([])
    await context.close()
  })
})

describe('an ERDDAP admin', () => {
  test('finds a dataset, reads what happened and what to do, and gets the very requests', async () => {
    const { context, page, faults } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, '/harvest')
    await page.getByRole('link', { name: 'erddap.demo-pacific.example' }).first().click()
    await page.getByRole('heading', { name: 'Datasets of erddap.demo-pacific.example' }).waitFor()
    expect(await page.locator('.note').allInnerTexts()).toContain(
      'The server also has 12 gridded datasets. Gridded data are not indexed.',
    )
    await page.getByRole('searchbox').fill('BROKEN')
    await page.waitForURL(/q=BROKEN/)
    await expect.poll(() => page.locator('.datasets tbody tr').count()).toBe(1)
    await page.getByRole('link', { name: 'archive_on_broken_disk', exact: true }).click()
    await page.getByRole('heading', { name: 'archive_on_broken_disk' }).waitFor()
    const text = await page.locator('main').textContent()
    expect(text).toContain('The server refused or failed')
    expect(text).toContain('Follow the last request')
    const requests = await page
      .locator('details[open] .requests a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''))
    expect(requests.length).toBeGreaterThan(0)
    for (const href of requests) expect(href).toMatch(/^https:\/\/erddap\.demo-pacific\.example\/erddap\//)
    const time = page.locator('time').first()
    expect(await time.getAttribute('title')).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
    await page.goBack()
    expect(await page.getByRole('searchbox').inputValue()).toBe('BROKEN')
    expect(faults).toEqual([])
    await context.close()
  })

  test('reaches a dataset whose id holds slashes, and what looks like an encoded one', async () => {
    const { context, page, faults } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, '/harvest/server/odd-example-erddap')
    await page.locator('.datasets .id').click()
    const heading = page.locator('h1')
    await expect.poll(() => heading.textContent()).toBe(oddId)
    await page.getByText('The server refused or failed').first().waitFor()
    await page.reload()
    await page.getByText('The server refused or failed').first().waitFor()
    expect(await heading.textContent()).toBe(oddId)
    expect(await page.title()).toContain(oddId)
    expect(faults).toEqual([])
    await context.close()
  })

  test('is told that nothing was attempted where the source could not be listed, and why', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, '/harvest/server/data-unreachable-observatory-example-erddap')
    // The reason comes with the list of servers, which may be told after that of the datasets.
    await page.getByText('ECONNREFUSED').first().waitFor()
    const text = await page.locator('main').textContent()
    expect(text).toContain('No dataset of this source has been attempted yet')
    expect(text).toContain('ECONNREFUSED')
    expect(text).not.toContain('was harvested')
    await context.close()
  })

  test('filters by status with the keyboard, and the address keeps it', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, `/harvest/server/${pacificSlug}`)
    expect(await page.getByRole('radio', { name: /^Problems/ }).isChecked()).toBe(true)
    await page.getByRole('radio', { name: /^Problems/ }).focus()
    await page.keyboard.press('ArrowRight')
    await page.waitForURL(/status=error/)
    await expect
      .poll(async () => [...new Set(await page.locator('.datasets tbody .badge').allInnerTexts())])
      .toEqual(['Failed'])
    await page.reload()
    await page.locator('.datasets').waitFor()
    expect(await page.getByRole('radio', { name: /^Failed/ }).isChecked()).toBe(true)
    await context.close()
  })

  test('changes the language, which is kept, and ?lang= comes first', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, '/harvest')
    await page.getByRole('button', { name: 'Français' }).click()
    await page.getByRole('heading', { name: 'Aperçu du moissonnage' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Aperçu du moissonnage' }).waitFor()
    await visit(page, '/harvest?lang=en')
    expect(await page.locator('h1').textContent()).toBe('Harvest overview')
    await context.close()
  })
})

describe('an owner of datasets', () => {
  const datasetWith = async (reason: string): Promise<string> => {
    const { rows } = await database.query<{ dataset_id: string }>(
      `SELECT a.dataset_id FROM cde.harvest_attempts a JOIN cde.harvest_runs r USING (run_id)
       WHERE a.erddap_url = $1 AND a.reason_code = $2
       ORDER BY r.started_at DESC, a.dataset_id LIMIT 1`,
      [pacific, reason],
    )
    expect([reason, rows.length]).toEqual([reason, 1])
    return rows[0]!.dataset_id
  }

  test('is shown the very change, filled with the names of the dataset, in either language', async () => {
    const id = await datasetWith('MISSING_CF_ROLE')
    for (const [language, said] of [
      ['en', 'give it cf_role'],
      ['fr', 'donnez-lui le cf_role'],
    ] as const) {
      const { context, page } = await open({ language, scheme: 'light', width: 1280 })
      await visit(page, `/harvest/dataset/${pacificSlug}/${encodeURIComponent(id)}`)
      await page.locator('.remedy').getByText(said).waitFor()
      expect(await page.locator('.change pre').first().textContent()).toContain('<att name="cf_role">')
      expect(await page.locator('.remedy a').first().getAttribute('href')).toContain('erddap.github.io')
      await context.close()
    }
  })

  test('is told what the index has, not what an attempt said', async () => {
    const { rows } = await database.query<{ dataset_id: string }>(
      `SELECT dataset_id FROM cde.datasets WHERE erddap_url = $1 ORDER BY dataset_id LIMIT 1`,
      [pacific],
    )
    const id = rows[0]!.dataset_id
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, `/harvest/dataset/${pacificSlug}/${encodeURIComponent(id)}`)
    await page.getByText(/The dataset is in the index with \d+ profile/).waitFor()
    await page.route('**/api/harvest/index/**', (route) =>
      route.fulfill({
        json: {
          in_index: false,
          title: null,
          title_fr: null,
          n_profiles: null,
          organizations: [],
          last_updated_at: null,
          verified_at: null,
        },
      }),
    )
    await page.reload()
    await page.getByText('The dataset is not in the index now.').waitFor()
    await context.close()
  })

  test('has its title in the language of the page, and that of its metadata where the index has none', async () => {
    const id = await datasetWith('MISSING_CF_ROLE')
    for (const [language, told, said] of [
      ['en', undefined, 'Casts of the gulf'],
      ['fr', undefined, 'Profils du golfe'],
      // What is not in the index has the title of its metadata.
      ['fr', { title: null, title_fr: null }, /./],
    ] as const) {
      const { context, page } = await open({ language, scheme: 'light', width: 1280 })
      await page.route('**/api/harvest/index/**', async (route) => {
        const answer = await (await route.fetch()).json()
        const titles = { title: 'Casts of the gulf', title_fr: 'Profils du golfe' }
        await route.fulfill({ json: { ...answer, ...(told ?? titles) } })
      })
      await visit(page, `/harvest/dataset/${pacificSlug}/${encodeURIComponent(id)}`)
      await page.locator('.title .lead').getByText(said).waitFor()
      await context.close()
    }
  })

  test('gets a report by remedy, as a page, a table, a feed and a badge', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, `/harvest/server/${pacificSlug}`)
    await page.getByRole('link', { name: 'Report to send' }).click()
    await page.getByRole('heading', { name: /^What can be mended/ }).waitFor()
    await page.getByText('To mend it: add a cf_role').waitFor()
    await page.emulateMedia({ media: 'print' })
    await page.screenshot({ path: join(shots, 'report-print.png'), fullPage: true })
    const csv = await (await fetch(`${base}/api/harvest/report/${pacificSlug}.csv?lang=fr`)).text()
    expect(csv.split('\n')[0]).toContain('reason_code,reason,message,remedy,what,change,page')
    expect(csv).toContain('donnez-lui le cf_role')
    const feed = await (await fetch(`${base}/api/harvest/report/${pacificSlug}.atom?lang=fr`)).text()
    expect(feed).toContain('xml:lang="fr"')
    const badge = await fetch(`${base}/badge/${pacificSlug}.svg`)
    expect(badge.headers.get('content-type')).toContain('image/svg+xml')
    expect(await badge.text()).toMatch(/<title>harvested \d+ of \d+<\/title>/)
    await context.close()
  })

  test('reads no English on a French page, but what the data say themselves', async () => {
    const wordsOf = (text: string) => text.toLowerCase().match(/\p{L}{3,}/gu) ?? []
    const french = new Set(
      [
        ...Object.values(fr),
        ...[...skipReasons, ...errorReasons].flatMap((code) => [titleOf('fr', code), adviceOf('fr', code)]),
      ].flatMap(wordsOf),
    )
    const english = new Set(
      [
        ...Object.values(en),
        ...[...skipReasons, ...errorReasons].flatMap((code) => [titleOf('en', code), adviceOf('en', code)]),
      ].flatMap(wordsOf),
    )
    for (const word of french) english.delete(word)
    expect(english.size).toBeGreaterThan(300)

    const { context, page } = await open({ language: 'fr', scheme: 'light', width: 1280 })
    const own = new Set<string>()
    // What is said of an attempt as code and values is said in French: its English sentence is no excuse.
    const gather = (part: unknown, key = ''): void => {
      if (typeof part === 'string') {
        if (key !== 'error_message') for (const word of wordsOf(part)) own.add(word)
      } else if (part !== null && typeof part === 'object') {
        const { told, error_message: message } = part as { told?: unknown; error_message?: unknown }
        if (told == null && typeof message === 'string') for (const word of wordsOf(message)) own.add(word)
        for (const [name, value] of Object.entries(part)) gather(value, Array.isArray(part) ? key : name)
      }
    }
    const heard: Promise<void>[] = []
    page.on('response', (response) => {
      if (response.url().includes('/api/harvest/') && response.headers()['content-type']?.includes('json'))
        heard.push(response.json().then(gather, () => {}))
    })
    for (const [name, path] of await pages()) {
      // An id that is not known is named as it was asked for.
      for (const word of wordsOf(path)) own.add(word)
      await visit(page, path)
      await Promise.all(heard.splice(0))
      const shown = await page.evaluate<string>(`(() => {
        const copy = document.body.cloneNode(true)
        // What says itself that it is English, and what is no language.
        for (const other of copy.querySelectorAll('noscript, script, style, code, pre, .requests, [lang=en]')) other.remove()
        const titles = [...copy.querySelectorAll('[title], [aria-label], [placeholder]')].flatMap((element) =>
          ['title', 'aria-label', 'placeholder'].map((key) => element.getAttribute(key) ?? ''))
        return [...titles, document.title].join('\\n') + '\\n' + [...copy.querySelectorAll('*')].flatMap((element) =>
          [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent)).join('\\n')
      })()`)
      const found = wordsOf(shown).filter((word) => english.has(word) && !own.has(word))
      expect([name, [...new Set(found)]]).toEqual([name, []])
    }
    await context.close()
  })
})

describe('an operator', () => {
  test('starts a run with the token, and watches it until it ends', async () => {
    const { context, page, faults } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, `/harvest/server/${pacificSlug}`)
    await page.getByRole('button', { name: 'Run now' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Token').fill('wrong')
    await dialog.getByRole('button', { name: 'Start' }).click()
    await dialog.getByText('The token is not right.').waitFor()
    await page.screenshot({ path: join(shots, 'trigger.png') })
    expect(await violations(page)).toEqual([])
    await dialog.getByLabel('Token').fill(token)
    await dialog.getByLabel('Harvest unchanged datasets too').check()
    await dialog.getByRole('button', { name: 'Start' }).click()
    await expect.poll(() => control.queued.size).toBe(1)
    const queued = `${base}/harvest/run/${[...control.queued.keys()][0]}`
    await page.waitForURL(queued)
    await page.locator('.badge', { hasText: 'Queued' }).waitFor()
    expect(control.asked).toEqual([{ source: pacific, force: true, user: 'api' }])
    await page.goBack()
    await page.getByRole('button', { name: 'Run now' }).click()
    await dialog.getByRole('button', { name: 'Start' }).click()
    await dialog.getByText('This source is being harvested already.').waitFor()
    await dialog.getByRole('link', { name: 'Follow it' }).click()
    await page.waitForURL(queued)

    const runId = await control.begin()
    await page.locator('.badge', { hasText: 'Running' }).waitFor()
    await control.step(runId, 1, 3)
    await page.getByRole('link', { name: 'live_dataset_3' }).waitFor()
    expect(await page.locator('.progress').textContent()).toContain('Harvesting datasets · 3')
    await saveProgress(
      database,
      { runId, flowRunId: [...control.queued.keys()][0]!, startedAt: new Date() },
      { phase: 'harvest-datasets', done: 3, total: 5, now: 'live_dataset_4' },
    )
    await page.locator('.progress', { hasText: 'now: live_dataset_4' }).waitFor()
    await page.screenshot({ path: join(shots, 'run-live.png'), fullPage: true })
    expect(await violations(page)).toEqual([])
    await control.step(runId, 4, 5)
    await page.getByRole('link', { name: 'live_dataset_5' }).waitFor()
    await control.end(runId)
    await page.locator('.badge', { hasText: 'Completed' }).waitFor()
    expect(await page.locator('.progress').count()).toBe(0)
    // What the browser calls errors are the answers 401 and 409 that were provoked.
    expect(faults.filter((fault) => !/\b(?:401|409)\b/.test(fault))).toEqual([])
    await context.close()
  })

  test('can start the first run of a source that was never harvested', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, `/harvest/server/${sourceSlug(fresh)}`)
    await page.getByRole('heading', { name: 'Datasets of new.example' }).waitFor()
    await page.getByText('No dataset of this source has been attempted yet').waitFor()
    expect(await page.locator('main').textContent()).not.toContain('was harvested')
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByRole('dialog').getByText('Start a harvest of new.example').waitFor()
    await context.close()
  })

  test('follows a run on, readable and live again, after a proxy in front answered 502', async () => {
    const { rows } = await database.query<{ run_id: string }>(
      `INSERT INTO cde.harvest_runs (run_id, started_at, status, scope, triggered_source, triggered_by)
       VALUES (gen_random_uuid(), now(), 'running', 'single', $1, 'api') RETURNING run_id`,
      [odd],
    )
    const runId = rows[0]?.run_id ?? ''
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    let asked = 0
    await page.route('**/events', (route) => {
      asked += 1
      return asked === 1 ? route.fulfill({ status: 502, body: 'Bad gateway' }) : route.continue()
    })
    await visit(page, `/harvest/run/${runId}`)
    await page.getByText('was lost; trying again').waitFor()
    expect(await page.locator('.live').count()).toBe(0)
    await page.locator('.live').waitFor()
    expect(asked).toBeGreaterThan(1)
    await database.query(`UPDATE cde.harvest_runs SET status = 'ok', finished_at = now() WHERE run_id = $1`, [
      runId,
    ])
    await page.locator('.badge', { hasText: 'Completed' }).waitFor()
    expect(await page.locator('.live').count()).toBe(0)
    await context.close()
  })

  test('sees when the server is away, and when nothing was harvested yet', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await page.route('**/api/harvest/servers', (route) => route.fulfill({ json: [] }))
    await page.route('**/api/harvest/runs/recent', (route) => route.fulfill({ json: [] }))
    await page.route('**/api/harvest/reasons', (route) => route.abort())
    await page.route('**/api/harvest/schedules', (route) => route.fulfill({ json: [] }))
    await page.goto(`${base}/harvest`)
    await page.getByText('Nothing has been harvested yet').waitFor()
    await page.getByText('The server cannot be reached.').waitFor({ timeout: 20_000 })
    await page.screenshot({ path: join(shots, 'overview-empty.png'), fullPage: true })
    expect(await violations(page)).toEqual([])
    await context.close()
  })
})

describe('the map', () => {
  test('tells counts where one points, filters, and has a table for those who do not see it', async () => {
    const { context, page, faults } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, '/harvest/map')
    const whole = await totals()
    expect(await page.locator('.lead').textContent()).toBe(
      `${whole.profiles} + ${whole.cells} in ${whole.datasets}`,
    )
    const spot = await page.evaluate<{ x: number; y: number; n: number; cells: number }>(`(async () => {
      const { hexagons } = await (await fetch('/api/harvest/coverage')).json()
      const [{ longitude, latitude, n_profiles, n_cells }] = hexagons
      const kilometres = 6378.137
      const point = new DOMPoint(
        (longitude * Math.PI * kilometres) / 180,
        -Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) * kilometres,
      ).matrixTransform(document.querySelector('.map-frame svg').getScreenCTM())
      return { x: point.x, y: point.y, n: n_profiles, cells: n_cells }
    })()`)
    await page.mouse.move(spot.x, spot.y)
    expect(await page.locator('.tip').textContent()).toContain(
      spot.n > 0 ? `${spot.n} profile` : `${spot.cells} OBIS cell`,
    )
    await page.screenshot({ path: join(shots, 'map-hover.png') })
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await page.getByLabel('Source', { exact: true }).selectOption({ label: 'erddap.demo-pacific.example' })
    await page.waitForURL(/source=/)
    await page.locator('.lead', { hasText: (await totals(pacificSlug)).profiles }).waitFor()
    await page.getByText('The same as a table').click()
    expect(await page.locator('.map-table tbody tr').count()).toBeGreaterThan(3)
    await page.getByLabel('Hexagons', { exact: true }).selectOption('1')
    await page.waitForURL(/zoom=1/)
    await page.screenshot({ path: join(shots, 'map-small.png'), fullPage: true })
    expect(await violations(page)).toEqual([])
    expect(faults).toEqual([])
    await context.close()
  })
})

/** What the index has, in the words of the page: of all sources, or of one. */
async function totals(source = '') {
  const answer = await fetch(`${base}/api/harvest/coverage?source=${source}`)
  const found = (await answer.json()) as { n_profiles: number; n_cells: number; n_datasets: number }
  const said = (n: number, what: string) => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`
  expect(found.n_profiles).toBeGreaterThan(100)
  return {
    profiles: said(found.n_profiles, 'profile'),
    cells: said(found.n_cells, 'OBIS cell'),
    datasets: said(found.n_datasets, 'dataset'),
  }
}

describe('the map, moved about', () => {
  const view = (page: Page) =>
    page.evaluate<number[]>(
      `document.querySelector('.map-frame svg').getAttribute('viewBox').split(' ').map(Number)`,
    )

  test('obeys arrows, plus and minus where it has the focus, and the wheel then too', async () => {
    const { context, page, faults } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, '/harvest/map')
    const svg = page.locator('.map-frame > svg')
    await svg.waitFor()
    const [left = 0, top = 0, width = 0, height = 0] = await view(page)
    // Without the focus the wheel scrolls the page.
    await svg.hover()
    await page.mouse.wheel(0, 120)
    await expect.poll(() => page.evaluate<number>('scrollY')).toBeGreaterThan(0)
    expect((await view(page))[2]).toBeCloseTo(width)
    await page.evaluate('scrollTo(0, 0)')
    await svg.focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(async () => (await view(page))[0]).toBeCloseTo(left + 0.15 * width)
    await page.keyboard.press('ArrowDown')
    await expect.poll(async () => (await view(page))[1]).toBeCloseTo(top + 0.15 * height)
    await page.keyboard.press('+')
    await expect.poll(async () => (await view(page))[2]).toBeCloseTo(width * 0.6)
    await svg.hover()
    await page.mouse.wheel(0, -120)
    await expect.poll(async () => (await view(page))[2]).toBeCloseTo((width * 0.6) / 1.2)
    expect(await page.evaluate<number>('scrollY')).toBe(0)
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect.poll(() => view(page)).toEqual([left, top, width, height])
    expect(faults).toEqual([])
    await context.close()
  })

  test('repeats hexagons with the world, and tells them there too', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(page, '/harvest/map')
    const svg = page.locator('.map-frame > svg')
    await svg.focus()
    for (let turn = 0; turn < 8; turn += 1) await page.keyboard.press('-')
    for (let turn = 0; turn < 10; turn += 1) await page.keyboard.press('ArrowRight')
    await expect.poll(() => page.locator('.map-frame g.layers').count()).toBeGreaterThan(1)
    const spot = await page.evaluate<{ x: number; y: number }>(`(async () => {
      const { hexagons } = await (await fetch('/api/harvest/coverage')).json()
      const [{ longitude, latitude }] = hexagons
      const kilometres = 6378.137
      const at = (turn) => new DOMPoint(
        ((longitude + turn * 360) * Math.PI * kilometres) / 180,
        -Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) * kilometres,
      ).matrixTransform(document.querySelector('.map-frame svg').getScreenCTM())
      const box = document.querySelector('.map-frame svg').getBoundingClientRect()
      return [-1, 1].map(at).filter((p) => p.x > box.left && p.x < box.right && p.y > box.top && p.y < box.bottom)
        .map(({ x, y }) => ({ x, y }))[0]
    })()`)
    await page.mouse.move(spot.x, spot.y)
    await page.locator('.tip').waitFor()
    await page.screenshot({ path: join(shots, 'map-world.png') })
    await context.close()
  })

  test('asks for what is in view where there are more hexagons than can be sent, and says when it is cut', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    const asked: string[] = []
    await page.route('**/api/harvest/coverage?**', async (route) => {
      const url = new URL(route.request().url())
      asked.push(url.searchParams.get('bbox') ?? '')
      const answer = await route.fetch()
      const found = (await answer.json()) as { hexagons: unknown[]; truncated: boolean }
      const [west = -180, , east = 180] = (url.searchParams.get('bbox') || '-180,-90,180,90')
        .split(',')
        .map(Number)
      // As a site with a million profiles would answer: only a small view is whole.
      await route.fulfill({ json: { ...found, truncated: east - west > 20 } })
    })
    await visit(page, '/harvest/map')
    await page.locator('.lead', { hasText: 'zoom in to see all' }).waitFor()
    await expect.poll(() => asked.some((bbox) => bbox !== '')).toBe(true)
    await page.locator('.map-frame > svg').focus()
    await expect
      .poll(
        async () => {
          await page.keyboard.press('+')
          return page.locator('.lead').textContent()
        },
        { interval: 1000 },
      )
      .not.toContain('zoom in to see all')
    const [west = 0, , east = 0] = (asked.at(-1) ?? '').split(',').map(Number)
    expect(east - west).toBeLessThanOrEqual(20)
    // The totals stay those of the whole.
    const whole = await totals()
    expect(await page.locator('.lead').textContent()).toContain(`${whole.profiles} + ${whole.cells}`)
    await context.close()
  })
})

describe('platforms that move', () => {
  interface TracksAnswer {
    truncated: boolean
    features: Array<{
      geometry: { coordinates: Array<Array<[number, number]>> } | null
      properties: {
        erddap_url: string
        dataset_id: string
        trajectory_id: string
        west: number
        east: number
      }
    }>
  }
  const asked = async (query: string) =>
    (await (await fetch(`${base}/api/harvest/tracks?${query}`)).json()) as TracksAnswer

  /** How far the longest piece of the lines that are drawn reaches, and how many lines there are. */
  const lines = (page: Page) =>
    page.evaluate<{ n: number; widest: number }>(`(() => {
      const path = document.querySelector('.map-frame g.layers path.track')
      const pieces = (path?.getAttribute('d') ?? '').split('M').filter(Boolean)
        .map((line) => line.split('L').map((vertex) => vertex.split(' ').map(Number)))
      const steps = pieces.flatMap((line) => line.slice(1).map(([x], index) => Math.abs(x - line[index][0])))
      return { n: pieces.length, widest: Math.max(0, ...steps) }
    })()`)

  test('have their tracks on the map, as a layer with a legend that keys switch', async () => {
    for (const [language, layer, legend] of [
      ['en', 'Tracks of moving platforms', 'Track of a platform'],
      ['fr', 'Trajectoires des plateformes mobiles', 'Trajectoire d’une plateforme'],
    ] as const) {
      const { context, page, faults } = await open({ language, scheme: 'light', width: 1280 })
      const questions: string[] = []
      page.on('request', (request) => {
        const url = new URL(request.url())
        if (url.pathname.endsWith('/tracks')) questions.push(url.searchParams.get('bbox') ?? '')
      })
      await visit(page, '/harvest/map')
      await page.locator('.map-frame path.track').first().waitFor()
      await page.locator('.legend', { hasText: legend }).waitFor()
      const { features } = await asked('bbox=-180,-90,180,90')
      expect(features.length).toBeGreaterThan(40)
      const drawn = await lines(page)
      expect(drawn.n).toBeGreaterThan(20)
      // One crosses the antimeridian: its pieces end there, and no line leads round the world.
      expect(features.some(({ properties }) => properties.west > properties.east)).toBe(true)
      expect(drawn.widest).toBeLessThan(20_000)
      // Asked by what is in view, never for all.
      expect(questions.length).toBeGreaterThan(0)
      expect(questions).not.toContain('')
      await page.screenshot({ path: join(shots, `map-tracks-${language}.png`), fullPage: true })

      const box = page.getByLabel(layer)
      await box.focus()
      await page.keyboard.press('Space')
      await page.waitForURL(/tracks=0/)
      await expect.poll(() => page.locator('.map-frame path.track').count()).toBe(0)
      expect(await page.locator('.legend').textContent()).not.toContain(legend)
      await page.reload()
      await expect.poll(() => box.isChecked()).toBe(false)
      await box.focus()
      await page.keyboard.press('Space')
      await page.locator('.map-frame path.track').first().waitFor()
      expect(page.url()).not.toContain('tracks=')
      expect(await violations(page)).toEqual([])
      expect(faults).toEqual([])
      await context.close()
    }
  })

  test('are named where one points at a track, and lead to their dataset from the table', async () => {
    const { context, page, faults } = await open({ language: 'en', scheme: 'dark', width: 1280 })
    await visit(page, '/harvest/map')
    await page.locator('.map-frame path.track').first().waitFor()
    const { features } = await asked('bbox=-180,-90,180,90')
    const ship = features.find(({ properties }) => properties.dataset_id.includes('ship'))!
    const [longitude, latitude] = ship.geometry!.coordinates[0]![0]!
    const spot = await page.evaluate<{ x: number; y: number }>(`(() => {
      const kilometres = 6378.137
      const point = new DOMPoint(
        (${longitude} * Math.PI * kilometres) / 180,
        -Math.log(Math.tan(Math.PI / 4 + (${latitude} * Math.PI) / 360)) * kilometres,
      ).matrixTransform(document.querySelector('.map-frame svg').getScreenCTM())
      return { x: point.x, y: point.y }
    })()`)
    await page.mouse.move(spot.x, spot.y)
    await page.locator('.tip', { hasText: ship.properties.dataset_id }).waitFor()
    await page.locator('.map-frame path.track-hover').first().waitFor()
    await page.getByText('The tracks in view as a table').click()
    await page.getByRole('row', { name: ship.properties.trajectory_id }).getByRole('link').click()
    await page.getByRole('heading', { name: 'Tracks' }).waitFor()
    expect(await page.locator('h1').textContent()).toBe(ship.properties.dataset_id)
    expect(faults).toEqual([])
    await context.close()
  })

  test('are asked for by view, source and variable, and what is cut is said to be', async () => {
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    const questions: URLSearchParams[] = []
    await page.route('**/api/harvest/tracks?**', async (route) => {
      const url = new URL(route.request().url())
      questions.push(url.searchParams)
      const answer = await route.fetch()
      const [west = 0, , east = 0] = url.searchParams.get('bbox')!.split(',').map(Number)
      // As a site with thousands of floats would answer: only a small view is whole.
      await route.fulfill({
        json: { ...((await answer.json()) as object), truncated: (east - west + 360) % 360 > 20 },
      })
    })
    await visit(page, '/harvest/map')
    const said = page.getByText(/^Only the \d+ tracks with the most rows of this view are drawn/)
    await said.waitFor()
    await page.getByLabel('Source', { exact: true }).selectOption({ label: 'erddap.demo-pacific.example' })
    await expect.poll(() => questions.at(-1)?.get('source')).toBe(pacificSlug)
    const [variable] = await page.getByLabel('Ocean variable', { exact: true }).selectOption({ index: 1 })
    expect(variable).toMatch(/^\w+$/)
    await expect.poll(() => questions.at(-1)?.get('variable')).toBe(variable)
    await page.getByLabel('Ocean variable', { exact: true }).selectOption('')
    await page.locator('.map-frame > svg').focus()
    await expect
      .poll(
        async () => {
          await page.keyboard.press('+')
          return said.count()
        },
        { interval: 1000 },
      )
      .toBe(0)
    await context.close()
  })

  test('are drawn across the antimeridian on the page of their dataset, without a line round the world', async () => {
    const { features } = await asked('')
    const crossing = features.find(({ properties }) => properties.west > properties.east)!
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await visit(
      page,
      `/harvest/dataset/${sourceSlug(crossing.properties.erddap_url)}/${crossing.properties.dataset_id}`,
    )
    await page.locator('.map-frame path.track').first().waitFor()
    expect((await lines(page)).widest).toBeLessThan(2000)
    // Both sides of it are in view, and near enough to be seen.
    expect(await page.locator('.map-frame g.layers').count()).toBe(2)
    const width = await page.evaluate<number>(
      `Number(document.querySelector('.map-frame svg').getAttribute('viewBox').split(' ')[2])`,
    )
    expect(width).toBeLessThan(25_000)
    await page.screenshot({ path: join(shots, 'dataset-antimeridian.png'), fullPage: true })
    await context.close()
  })

  test('have their rows and tracks on the page of their server', async () => {
    const { rows } = await database.query<{ n: number; n_rows: number; n_tracks: number }>(
      `SELECT count(*)::int AS n, sum(n_profiles)::int AS n_rows,
         (SELECT count(*)::int FROM harvester.tracks WHERE erddap_url = $1) AS n_tracks
       FROM cde.datasets WHERE erddap_url = $1 AND cdm_data_type IN ('TrajectoryProfile', 'Trajectory', 'Point')`,
      [pacific],
    )
    const { n, n_rows, n_tracks } = rows[0]!
    expect([n > 1, n_rows > 100, n_tracks > 10]).toEqual([true, true, true])
    for (const [language, said, type] of [
      [
        'en',
        `${n} datasets of platforms that move are in the index, with ${n_rows.toLocaleString('en-CA')} rows and ${n_tracks} tracks.`,
        /TrajectoryProfile · [\d,]+ rows · \d+ tracks/,
      ],
      [
        'fr',
        `${n} jeux de données de plateformes mobiles sont dans l’index, avec ${n_rows.toLocaleString('fr-CA')} lignes et ${n_tracks} trajectoires.`,
        /TrajectoryProfile · [\d\s]+ lignes · \d+ trajectoires/,
      ],
    ] as const) {
      const { context, page } = await open({ language, scheme: 'light', width: 1280 })
      await visit(page, `/harvest/server/${pacificSlug}?status=all`)
      await page.locator('.note', { hasText: said }).waitFor()
      await page.locator('.datasets .under', { hasText: type }).first().waitFor()
      await page.screenshot({ path: join(shots, `server-moving-${language}.png`), fullPage: true })
      await page.locator('.note a').first().click()
      await page.waitForURL(/map\?source=/)
      await page.locator('.map-frame path.track').first().waitFor()
      await context.close()
    }
  })
})

describe('the page', () => {
  test('is under 200 KB compressed in all', () => {
    const files = readdirSync(join(folder, 'page'), { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile(),
    )
    const bytes = files.reduce(
      (sum, file) => sum + gzipSync(readFileSync(join(file.parentPath, file.name))).length,
      0,
    )
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThan(200 * 1024)
  })

  test('works below a base path', async () => {
    const below = createServer({
      database,
      port: 0,
      basePath: '/portal/harvester',
      dashboardFolder: join(folder, 'page'),
    })
    const address = await below.listen()
    const { context, page } = await open({ language: 'en', scheme: 'light', width: 1280 })
    await page.goto(`${address}/`)
    await page.getByRole('link', { name: 'erddap.demo-pacific.example' }).first().click()
    await page.locator('.datasets').waitFor()
    expect(page.url()).toBe(`${address}/harvest/server/${pacificSlug}`)
    await page.reload()
    await page.locator('.datasets').waitFor()
    await context.close()
    await below.close()
  })
})
