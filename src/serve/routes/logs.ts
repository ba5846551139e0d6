import { open, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { ApiContext } from '../api.ts'
import { notFound } from '../problem.ts'
import { isLogName } from '../security.ts'

/** Log files of runs, where the site wants them to be read: only names that can be nothing else, no links out. */
export function logRoutes({ app, settings }: ApiContext): void {
  const folder = settings.logFolder
  if (folder === null) return
  app.get('/harvester_logs/:name', async (c) => {
    const name = c.req.param('name')
    if (!isLogName(name)) throw notFound('There is no such log.')
    const file = await openInside(folder, name)
    if (file === null) throw notFound('There is no such log.')
    const stream = Readable.toWeb(file.createReadStream()) as unknown as ReadableStream
    return c.body(stream, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' })
  })
}

async function openInside(folder: string, name: string) {
  try {
    const path = await realpath(join(folder, name))
    if (dirname(path) !== (await realpath(folder))) return null
    const file = await open(path, 'r')
    if ((await file.stat()).isFile()) return file
    await file.close()
    return null
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return null
    throw error
  }
}
