/** What `harvester deploy --alerts` does: the Prefect server's own alerts, from the environment and the configuration. */
import type { Environment } from '../config/environment.ts'
import type { AlertSettings } from '../config/operations-schema.ts'
import {
  type AlertRules,
  type AutomationReport,
  ensureAlertRules,
  ensureSilentRule,
  type PrefectBackend,
} from '../runs/index.ts'

/** Flows whose success counts as a harvest; a parent that completes says nothing of its children. */
const harvestFlows = ['Harvest Source']

/** The rules that are wanted; without `on`, none is, and what was made before is to be deleted. */
export function alertRules(
  environment: Environment,
  settings: AlertSettings,
  apiUrl: string,
  on: boolean,
): AlertRules {
  const uiUrl = (environment.PREFECT_UI_URL ?? apiUrl.replace(/\/api\/?$/, '')).replace(/(?<!\/)\/+$/, '')
  return {
    namespace: environment.HARVESTER_NAMESPACE,
    uiUrl,
    dashboardUrl: environment.HARVESTER_PUBLIC_URL?.replace(/(?<!\/)\/+$/, '') ?? null,
    channels: {
      webhook: on ? (environment.ALERT_WEBHOOK_URL ?? null) : null,
      slack: on ? (environment.ALERT_SLACK_WEBHOOK_URL ?? null) : null,
    },
    tell: (['failed', 'crashed'] as const).filter((kind) => settings.on.includes(kind)),
    staleHours: settings.on.includes('stale') ? settings.stale_hours : 0,
    harvestFlows,
  }
}

/**
 * Makes the server's alerts equal to what is wanted.
 * @returns what was done, a line each, without addresses
 */
export async function deployAlerts(
  backend: PrefectBackend,
  environment: Environment,
  settings: AlertSettings,
  on: boolean,
): Promise<string[]> {
  const rules = alertRules(environment, settings, backend.client.settings.apiUrl, on)
  const silent = await ensureSilentRule(backend, rules.namespace)
  const told = await ensureAlertRules(backend, rules)
  const both = (part: keyof AutomationReport) => [...silent[part], ...told[part]]
  const lines = (['created', 'updated', 'unchanged', 'deleted'] as const)
    .filter((part) => both(part).length > 0)
    .map((part) => `alerts ${part}: ${both(part).join(', ')}`)
  const off = both('off')
  if (off.length > 0) lines.push(`alerts switched off in the UI, and left so: ${off.join(', ')}`)
  if (!on) lines.push('alerts: the server tells nobody any more; it still settles runs that went silent')
  else if (rules.channels.webhook === null && rules.channels.slack === null) {
    const mail = environment.ALERT_EMAIL_TO === undefined ? '' : ' (e-mail is sent by our processes only)'
    lines.push(
      `alerts: no channel: neither ALERT_WEBHOOK_URL nor ALERT_SLACK_WEBHOOK_URL is set${mail}; the server only settles runs that went silent`,
    )
  }
  return lines
}
