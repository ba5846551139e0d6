/** Metrics of the audit, asked from the database at each scrape: whoever harvests may be another process. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import {
  datasetsByState,
  lastSuccesses,
  queuedRuns,
  runningRuns,
  runsByStatus,
} from '../inventory/queries/audit-metrics.ts'
import { openStateTypes } from '../runs/index.ts'
import type { Sources } from './api.ts'
import type { Settings } from './options.ts'
import { settledState } from './run-view.ts'

export interface ApiMetrics {
  registry: Registry
  /** Seconds a request of the API took, by route and status. */
  requests: Histogram<'route' | 'status'>
  triggers: Counter<'outcome'>
  /** Brings the gauges up to date. */
  collect(): Promise<void>
}

export function apiMetrics(settings: Settings, sources: Sources): ApiMetrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Histogram({
    name: 'erddap_harvester_api_request_seconds',
    help: 'Time to answer a request, by route and status.',
    labelNames: ['route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  })
  const triggers = new Counter({
    name: 'erddap_harvester_api_triggers_total',
    help: 'Attempts to start a run through the API, by HTTP status.',
    labelNames: ['outcome'] as const,
    registers,
  })
  const runs = new Gauge({
    name: 'erddap_harvester_audit_runs',
    help: 'Runs in the audit by status.',
    labelNames: ['status'] as const,
    registers,
  })
  const datasets = new Gauge({
    name: 'erddap_harvester_audit_datasets',
    help: 'Datasets by source, status and reason of their latest attempt.',
    labelNames: ['source', 'status', 'reason'] as const,
    registers,
  })
  const lastSuccess = new Gauge({
    name: 'erddap_harvester_last_success_timestamp_seconds',
    help: 'When a dataset of the source was last harvested or found unchanged.',
    labelNames: ['source'] as const,
    registers,
  })
  const nextRun = new Gauge({
    name: 'erddap_harvester_next_run_timestamp_seconds',
    help: 'When a deployment runs next by its schedule.',
    labelNames: ['deployment'] as const,
    registers,
  })
  const queue = new Gauge({
    name: 'erddap_harvester_queue_runs',
    help: 'Runs of the standalone engine that have not ended, by state.',
    labelNames: ['state'] as const,
    registers,
  })
  const up = new Gauge({
    name: 'erddap_harvester_audit_up',
    help: '1 when the database could be asked for this scrape.',
    registers,
  })

  return {
    registry,
    requests,
    triggers,
    async collect() {
      try {
        const urls = await sources.urls()
        const [byStatus, byState, successes, open, schedules] = await Promise.all([
          settledRuns(settings),
          datasetsByState(settings.database, urls),
          lastSuccesses(settings.database, urls),
          queuedRuns(settings.database, openStateTypes),
          settings.runs?.schedules().catch(() => []) ?? [],
        ])
        runs.reset()
        for (const [status, n] of byStatus) runs.set({ status }, n)
        datasets.reset()
        for (const { erddap_url, status, reason_code, n } of byState) {
          datasets.set({ source: erddap_url, status, reason: reason_code ?? '' }, n)
        }
        lastSuccess.reset()
        for (const { erddap_url, last_success_at } of successes) {
          lastSuccess.set({ source: erddap_url }, last_success_at.getTime() / 1000)
        }
        queue.reset()
        for (const { state, n } of open) queue.set({ state }, n)
        nextRun.reset()
        for (const { name, nextRunAt } of schedules) {
          if (nextRunAt !== null) nextRun.set({ deployment: name }, nextRunAt.getTime() / 1000)
        }
        up.set(1)
      } catch (error) {
        // The scrape still tells what this process knows.
        settings.log.warn({ err: error }, 'the audit could not be asked for metrics')
        up.set(0)
      }
    },
  }
}

/** More running at once are no harvests of one site. */
const mostRunning = 200

/** Runs by status, told as the pages tell it: one that the engine knows to have ended is not running. */
async function settledRuns(settings: Settings): Promise<Map<string, number>> {
  const [rows, running] = await Promise.all([
    runsByStatus(settings.database),
    runningRuns(settings.database, mostRunning),
  ])
  const counts = new Map(rows.map(({ status, n }) => [status, n]))
  const add = (status: string, n: number) => counts.set(status, (counts.get(status) ?? 0) + n)
  for (const { status } of await Promise.all(running.map((run) => settledState(settings, run)))) {
    if (status === undefined) continue
    add('running', -1)
    add(status, 1)
  }
  return counts
}
