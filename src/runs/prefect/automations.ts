import { isDeepStrictEqual } from 'node:util'
import { failureJson, failureSlack, staleJson, staleSlack, type TemplateFacts } from './alert-templates.ts'
import type { PrefectBackend } from './backend.ts'
import { must, orNull, type Schemas } from './client.ts'
import { namespaceTag } from './namespace.ts'
import { blockName, deleteWebhookBlock, type Ensured, ensureWebhookBlock } from './webhook-blocks.ts'

/**
 * What the Prefect server does by itself, when no process of ours may be alive: it settles runs that went silent, and
 * tells of failures. All of it is found again by name, and touched only where it differs.
 */

/** Heartbeats come every 30 seconds; an outage of the server must not make runs look dead. */
const silentSeconds = 600

const channelNames = ['webhook', 'slack'] as const
export type ChannelName = (typeof channelNames)[number]

export interface AlertRules extends TemplateFacts {
  /** Addresses to call, secrets; null where there is none. */
  readonly channels: Readonly<Record<ChannelName, string | null>>
  /** Which ends of a run are told. */
  readonly tell: readonly ('failed' | 'crashed')[]
  /** Hours without any completed harvest after which that is told; 0: never. */
  readonly staleHours: number
  /** Flows that count as a harvest there, by name. */
  readonly harvestFlows: readonly string[]
}

export interface AutomationReport {
  readonly created: string[]
  readonly updated: string[]
  readonly unchanged: string[]
  readonly deleted: string[]
  /** Found switched off in the UI, and left so. */
  readonly off: string[]
}

export const automationNames = {
  silent: (namespace: string) => `erddap-harvester-crash-silent-runs-${namespace}`,
  failures: (namespace: string) => `erddap-harvester-tell-failures-${namespace}`,
  stale: (namespace: string) => `erddap-harvester-tell-nothing-harvested-${namespace}`,
}

type Wanted = Schemas['AutomationCreate'] & { trigger: Schemas['EventTrigger-Input'] }

function ofNamespace(namespace: string): Record<string, string> {
  return {
    'prefect.resource.role': 'tag',
    'prefect.resource.id': `prefect.tag.${namespaceTag(namespace)}`,
  }
}

/** The document says ISO 8601, yet the server fails on it: it wants seconds. */
function seconds(count: number): string {
  return count as unknown as string
}

function span(count: number): string {
  if (count < 120) return `${count} seconds`
  return count < 7200 ? `${Math.round(count / 60)} minutes` : `${Math.round(count / 3600)} hours`
}

/** Settles runs whose heartbeats stopped: a worker that was killed cannot. */
export function silentRule(namespace: string, withinSeconds: number): Wanted {
  return {
    name: automationNames.silent(namespace),
    description: 'Settles runs of the harvester that went silent.',
    enabled: true,
    trigger: {
      type: 'event',
      posture: 'Proactive',
      after: ['prefect.flow-run.heartbeat'],
      expect: [
        'prefect.flow-run.heartbeat',
        'prefect.flow-run.Completed',
        'prefect.flow-run.Failed',
        'prefect.flow-run.TimedOut',
        'prefect.flow-run.Cancelled',
        'prefect.flow-run.Crashed',
        // What waits has no heartbeat, and is not dead.
        'prefect.flow-run.Scheduled',
        'prefect.flow-run.AwaitingRetry',
        'prefect.flow-run.Paused',
        'prefect.flow-run.Suspended',
      ],
      match: { 'prefect.resource.id': 'prefect.flow-run.*' },
      match_related: ofNamespace(namespace),
      for_each: ['prefect.resource.id'],
      threshold: 1,
      within: seconds(withinSeconds),
    },
    actions: [
      {
        type: 'change-flow-run-state',
        state: 'CRASHED',
        message: `No sign of life for ${span(withinSeconds)}`,
      },
    ],
  }
}

/** Tells of runs that failed or crashed; null when neither is told. */
export function failureRule(rules: AlertRules, actions: Wanted['actions']): Wanted | null {
  const expect = [
    ...(rules.tell.includes('failed') ? ['prefect.flow-run.Failed', 'prefect.flow-run.TimedOut'] : []),
    ...(rules.tell.includes('crashed') ? ['prefect.flow-run.Crashed'] : []),
  ]
  if (expect.length === 0 || actions.length === 0) return null
  return {
    name: automationNames.failures(rules.namespace),
    description: 'Tells of runs of the harvester that failed. Made by `harvester deploy --alerts`.',
    enabled: true,
    trigger: {
      type: 'event',
      posture: 'Reactive',
      after: [],
      expect,
      match: { 'prefect.resource.id': 'prefect.flow-run.*' },
      match_related: ofNamespace(rules.namespace),
      for_each: ['prefect.resource.id'],
      threshold: 1,
      within: seconds(0),
    },
    actions,
  }
}

/**
 * Tells when no harvest of the namespace has completed for a while, be it that nothing was ever started. Every success
 * opens a new span of time (`after`); without that, the server would look at fixed spans, and tell up to three late.
 */
export function staleRule(rules: AlertRules, actions: Wanted['actions']): Wanted | null {
  if (rules.staleHours <= 0 || actions.length === 0) return null
  return {
    name: automationNames.stale(rules.namespace),
    description: 'Tells when no harvest has completed for long. Made by `harvester deploy --alerts`.',
    enabled: true,
    trigger: {
      type: 'event',
      posture: 'Proactive',
      after: ['prefect.flow-run.Completed'],
      expect: ['prefect.flow-run.Completed'],
      match: { 'prefect.resource.id': 'prefect.flow-run.*' },
      match_related: [
        ofNamespace(rules.namespace),
        { 'prefect.resource.role': 'flow', 'prefect.resource.name': [...rules.harvestFlows] },
      ],
      for_each: [],
      threshold: 1,
      // The server takes no less for what did not happen.
      within: seconds(Math.max(10, Math.round(rules.staleHours * 3600))),
    },
    actions,
  }
}

/** Creates the rule for silent runs, or corrects it. */
export async function ensureSilentRule(
  backend: PrefectBackend,
  namespace: string,
  withinSeconds = silentSeconds,
): Promise<AutomationReport> {
  const report: AutomationReport = { created: [], updated: [], unchanged: [], deleted: [], off: [] }
  await ensureAutomation(backend, silentRule(namespace, withinSeconds), report)
  return report
}

/**
 * Makes what the server tells equal to the rules: addresses, failures, nothing harvested. What is not wanted any more
 * is deleted. May run again at any time.
 * @throws HarvesterError PREFECT_REFUSED
 */
export async function ensureAlertRules(
  backend: PrefectBackend,
  rules: AlertRules,
): Promise<AutomationReport> {
  const report: AutomationReport = { created: [], updated: [], unchanged: [], deleted: [], off: [] }
  const blocks: { channel: ChannelName; id: string }[] = []
  for (const channel of channelNames) {
    const url = rules.channels[channel]
    if (url === null) continue
    const name = blockName(channel, rules.namespace)
    const { id, what } = await ensureWebhookBlock(backend, name, url)
    blocks.push({ channel, id })
    report[what].push(name)
  }
  const call = (body: Record<ChannelName, string>): Wanted['actions'] =>
    blocks.map(({ channel, id }) => ({
      type: 'call-webhook',
      block_document_id: id,
      payload: body[channel],
    }))
  const failures = failureRule(rules, call({ webhook: failureJson(rules), slack: failureSlack(rules) }))
  const stale = staleRule(
    rules,
    call({ webhook: staleJson(rules, rules.staleHours), slack: staleSlack(rules, rules.staleHours) }),
  )
  for (const [wanted, name] of [
    [failures, automationNames.failures(rules.namespace)],
    [stale, automationNames.stale(rules.namespace)],
  ] as const) {
    if (wanted) await ensureAutomation(backend, wanted, report)
    else await deleteAutomations(backend, name, report)
  }
  // Last, since an automation must not point to an address that is gone.
  for (const channel of channelNames) {
    if (rules.channels[channel] !== null) continue
    const name = blockName(channel, rules.namespace)
    if (await deleteWebhookBlock(backend, name)) report.deleted.push(name)
  }
  return report
}

/** All of that name, the oldest first: names are not unique, and two processes may have created one each. */
async function findAutomations({ client }: PrefectBackend, name: string) {
  const found = await must(
    'read automations',
    client.normal.POST('/automations/filter', {
      body: {
        automations: { operator: 'and_', name: { any_: [name] } },
        sort: 'CREATED_DESC',
        limit: 20,
        offset: 0,
      },
    }),
  )
  return found.filter((automation) => automation.name === name).reverse()
}

async function deleteAutomation({ client }: PrefectBackend, id: string): Promise<void> {
  await orNull(
    'delete an automation',
    client.normal.DELETE('/automations/{id}', { params: { path: { id } } }),
  )
}

async function deleteAutomations(
  backend: PrefectBackend,
  name: string,
  report: AutomationReport,
): Promise<void> {
  const found = await findAutomations(backend, name)
  for (const { id } of found) await deleteAutomation(backend, id)
  if (found.length > 0) report.deleted.push(name)
}

async function ensureAutomation(
  backend: PrefectBackend,
  wanted: Wanted,
  report: AutomationReport,
): Promise<Ensured> {
  const { client } = backend
  const [known, ...doubles] = await findAutomations(backend, wanted.name)
  for (const { id } of doubles) await deleteAutomation(backend, id)
  const what = !known ? 'created' : sameRule(known, wanted) ? 'unchanged' : 'updated'
  if (what === 'created')
    await must('create an automation', client.normal.POST('/automations/', { body: wanted }))
  else if (known && what === 'updated')
    await must(
      'update an automation',
      client.normal.PUT('/automations/{id}', {
        params: { path: { id: known.id } },
        // Switching one off in the UI is a decision of a person.
        body: { ...wanted, enabled: known.enabled ?? true },
      }),
    )
  report[what].push(wanted.name)
  if (known?.enabled === false) report.off.push(wanted.name)
  return what
}

/** A rule as the server answers it, or as we send it. */
interface Rule {
  readonly description?: string
  readonly trigger: object
  readonly actions: readonly object[]
}

/** Whether the server's rule says what is wanted. An update would start its spans of time anew. */
export function sameRule(known: Rule, wanted: Rule): boolean {
  return isDeepStrictEqual(essence(known), essence(wanted))
}

/** What we decide of a rule; the server adds ids and defaults, and orders sets as it likes. */
function essence({ description, trigger, actions }: Rule) {
  const of = trigger as Partial<Schemas['EventTrigger-Output']>
  return {
    description,
    type: of.type,
    posture: of.posture,
    threshold: of.threshold,
    after: [...(of.after ?? [])].sort(),
    expect: [...(of.expect ?? [])].sort(),
    for_each: [...(of.for_each ?? [])].sort(),
    match: labels(of.match),
    match_related: [of.match_related ?? {}].flat().map(labels),
    within: Number(of.within),
    actions: actions.map((action) => {
      const { type, block_document_id, payload, state, message } = action as Record<string, unknown>
      return { type, block_document_id, payload, state, message }
    }),
  }
}

/** The server answers a single value as it likes, alone or in a list. */
function labels(specification: unknown): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries((specification ?? {}) as Record<string, string | string[]>)
      .map(([label, value]) => [label, [value].flat().sort()] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
