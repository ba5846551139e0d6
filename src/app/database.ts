/** Opens the database of a command when it is first needed, and says so when that takes a while. */
import { requireMigrated } from '../database/migrate.ts'
import type { Database } from '../database/port.ts'
import type { DatabaseSettings } from '../database/settings.ts'
import type { Log } from '../log/log.ts'

export interface LazyDatabase {
  open: () => Promise<Database>
  close(): Promise<void>
}

export interface LazyOptions {
  /** The process needs the database for as long as it lives. @default false */
  stays?: boolean
}

/** The signal ends the opening; afterwards it tells those who share an embedded database that its owner will end. */
export function lazyDatabase(
  settings: DatabaseSettings,
  log: Log,
  signal: AbortSignal,
  options: LazyOptions = {},
): LazyDatabase {
  let opened: Promise<Database> | undefined
  const announce = () => void opened?.then((database) => database.announceEnd()).catch(() => undefined)
  signal.addEventListener('abort', announce, { once: true })
  return {
    open() {
      if (opened) return opened
      const opening = openWithNotice(settings, log, signal, options)
      opened = opening
      // A database that is away now may be back when it is needed next.
      opening.catch(() => {
        if (opened === opening) opened = undefined
      })
      return opening
    },
    async close() {
      signal.removeEventListener('abort', announce)
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

async function openWithNotice(
  settings: DatabaseSettings,
  log: Log,
  signal: AbortSignal,
  { stays = false }: LazyOptions,
): Promise<Database> {
  let stopSpinner = () => {}
  let opening = true
  /** The process whose engine is used here. */
  let joined: number | null = null
  const say = (text: string) => {
    stopSpinner()
    if (opening) stopSpinner = spin(text)
    else log.info({}, text)
  }
  try {
    // Loaded when it is needed: the driver takes some 60 ms, and many commands need no database.
    const { openDatabase } = await import('../database/open.ts')
    const database = await openDatabase(settings, {
      signal,
      applicationName: 'erddap-harvester',
      onStarting: () => {
        if (joined !== null)
          log.warn(
            { owner: joined },
            'the process that had the embedded database is gone: this one takes it over',
          )
        joined = null
        say('Starting the embedded database (some seconds the first time)')
      },
      ...(stays && {
        onWaiting: ({ pid }) =>
          say(`Waiting for process ${pid}, which is stopping, to give the embedded database back`),
      }),
      onJoined: ({ pid }) => {
        if (pid !== process.pid) joined = pid
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
    opening = false
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
