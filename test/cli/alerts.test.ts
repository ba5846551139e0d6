import { afterEach, describe, expect, it } from 'vitest'
import { sourceAges, startAlerting } from '../../src/app/alerting.ts'
import { renderAlerts, testAlerts } from '../../src/cli/alerts.ts'
import type { DeclaredDeployment } from '../../src/config/deployments-file.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import type { Database } from '../../src/database/port.ts'
import { silentLog } from '../../src/log/log.ts'
import { chooseOrchestrator } from '../../src/runs/index.ts'
import { type Listener, startListener } from '../support/listener.ts'

const listeners: Listener[] = []
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close()
})
async function listener(status = 200): Promise<Listener> {
  const started = await startListener({ answer: () => status })
  listeners.push(started)
  return started
}

describe('harvester alerts test', () => {
  it('sends a sample through every channel and says so', async () => {
    const [hook, slack] = [await listener(), await listener()]
    const said: string[] = []
    const code = await testAlerts(
      { ALERT_WEBHOOK_URL: hook.url, ALERT_SLACK_WEBHOOK_URL: slack.url },
      (line) => said.push(line),
    )
    expect(code).toBe(0)
    expect(said.sort()).toEqual([
      `sent: slack at ${new URL(slack.url).host}`,
      `sent: webhook at ${new URL(hook.url).host}`,
    ])
    expect(hook.json()).toMatchObject([{ test: true, summary: 'Test: harvest-erddap-example-org failed' }])
    expect(slack.json()).toMatchObject([{ text: expect.stringContaining('nothing has failed') }])
  })

  it('fails with ALERT_NOT_SENT when one refuses, which keeps the other from nothing', async () => {
    const [hook, slack] = [await listener(404), await listener()]
    const said: string[] = []
    await expect(
      testAlerts({ ALERT_WEBHOOK_URL: hook.url, ALERT_SLACK_WEBHOOK_URL: slack.url }, (line) =>
        said.push(line),
      ),
    ).rejects.toMatchObject({ code: 'ALERT_NOT_SENT', message: expect.stringContaining('1 of 2 channels') })
    expect(slack.heard).toHaveLength(1)
    expect(said.join('\n')).toMatch(/NOT sent: webhook at .*404/)
    expect(said.join('\n')).not.toContain('SECRET')
  })

  it('fails with ALERT_NOT_SENT when no channel is configured', async () => {
    await expect(testAlerts({}, () => {})).rejects.toMatchObject({
      code: 'ALERT_NOT_SENT',
      remedy: expect.stringContaining('ALERT_WEBHOOK_URL'),
    })
  })
})

it('harvester alerts shows the channels and what is wrong', () => {
  expect(renderAlerts([], [])).toMatch(
    /^No channel is configured: set ALERT_WEBHOOK_URL.*\nNothing is wrong\.$/,
  )
  const at = new Date('2026-11-21T05:00:00Z')
  const shown = renderAlerts(
    [{ description: 'webhook at ops.example.org' }],
    [
      {
        subject: 'https://a.example.org',
        kind: 'failed',
        openedAt: at,
        lastAt: at,
        occurrence: 'x',
        untold: 2,
        untoldSince: at,
        toldAt: null,
        recoveredAt: null,
        details: {
          name: 'harvest-a',
          source: 'https://a.example.org',
          flow: null,
          deployment: null,
          runId: null,
          runName: null,
          message: 'no answer',
          datasets: null,
          lastSuccessAt: null,
        },
      },
    ],
  )
  expect(shown).toContain('webhook at ops.example.org')
  expect(shown).toMatch(/harvest-a.*failed.*2026-11-21 05:00.*no answer/)
})

describe('a process', () => {
  const config = (settings: Record<string, unknown>) =>
    readHarvestConfig({ env: { HARVEST_CONFIG_YAML: JSON.stringify(settings) }, folder: '/tmp' })
  const urls = [
    'https://a.example.org/erddap',
    'https://b.example.org/erddap',
    'https://c.example.org/erddap',
  ]

  it('does not alert without a channel, and does not start with one that cannot be', () => {
    const start = (env: Record<string, string>) =>
      startAlerting({
        environment: readEnvironment(env),
        config: config({ erddap_urls: urls }),
        log: silentLog,
        database: () => Promise.reject(new Error('not asked')),
        orchestrator: chooseOrchestrator({}),
      })
    expect(start({})).toBeNull()
    expect(() => start({ ALERT_EMAIL_TO: 'ops@example.org' })).toThrow(/SMTP_URL is not/)
  })

  it('gives a source that is harvested rarely more time before it is stale', async () => {
    const now = new Date('2026-11-21T05:00:00Z')
    const succeeded = new Date('2026-11-15T05:00:00Z')
    const database = {
      query: async (sql: string) => ({
        rows: sql.includes('watched_sources')
          ? urls.map((erddap_url) => ({ erddap_url, known_since: succeeded }))
          : [{ erddap_url: urls[0], succeeded_at: succeeded, datasets: 1 }],
        count: 0,
      }),
    } as unknown as Database
    const { sources } = config({ erddap_urls: urls })
    const declare = (flow: string, cron: string | null, n: number | null) =>
      ({
        name: n === null ? 'all' : `own-${n}`,
        flow,
        schedule: cron === null ? null : { cron, timezone: 'UTC', active: true, named: '' },
        source: n === null ? null : sources[n]!,
      }) as DeclaredDeployment
    const declared = [
      declare('Harvest Source', '0 5 * * 1', 0),
      declare('Harvest Source', null, 1),
      declare('Harvest All Sources', '0 5 * * *', null),
    ]
    const ages = await sourceAges(database, { sources }, declared, 48, now)
    expect(ages.map(({ name, staleHours, succeededAt }) => [name, staleHours, succeededAt])).toEqual([
      ['own-0', 7 * 24 + 48, succeeded],
      ['own-1', 48, null],
      ['harvest-c-example-org', 48, null],
    ])
  })
})
