import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { type Answer, plainBody, seal } from '../answers.ts'
import type { ApiContext } from '../api.ts'
import { notFound } from '../problem.ts'
import { pagePolicy } from '../security.ts'

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

const unbuilt = `<!doctype html><html lang="en"><title>erddap-harvester</title>
<p>The dashboard has not been built: run <code>npm run build</code>. The API is at <a href="api/docs">api/docs</a>.</p></html>`

/**
 * The built page, read whole at the start: it is small, and no request ever names a path of the disk. Every address
 * below /harvest is the same page, which shows what the address says.
 */
export async function pageRoutes({ app, settings, answers }: ApiContext): Promise<void> {
  const files =
    settings.dashboardFolder === null ? new Map<string, Answer>() : await readPage(settings.dashboardFolder)
  const index = files.get('index.html')
  const html = index === undefined ? unbuilt : (await plainBody(index)).toString('utf8')
  // Addresses in the page are relative to <base>.
  const page = await seal(
    html.replace('<base href="/" />', `<base href="${settings.basePath}/" />`),
    'text/html; charset=utf-8',
  )

  app.get('/', (c) => c.redirect(`${settings.basePath}/harvest`, 302))
  for (const path of ['/harvest', '/harvest/*']) {
    app.get(path, (c) => answers.respond(c, page, { headers: { 'content-security-policy': pagePolicy } }))
  }
  app.get('/assets/:name', (c) => {
    const file = files.get(`assets/${c.req.param('name')}`)
    if (file === undefined) throw notFound('There is no such file.')
    // Their names hold a digest of what is in them.
    return answers.respond(c, file, { cacheControl: 'public, max-age=31536000, immutable' })
  })
  app.get('/favicon.ico', (c) => c.body(null, 204, { 'cache-control': 'public, max-age=86400' }))
}

async function readPage(folder: string): Promise<Map<string, Answer>> {
  const files = new Map<string, Answer>()
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const contentType = contentTypes[extname(entry.name)]
    if (!entry.isFile() || contentType === undefined) continue
    const path = join(entry.parentPath, entry.name)
    files.set(relative(folder, path).split(sep).join('/'), await seal(readFileSync(path), contentType))
  }
  return files
}
