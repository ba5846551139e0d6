import { expect, it } from 'vitest'
import { alertRules } from '../../src/cli/deploy-alerts.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import { alertsSchema } from '../../src/config/operations-schema.ts'

const environment = {
  HARVESTER_NAMESPACE: 'north',
  ALERT_WEBHOOK_URL: 'https://ops.example.org/hook/secret',
  HARVESTER_PUBLIC_URL: 'https://data.example.org/harvester/',
}

function rules(env: Record<string, string> = environment, settings: unknown = {}, on = true) {
  return alertRules(readEnvironment(env), alertsSchema.parse(settings), 'https://prefect.example.org/api', on)
}

it('takes channels, links and what is told from the environment and the configuration', () => {
  expect(rules()).toMatchObject({
    namespace: 'north',
    uiUrl: 'https://prefect.example.org',
    dashboardUrl: 'https://data.example.org/harvester',
    channels: { webhook: 'https://ops.example.org/hook/secret', slack: null },
    tell: ['failed', 'crashed'],
    staleHours: 48,
  })
  expect(rules(environment, { on: ['crashed', 'errors'] })).toMatchObject({
    tell: ['crashed'],
    staleHours: 0,
  })
  expect(rules({ ...environment, PREFECT_UI_URL: 'https://ui.example.org/' }).uiUrl).toBe(
    'https://ui.example.org',
  )
  expect(rules(environment, {}, false).channels).toEqual({ webhook: null, slack: null })
})
