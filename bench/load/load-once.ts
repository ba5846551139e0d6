/** The process that is measured: loads one folder and tells what it took. */

import { openDatabase } from '../../src/database/open.ts'
import { databaseSettings } from '../../src/database/settings.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'

const began = performance.now()
const [folder = '', mode = 'incremental'] = process.argv.slice(2)
const database = await openDatabase(databaseSettings(process.env))
const opened = performance.now()
let peak = 0
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 20)
const summary = await loadFolder(database, folder, { mode: mode === 'full' ? 'full' : 'incremental' })
clearInterval(watch)
await database.close()
process.stdout.write(
  `${JSON.stringify({ openMs: opened - began, loadMs: performance.now() - opened, peakMb: Math.max(peak, process.resourceUsage().maxRSS * 1024) / 1e6, ...summary.milliseconds, changes: summary.profiles })}\n`,
)
