import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { startCkan } from '../../src/demo/ckan.ts'
import { startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { startListener } from '../support/listener.ts'
import { waitUntil } from '../support/prefect.ts'
import { startWorkerCommand } from '../support/worker-command.ts'

const ends: (() => Promise<unknown> | unknown)[] = []
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

it('an operator of a standalone process hears of a failure within a minute, and then that it is over', {
  timeout: 300_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'alerts-acceptance-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const erddap = await startErddap({
    datasets: scaleDatasets({ kind: 'mixed', datasets: 2, profiles: 2 }),
    logRequests: false,
  })
  ends.push(() => erddap.close())
  const ckan = await startCkan({ records: [] })
  ends.push(() => ckan.close())
  const hook = await startListener()
  ends.push(() => hook.close())

  const token = 'a-long-random-text'
  const process = await startWorkerCommand(['worker', '--serve'], {
    folder,
    env: {
      HARVEST_CONFIG_YAML: JSON.stringify({
        erddap_urls: [erddap.url],
        ckan_url: ckan.url,
        folder: join(folder, 'harvest'),
        // The digest time stays what it is by default: all of it is within the minute.
      }),
      HARVESTER_HTTP_PORT: '0',
      HARVEST_TRIGGER_ENABLED: 'true',
      HARVEST_TRIGGER_TOKEN: token,
      ALERT_WEBHOOK_URL: hook.url,
      HARVESTER_PUBLIC_URL: 'https://data.example.org/harvester/',
    },
  })
  ends.push(() => process.kill('SIGKILL'))
  await waitUntil('the API', () => /Dashboard: \S+/.test(process.output()))
  const api = /Dashboard: (\S+)\/harvest/.exec(process.output())![1]!
  const trigger = () =>
    fetch(`${api}/api/harvest/trigger`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ source: erddap.url }),
    })
  const harvest = async () => {
    let answer = await trigger()
    // A run says that it failed a moment before it has ended.
    await waitUntil('the end of the run before', async () => {
      if (answer.status === 409) answer = await trigger()
      return answer.status !== 409
    })
    expect(answer.status).toBe(202)
    return ((await answer.json()) as { run_id: string }).run_id
  }

  erddap.setHostile([{ match: /allDatasets/, behave: { kind: 'status', status: 404 } }])
  const failed = await harvest()
  await waitUntil('the failure', () => process.output().includes('Failed: '))
  const failedAt = Date.now()
  await waitUntil('the alert', () => hook.heard.length > 0, 60_000)
  expect(Date.now() - failedAt).toBeLessThan(60_000)
  expect(hook.json()[0]).toMatchObject({
    version: 1,
    sender: 'erddap-harvester',
    alerts: [
      {
        status: 'open',
        kind: 'failed',
        source: erddap.url,
        occurrences: 1,
        run: { id: failed },
        links: { prefect: null, run: `https://data.example.org/harvester/harvest/run/${failed}` },
      },
    ],
  })

  // The same again is quiet; then the source is well, which the clean stop of the process tells at once.
  await harvest()
  await waitUntil('the second failure', () => process.output().split('Failed: ').length > 2)
  erddap.setHostile([])
  const well = await harvest()
  await waitUntil('the good run', async () => {
    const run = (await (await fetch(`${api}/api/harvest/runs/${well}`)).json()) as Record<string, unknown>
    return JSON.stringify(run).includes('"ok"')
  })
  await process.kill('SIGTERM')
  expect(hook.heard).toHaveLength(2)
  expect(hook.json()[1]).toMatchObject({
    alerts: [{ status: 'recovered', kind: 'failed', source: erddap.url, occurrences: 1 }],
  })
  // The address of the hook is a secret.
  expect(process.output()).not.toMatch(/SECRET|abcdefghijkl/)
})
