/** Reports of errors to Sentry, where SENTRY_DSN is set. */

import { reportError } from '../cli/console.ts'
import type { Environment } from '../config/environment.ts'
import { exitCodes } from '../errors.ts'
import type { ErrorReports } from '../log/error-reports.ts'
import type { Log } from '../log/log.ts'
import { version } from '../package.ts'
import type { EngineEvent } from '../runs/index.ts'

/** Null where SENTRY_DSN is unset; nothing is loaded then. */
export async function openReports(
  environment: Environment,
  worker: string | null,
  log: Log,
): Promise<ErrorReports | null> {
  if (environment.SENTRY_DSN === undefined) return null
  const { openErrorReports } = await import('../log/error-reports.ts')
  return openErrorReports({
    dsn: environment.SENTRY_DSN,
    environment: environment.SENTRY_ENVIRONMENT,
    release: environment.GIT_SHA === undefined ? version : `${version}+${environment.GIT_SHA}`,
    worker,
    onFailure: (message) => log.warn({}, message),
  })
}

/** What nobody caught ends the process as before, after it was reported. Returns how to end the watch. */
export function watchProcess(reports: ErrorReports): () => void {
  const onUncaught = (error: unknown) => {
    reportError(error)
    reports.capture(error)
    void reports.close(2000).finally(() => process.exit(exitCodes.failed))
  }
  process.once('uncaughtException', onUncaught)
  return () => void process.off('uncaughtException', onUncaught)
}

/** One listener for several; what is not there is left out. */
export function toAll(
  ...listeners: readonly (((event: EngineEvent) => void) | undefined)[]
): ((event: EngineEvent) => void) | undefined {
  const all = listeners.filter((listener) => listener !== undefined)
  if (all.length === 0) return undefined
  return (event) => {
    for (const listener of all) listener(event)
  }
}
