/** Alerts of a long-lived process: which channels, which memory, which sources. One-shot commands do not alert. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { DeclaredDeployment } from '../config/deployments-file.ts'
import type { Environment } from '../config/environment.ts'
import type { HarvestConfig } from '../config/harvest.ts'
import type { Database } from '../database/port.ts'
import { createHttpClient } from '../http/client.ts'
import type { HttpClient } from '../http/types.ts'
import { databaseAlertStore } from '../inventory/alert-store.ts'
import { sourceSuccesses } from '../inventory/queries/source-successes.ts'
import { watchSources } from '../inventory/queries/watched-sources.ts'
import type { HarvestListener } from '../log/events.ts'
import type { Log } from '../log/log.ts'
import { alertChannels, type Channel } from '../operate/alerts/channels.ts'
import { startAlerts } from '../operate/alerts/dispatcher.ts'
import type { Envelope, Links } from '../operate/alerts/message.ts'
import type { SourceAge } from '../operate/alerts/policy.ts'
import { type ChosenOrchestrator, type EngineEvent, nextTimes } from '../runs/index.ts'

/** What a process hands to its engine and its harvests. */
export interface Alerting {
  onEvent(event: EngineEvent): void
  listen: HarvestListener
  /** Told once what is declared: how often a source is to be harvested says when it is stale. */
  declare(declared: readonly DeclaredDeployment[]): void
  /** Sends what waits, and ends. */
  stop(): Promise<void>
}

export interface AlertingOptions {
  environment: Environment
  config: HarvestConfig
  log: Log
  database: () => Promise<Database>
  orchestrator: ChosenOrchestrator
  /** How often sources are checked for staleness. @default 300 */
  checkSeconds?: number
}

/**
 * Null where no channel is configured.
 * @throws HarvesterError CONFIG_INVALID for channels that cannot be
 */
export function startAlerting(options: AlertingOptions): Alerting | null {
  const { environment, config, log } = options
  const { channels, close } = openChannels(environment, options.orchestrator)
  if (channels.length === 0) {
    void close()
    return null
  }
  const { alerts: settings } = config.settings
  let declared: readonly DeclaredDeployment[] = []
  const alerts = startAlerts({
    settings,
    channels,
    store: databaseAlertStore(options.database),
    sources: config.sources,
    links: alertLinks(environment, options.orchestrator),
    envelope: () => envelope(environment),
    log,
    ages:
      config.sources.length === 0
        ? null
        : async () =>
            sourceAges(await options.database(), config, declared, settings.stale_hours, new Date()),
    ...(options.checkSeconds !== undefined && { checkSeconds: options.checkSeconds }),
  })
  log.info({ channels: channels.map(({ description }) => description) }, 'alerts are on')
  return {
    onEvent: alerts.onEngineEvent,
    listen: alerts.onHarvestEvent,
    declare(deployments) {
      declared = deployments
    },
    async stop() {
      await alerts.stop()
      await close()
    },
  }
}

/**
 * The channels of an environment, with a client of their own: alerts wait for no source.
 * @param orchestrator whose pages are linked to; none is needed where nothing is sent
 */
export function openChannels(
  environment: Environment,
  orchestrator?: Pick<ChosenOrchestrator, 'kind'>,
): {
  channels: Channel[]
  close(): Promise<void>
} {
  const http: HttpClient = createHttpClient({ gate: null, timeouts: { connectMs: 8000 } })
  return {
    channels: alertChannels(environment, orchestrator?.kind.title ?? '', http),
    close: () => http.close(),
  }
}

export function alertLinks(
  environment: Environment,
  orchestrator: Pick<ChosenOrchestrator, 'pageOfRun'>,
): Links {
  return {
    pageOfRun: orchestrator.pageOfRun,
    dashboard: environment.HARVESTER_PUBLIC_URL?.replace(/(?<!\/)\/+$/, '') ?? null,
  }
}

export function envelope(environment: Environment): Envelope {
  return {
    id: randomUUID(),
    namespace: environment.HARVESTER_NAMESPACE,
    host: hostname(),
    at: new Date(),
  }
}

/** When each configured source last succeeded, and when that is too long ago. */
export async function sourceAges(
  database: Database,
  config: Pick<HarvestConfig, 'sources'>,
  declared: readonly DeclaredDeployment[],
  staleHours: number,
  now: Date,
): Promise<SourceAge[]> {
  const urls = config.sources.map(({ url }) => url)
  const known = await watchSources(database, urls, now)
  const successes = new Map(
    (await sourceSuccesses(database, urls)).map((row) => [row.erddap_url, row.succeeded_at]),
  )
  return config.sources.map(({ url, slug }) => {
    const own = declared.find(({ source }) => source?.url === url)
    const gap = hoursBetweenRuns(own, declared, now)
    return {
      url,
      name: own?.name ?? `harvest-${slug}`,
      succeededAt: successes.get(url) ?? null,
      knownSince: known.get(url) ?? now,
      // A source that is harvested once a week is not stale after two days.
      staleHours: gap < staleHours ? staleHours : gap + staleHours,
    }
  })
}

/** The longest pause between the next runs of a source by its own schedule, or by that of all sources. */
function hoursBetweenRuns(
  own: DeclaredDeployment | undefined,
  declared: readonly DeclaredDeployment[],
  now: Date,
): number {
  const active = (one: DeclaredDeployment | undefined) => (one?.schedule?.active ? one.schedule : null)
  const schedule = active(own) ?? active(declared.find(({ flow }) => flow === 'Harvest All Sources'))
  if (schedule === null) return 0
  try {
    const times = nextTimes(schedule.cron, schedule.timezone, 8, now)
    return Math.max(0, ...times.slice(1).map((time, n) => (time.getTime() - times[n]!.getTime()) / 3_600_000))
  } catch {
    return 0 // a schedule that is none stops the process by itself
  }
}
