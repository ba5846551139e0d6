/**
 * Reports to Sentry: errors of the process, and runs that failed or crashed. Nothing of Sentry is loaded without
 * SENTRY_DSN. Only its client is used: no integration watches the process, patches HTTP or measures performance.
 */
import { describeError, HarvesterError, isHarvesterError } from '../errors.ts'
import { createHttpClient } from '../http/client.ts'
import type { EngineEvent } from '../runs/types.ts'
import { scrub, scrubError, scrubJson } from '../secrets.ts'

export interface ErrorReports {
  /** Never throws, never waits. */
  capture(error: unknown, tags?: Readonly<Record<string, string | null | undefined>>): void
  /** Reports the runs that ended as Failed or Crashed. */
  readonly onEvent: (event: EngineEvent) => void
  /** Sends what is under way, for so long at most. */
  close(patienceMs?: number): Promise<void>
}

export interface ErrorReportOptions {
  dsn: string | undefined
  environment: string | undefined
  release: string
  /** Whose errors they are: the name of the worker. */
  worker: string | null
  /** Told once when reports cannot be sent. */
  onFailure: (message: string) => void
}

const sendLimitMs = 10_000

/**
 * Null without a DSN.
 * @throws HarvesterError CONFIG_INVALID for a DSN that is none
 */
export async function openErrorReports(options: ErrorReportOptions): Promise<ErrorReports | null> {
  if (options.dsn === undefined) return null
  const [core, server] = await Promise.all([import('@sentry/core'), import('@sentry/core/server')])
  const http = createHttpClient({ gate: null })
  let failed = false
  const fail = (message: string) => {
    if (!failed) options.onFailure(scrub(message))
    failed = true
  }
  const client = new server.ServerRuntimeClient({
    dsn: options.dsn,
    release: `erddap-harvester@${options.release}`,
    ...(options.environment !== undefined && { environment: options.environment }),
    ...(options.worker !== null && { serverName: options.worker }),
    platform: 'node',
    runtime: { name: 'node', version: process.version },
    integrations: [],
    sendClientReports: false,
    stackParser: core.createStackParser(server.nodeStackLineParser()),
    beforeSend: (event) => scrubJson(event),
    transport: (transport) =>
      core.createTransport(transport, async ({ body }) => {
        try {
          const { status, headers } = await http.text({
            url: transport.url,
            method: 'POST',
            body,
            headers: { 'content-type': 'application/x-sentry-envelope', ...transport.headers },
            accept: 'any',
            timeouts: { totalMs: sendLimitMs },
          })
          if (status >= 300) fail(`Sentry refuses reports with status ${status}`)
          return {
            statusCode: status,
            headers: {
              'x-sentry-rate-limits': headers['x-sentry-rate-limits'] ?? null,
              'retry-after': headers['retry-after'] ?? null,
            },
          }
        } catch (error) {
          fail(`Sentry cannot be reached: ${describeError(error)}`)
          throw error
        }
      }),
  })
  if (client.getDsn() === undefined)
    throw new HarvesterError('CONFIG_INVALID', 'SENTRY_DSN is not the address of a Sentry project', {
      remedy: 'Copy it from the project’s settings, for example https://public@sentry.example.org/1',
    })
  client.init()

  const capture: ErrorReports['capture'] = (error, tags = {}) => {
    const scope = new core.Scope()
    const code = isHarvesterError(error) ? error.code : 'INTERNAL'
    const known = Object.entries({ code, ...tags, worker: options.worker })
    for (const [name, value] of known) if (value) scope.setTag(name, value)
    if (isHarvesterError(error) && error.remedy !== undefined) scope.setExtra('remedy', error.remedy)
    // Messages hold counts and addresses: the same trouble of the same source is one issue.
    if (tags.flow) scope.setFingerprint([tags.flow, tags.source ?? tags.deployment ?? '', code])
    client.captureException(
      error instanceof Error ? scrubError(error) : new Error(scrub(String(error))),
      {},
      scope,
    )
  }
  return {
    capture,
    onEvent(event) {
      if (event.type !== 'run-finished' || (event.state !== 'FAILED' && event.state !== 'CRASHED')) return
      const { run, state, message } = event
      const error = event.error instanceof Error ? event.error : new HarvesterError('RUN_FAILED', message)
      capture(error, {
        flow: run.flow,
        deployment: run.deployment,
        source: sourceOf(run.parameters),
        run: run.name,
        run_id: run.id,
        state,
      })
    },
    async close(patienceMs = 5000) {
      await client.close(patienceMs)
      await http.close()
    },
  }
}

function sourceOf(parameters: Readonly<Record<string, unknown>>): string | null {
  const options = parameters.source_options as { url?: unknown } | null | undefined
  if (typeof options?.url === 'string') return options.url
  return typeof parameters.source === 'string' ? parameters.source : null
}
