/** Opens the database of a command when it is first needed, and says so when that takes a while. */
import { requireMigrated } from '../database/migrate.ts'
import { openDatabase } from '../database/open.ts'
import type { Database } from '../database/port.ts'
import type { DatabaseSettings } from '../database/settings.ts'
import type { Log } from '../log/log.ts'

export interface LazyDatabase {
  open: () => Promise<Database>
  close(): Promise<void>
}

export function lazyDatabase(settings: DatabaseSettings, log: Log, signal: AbortSignal): LazyDatabase {
  let opened: Promise<Database> | undefined
  return {
    open() {
      if (opened) return opened
      const opening = openWithNotice(settings, log, signal)
      opened = opening
      // A database that is away now may be back when it is needed next.
      opening.catch(() => {
        if (opened === opening) opened = undefined
      })
      return opening
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

async function openWithNotice(settings: DatabaseSettings, log: Log, signal: AbortSignal): Promise<Database> {
  let stopSpinner = () => {}
  try {
    const database = await openDatabase(settings, {
      signal,
      applicationName: 'erddap-harvester',
      onStarting: () => {
        stopSpinner = spin('Starting the embedded database (some 8 seconds the first time)')
      },
      onIdleError: (error) => log.warn({ error }, 'a database connection broke while idle'),
    })
    try {
      // The embedded database migrates by itself; a PostgreSQL that is behind is an error that names the command.
      await requireMigrated(database, { signal })
      return database
    } catch (error) {
      await database.close()
      throw error
    }
  } finally {
    stopSpinner()
  }
}

/** A spinner in a terminal, one line elsewhere. Returns how to end it. */
function spin(text: string): () => void {
  if (process.stderr.isTTY !== true) {
    process.stderr.write(`${text}\n`)
    return () => {}
  }
  const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
  let at = 0
  const timer = setInterval(() => process.stderr.write(`\r${frames[at++ % frames.length]} ${text}`), 100)
  return () => {
    clearInterval(timer)
    process.stderr.write('\r\u001b[K')
  }
}
