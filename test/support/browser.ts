/** The pages as they are built, in a real browser. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { root } from './program.ts'

const run = promisify(execFile)

/** Builds the dashboard's page into a folder. */
export async function buildPage(folder: string): Promise<void> {
  await run(process.execPath, [
    join(root, 'node_modules/vite/bin/vite.js'),
    'build',
    ...['--config', join(root, 'src/web/vite.config.ts'), '--logLevel', 'warn'],
    ...['--outDir', folder, '--emptyOutDir'],
  ])
}

export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(executablePath)) throw new Error('No Chromium: run scripts/install-service-tests.sh')
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

export interface Look {
  language: 'en' | 'fr'
  scheme: 'light' | 'dark'
  width: number
}

/** A context in which every request to another origin is an error, as is whatever the console calls one. */
export async function openPage(
  browser: Browser,
  base: string,
  look: Look,
): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: 900 },
    colorScheme: look.scheme,
    locale: look.language === 'fr' ? 'fr-CA' : 'en-CA',
    timezoneId: 'America/Halifax',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(base).origin)) faults.push(`asked ${request.url()}`)
  })
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('404')) faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  return { context, page, faults }
}

/** Goes to an address and waits until everything on it has been asked for. */
export async function visitPage(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.locator('h1').waitFor()
  await expect.poll(() => page.locator('.loading').count(), { timeout: 60_000 }).toBe(0)
}

const axeSource = () => readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong on the page. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource())
  return page.evaluate<string[]>(`axe.run().then(({ violations }) => violations.flatMap((violation) =>
    violation.nodes.map((node) => violation.id + ': ' + node.html.slice(0, 160) + ' ' + node.failureSummary)))`)
}
