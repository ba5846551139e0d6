/** The log of a long-lived process as a file: JSON lines, rotated by size. */
import { mkdirSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { createStream } from 'rotating-file-stream'
import type { Environment } from '../config/environment.ts'

export interface ProcessLog {
  readonly path: string
  /** A line with its end. Never throws, never waits. */
  write(line: string): void
  /** Writes what is held back. */
  close(): Promise<void>
}

/** The file of a process: the name of a worker stands before the ending, since two writers cannot rotate one file. */
export function processLogPath(path: string, name: string | null): string {
  if (name === null) return path
  const ending = extname(path)
  return join(dirname(path), `${basename(path, ending)}.${name.replaceAll(/[^\w.-]+/g, '_')}${ending}`)
}

/**
 * Opens HARVESTER_LOG_FILE; null where it is unset. `worker.log` becomes `worker.log.1`, `worker.log.2` and so on, the
 * oldest with the highest number. A file that cannot be written is said once: a log must not cost the harvest.
 */
export function openProcessLog(
  environment: Pick<
    Environment,
    'HARVESTER_LOG_FILE' | 'HARVESTER_LOG_FILE_MEGABYTES' | 'HARVESTER_LOG_FILE_KEEP'
  >,
  name: string | null,
  onFailure: (error: Error, path: string) => void = sayFailure,
): ProcessLog | null {
  if (environment.HARVESTER_LOG_FILE === undefined) return null
  const path = processLogPath(environment.HARVESTER_LOG_FILE, name)
  let failed = false
  const fail = (error: Error) => {
    if (!failed) onFailure(error, path)
    failed = true
  }
  try {
    mkdirSync(dirname(path), { recursive: true })
  } catch (error) {
    fail(error as Error)
    return null
  }
  const stream = createStream(
    (index: unknown) => (index ? `${basename(path)}.${String(index)}` : basename(path)),
    {
      path: dirname(path),
      size: `${environment.HARVESTER_LOG_FILE_MEGABYTES}M`,
      rotate: environment.HARVESTER_LOG_FILE_KEEP,
    },
  )
  stream.on('error', fail)
  stream.on('warning', fail)
  return {
    path,
    write(line) {
      if (!failed) stream.write(line)
    },
    close: () =>
      new Promise((resolve) => {
        if (failed || stream.destroyed) return resolve()
        stream.once('error', () => resolve())
        stream.end(() => resolve())
      }),
  }
}

function sayFailure(error: Error, path: string): void {
  process.stderr.write(`harvester: the log file ${path} cannot be written (${error.message})\n`)
}
