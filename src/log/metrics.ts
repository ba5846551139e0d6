/** Numbers of this process for Prometheus, counted from the events of the harvest. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { HarvestEvent, HarvestListener } from './events.ts'

export interface HarvestMetrics {
  registry: Registry
  listen: HarvestListener
}

/** @param options.process also tell memory, CPU and event loop of this process. @default true */
export function harvestMetrics(options: { process?: boolean } = {}): HarvestMetrics {
  const registry = new Registry()
  const registers = [registry]
  if (options.process ?? true) collectDefaultMetrics({ register: registry })

  const running = new Gauge({
    name: 'erddap_harvester_runs_in_progress',
    help: 'Harvests that this process runs now.',
    registers,
  })
  const runs = new Counter({
    name: 'erddap_harvester_runs_total',
    help: 'Harvests that this process ended, by outcome: ok or failed.',
    labelNames: ['outcome'] as const,
    registers,
  })
  const runSeconds = new Histogram({
    name: 'erddap_harvester_run_seconds',
    help: 'Time a harvest took.',
    buckets: [10, 30, 60, 300, 900, 1800, 3600, 7200, 14_400],
    registers,
  })
  const attempts = new Counter({
    name: 'erddap_harvester_attempts_total',
    help: 'Datasets attempted, by source, status and reason.',
    labelNames: ['source', 'status', 'reason'] as const,
    registers,
  })
  const rows = new Counter({
    name: 'erddap_harvester_profile_rows_total',
    help: 'Rows harvested, by source: profiles, and of OBIS cells.',
    labelNames: ['source'] as const,
    registers,
  })
  const requests = new Counter({
    name: 'erddap_harvester_requests_total',
    help: 'Requests made, by host and HTTP status; status is "none" where no answer came.',
    labelNames: ['host', 'status'] as const,
    registers,
  })
  const requestSeconds = new Histogram({
    name: 'erddap_harvester_request_seconds',
    help: 'Time a request took, by host.',
    labelNames: ['host'] as const,
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120],
    registers,
  })
  const bytes = new Counter({
    name: 'erddap_harvester_received_bytes_total',
    help: 'Bytes received, by host.',
    labelNames: ['host'] as const,
    registers,
  })
  const waits = new Counter({
    name: 'erddap_harvester_wait_seconds_total',
    help: 'Time waited before requests, by host and reason: busy, rate, retry-after, slowed, backoff.',
    labelNames: ['host', 'reason'] as const,
    registers,
  })
  const loads = new Histogram({
    name: 'erddap_harvester_load_seconds',
    help: 'Time a load took.',
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900],
    registers,
  })

  return { registry, listen: (event) => count(event) }

  function count(event: HarvestEvent): void {
    switch (event.type) {
      case 'run-started':
        running.inc()
        break
      case 'run-finished':
        running.dec()
        runs.inc({ outcome: event.ok ? 'ok' : 'failed' })
        runSeconds.observe(event.ms / 1000)
        break
      case 'dataset-attempted': {
        const { erddapUrl, status, reason } = event.attempt
        attempts.inc({ source: erddapUrl, status, reason: reason ?? '' })
        rows.inc({ source: erddapUrl }, event.rows)
        break
      }
      case 'request-made':
        requests.inc({ host: event.host, status: event.status ?? 'none' })
        requestSeconds.observe({ host: event.host }, event.ms / 1000)
        bytes.inc({ host: event.host }, event.bytes)
        break
      case 'source-finished':
        for (const { host, waitedMs } of event.waits) {
          for (const [reason, ms] of Object.entries(waitedMs)) waits.inc({ host, reason }, ms / 1000)
        }
        break
      case 'load-finished':
        loads.observe(event.ms / 1000)
        break
    }
  }
}
