import { expect, test } from 'vitest'
import { harvestMetrics } from '../../src/log/metrics.ts'
import type { Attempt } from '../../src/rules/attempt.ts'

const url = 'https://erddap.alpha.ca/erddap'
const attempt = (outcome: object) =>
  ({
    erddapUrl: url,
    datasetId: 'x',
    source: 'erddap',
    durationMs: 1,
    attemptedAt: new Date(0),
    queryUrls: [],
    message: null,
    ...outcome,
  }) as unknown as Attempt

test('the numbers of a harvest are counted from what happens in it', async () => {
  const { registry, listen } = harvestMetrics({ process: false })
  listen({
    type: 'run-started',
    runId: 'r',
    flowRunId: 'r',
    scope: 'single',
    sources: [url],
    at: new Date(0),
  })
  expect(await registry.metrics()).toContain('erddap_harvester_runs_in_progress 1')
  for (const status of [200, 200, 503, null])
    listen({ type: 'request-made', host: 'erddap.alpha.ca', status, ms: 300, bytes: 1000 })
  const told = { type: 'dataset-attempted', runId: 'r', requests: 2, bytes: 1, warnings: [] } as const
  listen({ ...told, attempt: attempt({ status: 'success', reason: null }), rows: 7 })
  listen({ ...told, attempt: attempt({ status: 'skipped', reason: 'UNCHANGED' }), rows: 0 })
  listen({ ...told, attempt: attempt({ status: 'error', reason: 'HTTP_ERROR', message: 'no' }), rows: 0 })
  listen({
    type: 'source-finished',
    runId: 'r',
    source: url,
    counts: {} as never,
    ok: true,
    message: '',
    waits: [{ host: 'erddap.alpha.ca', requests: 4, waitedMs: { busy: 1500, rate: 0 } }],
    ms: 1,
  })
  listen({ type: 'load-finished', runId: 'r', ms: 2000, changed: {}, rejected: [] })
  listen({
    type: 'run-finished',
    runId: 'r',
    ok: false,
    message: 'one of three failed',
    facts: [],
    ms: 90_000,
  })
  const text = await registry.metrics()
  for (const line of [
    'erddap_harvester_runs_in_progress 0',
    'erddap_harvester_runs_total{outcome="failed"} 1',
    'erddap_harvester_run_seconds_sum 90',
    `erddap_harvester_attempts_total{source="${url}",status="success",reason=""} 1`,
    `erddap_harvester_attempts_total{source="${url}",status="skipped",reason="UNCHANGED"} 1`,
    `erddap_harvester_attempts_total{source="${url}",status="error",reason="HTTP_ERROR"} 1`,
    `erddap_harvester_profile_rows_total{source="${url}"} 7`,
    'erddap_harvester_requests_total{host="erddap.alpha.ca",status="200"} 2',
    'erddap_harvester_requests_total{host="erddap.alpha.ca",status="503"} 1',
    'erddap_harvester_requests_total{host="erddap.alpha.ca",status="none"} 1',
    'erddap_harvester_received_bytes_total{host="erddap.alpha.ca"} 4000',
    'erddap_harvester_wait_seconds_total{host="erddap.alpha.ca",reason="busy"} 1.5',
    'erddap_harvester_load_seconds_sum 2',
  ])
    expect(text).toContain(line)
})

test('memory and CPU of the process are told unless they are not wanted', async () => {
  expect(await harvestMetrics().registry.metrics()).toContain('process_resident_memory_bytes')
  expect(await harvestMetrics({ process: false }).registry.metrics()).not.toContain('process_')
})
