/**
 * Pictures of every page for `docs/pages.md`: the demo is harvested once into a temporary folder, served, and looked
 * at in both languages, wide and narrow, light and dark. Needs Chromium (`CHROMIUM`, default /usr/bin/chromium) and a
 * built page (`npm run build`). Usage: `npm run screenshots`
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { openDatabase } from '../src/database/open.ts'
import type { Database } from '../src/database/port.ts'
import { createServer } from '../src/serve/server.ts'
import { sourceSlug } from '../src/serve/slugs.ts'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'docs', 'pages')
const source = 'https://erddap.demo-pacific.example/erddap'
const slug = sourceSlug(source)

/** Each page in both languages, wide and narrow, light and dark: four looks are all of these. */
const looks = [
  { language: 'en', scheme: 'light', width: 1280, height: 860 },
  { language: 'fr', scheme: 'dark', width: 1280, height: 860 },
  { language: 'fr', scheme: 'light', width: 400, height: 800 },
  { language: 'en', scheme: 'dark', width: 400, height: 800 },
] as const

type Look = (typeof looks)[number]

const home = mkdtempSync(join(tmpdir(), 'harvester-pages-'))
const taken = join(home, 'taken')
const browserArguments = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync']
try {
  execFileSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), join(root, 'src/cli.ts'), 'start', '--once'],
    {
      cwd: home,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const database = await openDatabase({ kind: 'embedded', dataFolder: join(home, '.data', 'demo') })
  const server = createServer({ database, port: 0 })
  const base = await server.listen()
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: browserArguments,
  })
  try {
    const pages = await pagesOf(database)
    mkdirSync(taken)
    for (const [name, , path] of pages) await picture(browser, base, name, path)
    // All or none: those of before stay where one could not be taken.
    rmSync(folder, { recursive: true, force: true })
    cpSync(taken, folder, { recursive: true })
    writeFileSync(join(root, 'docs', 'pages.md'), text(pages))
  } finally {
    await browser.close()
    await server.close()
    await database.close()
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}
process.stdout.write(`${readdirSync(folder).length} pictures in docs/pages\n`)

async function pagesOf(database: Database): Promise<[name: string, title: string, path: string][]> {
  const one = async <T extends object>(sql: string, values: unknown[] = []) =>
    (await database.query<T>(sql, values)).rows[0]
  const run = await one<{ run_id: string }>(
    'SELECT run_id FROM cde.harvest_runs ORDER BY started_at DESC LIMIT 1',
  )
  const lacking = await one<{ dataset_id: string }>(
    `SELECT dataset_id FROM cde.harvest_attempts WHERE erddap_url = $1 AND reason_code = 'MISSING_CF_ROLE' LIMIT 1`,
    [source],
  )
  return [
    ['overview', 'Overview', '/harvest'],
    ['server', 'A server', `/harvest/server/${slug}`],
    ['dataset', 'A dataset, and what would mend it', `/harvest/dataset/${slug}/${lacking?.dataset_id}`],
    ['tracks', 'A dataset of platforms that move', `/harvest/dataset/${slug}/floats_north_pacific`],
    ['report', 'A report to send to a server’s owner', `/harvest/report/${slug}`],
    ['run', 'A run', `/harvest/run/${run?.run_id}`],
    ['map', 'The map', '/harvest/map'],
    ['api', 'The API, for who programs against it', '/api/docs'],
  ]
}

async function picture(browser: Browser, base: string, name: string, path: string): Promise<void> {
  for (const { language, scheme, width, height } of looks) {
    const context = await browser.newContext({
      viewport: { width, height },
      // Small pictures: they show how a page looks, not what it says.
      deviceScaleFactor: width > 600 ? 0.6 : 0.75,
      colorScheme: scheme,
      locale: language === 'fr' ? 'fr-CA' : 'en-CA',
      reducedMotion: 'reduce',
    })
    const page = await context.newPage()
    await page.goto(`${base}${path}?lang=${language}`)
    await page.locator('h1').waitFor()
    await page.waitForLoadState('networkidle')
    // Tracks are asked for once the map rests.
    if (name === 'map') await page.locator('path.track').first().waitFor()
    const png = await page.screenshot({ type: 'png' })
    await context.close()
    writeFileSync(join(taken, fileOf(name, { language, scheme, width })), await webp(browser, png))
  }
}

function fileOf(
  name: string,
  { language, scheme, width }: Pick<Look, 'language' | 'scheme' | 'width'>,
): string {
  return `${name}-${language}-${scheme}-${width}.webp`
}

/** The browser's own encoder: pictures of text are a third of the size of a PNG. */
async function webp(browser: Browser, png: Buffer): Promise<Buffer> {
  const page = await browser.newPage()
  const url = await page.evaluate<string>(`(async () => {
    const blob = await (await fetch('data:image/png;base64,${png.toString('base64')}')).blob()
    const bitmap = await createImageBitmap(blob)
    const canvas = document.createElement('canvas')
    canvas.width = bitmap.width
    canvas.height = bitmap.height
    canvas.getContext('2d').drawImage(bitmap, 0, 0)
    return canvas.toDataURL('image/webp', 0.72)
  })()`)
  await page.close()
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
}

function text(pages: readonly (readonly [string, string, string])[]): string {
  const languages = { en: 'English', fr: 'French' }
  const sections = pages.map(([name, title]) => {
    const heads = looks.map(
      ({ language, scheme, width }) => `${languages[language]}, ${scheme}, ${width} pixels wide`,
    )
    const images = looks.map((look, index) => `![${title}: ${heads[index]}](pages/${fileOf(name, look)})`)
    const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
    const table = [row(heads), row(heads.map(() => '---')), row(images)]
    return `## ${title}\n\n${table.join('\n')}\n`
  })
  return `# The pages\n\nMade by \`npm run screenshots\` from the demo: every page in English and French, wide and narrow, light and dark.\nWhat each shows is told in [dashboard.md](dashboard.md).\n\n${sections.join('\n')}`
}
