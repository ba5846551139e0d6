/** What a message says, in the forms that the channels take. Pure: times, links and ids come in. */
import { urlSlug } from '../../config/slug.ts'
import { scrub } from '../../log/secrets.ts'
import { runPage } from '../../runs/index.ts'
import type { Alert, AlertKind } from './trouble.ts'

/** The JSON that webhooks get: documented in docs/operations.md. Keys are only ever added under one version. */
export interface AlertMessage {
  readonly version: 1
  readonly id: string
  readonly sender: 'erddap-harvester'
  /** HARVESTER_NAMESPACE: tells installations apart. */
  readonly namespace: string
  readonly host: string
  readonly sent_at: string
  /** True for `harvester alerts test`. */
  readonly test: boolean
  readonly summary: string
  readonly alerts: readonly MessageAlert[]
}

export interface MessageAlert {
  readonly status: 'open' | 'recovered'
  readonly kind: AlertKind
  readonly name: string
  readonly source: string | null
  readonly deployment: string | null
  readonly flow: string | null
  readonly message: string
  readonly since: string
  readonly last_at: string
  readonly recovered_at: string | null
  readonly told_before: string | null
  readonly occurrences: number
  readonly datasets: { readonly failed: number; readonly total: number } | null
  readonly last_success_at: string | null
  readonly run: { readonly id: string; readonly name: string | null } | null
  readonly links: {
    readonly prefect: string | null
    readonly run: string | null
    readonly source: string | null
  }
}

export interface Links {
  /** Address of Prefect's UI, without a slash at its end. */
  readonly prefectUi: string | null
  /** Where people see the dashboard: the address before /harvest, without a slash at its end. */
  readonly dashboard: string | null
}

export interface Envelope {
  readonly id: string
  readonly namespace: string
  readonly host: string
  readonly at: Date
  readonly test?: boolean
}

/** `alerts` as one message, troubles first. */
export function alertMessage(alerts: readonly Alert[], links: Links, envelope: Envelope): AlertMessage {
  const entries = [...alerts]
    .sort((a, b) => rank(a) - rank(b) || compare(a.details.name, b.details.name))
    .map((alert) => entry(alert, links))
  return {
    version: 1,
    id: envelope.id,
    sender: 'erddap-harvester',
    namespace: envelope.namespace,
    host: envelope.host,
    sent_at: envelope.at.toISOString(),
    test: envelope.test ?? false,
    summary: `${envelope.test ? 'Test: ' : ''}${summary(entries)}`,
    alerts: entries,
  }
}

const kindOrder: readonly AlertKind[] = ['crashed', 'failed', 'errors', 'stale']
const rank = ({ status, kind }: Alert) => (status === 'open' ? 0 : 10) + kindOrder.indexOf(kind)
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function entry(alert: Alert, links: Links): MessageAlert {
  const { details } = alert
  return {
    status: alert.status,
    kind: alert.kind,
    name: details.name,
    source: details.source,
    deployment: details.deployment,
    flow: details.flow,
    message: scrub(details.message),
    since: alert.openedAt.toISOString(),
    last_at: alert.lastAt.toISOString(),
    recovered_at: alert.recoveredAt?.toISOString() ?? null,
    told_before: alert.toldBefore?.toISOString() ?? null,
    occurrences: alert.occurrences,
    datasets: details.datasets,
    last_success_at: details.lastSuccessAt,
    run: details.runId === null ? null : { id: details.runId, name: details.runName },
    links: {
      prefect:
        links.prefectUi === null || details.runId === null ? null : runPage(links.prefectUi, details.runId),
      // The dashboard has no page for what is no harvest.
      run: harvests.has(details.flow ?? '') ? page(links.dashboard, 'harvest/run', details.runId) : null,
      source: page(
        links.dashboard,
        'harvest/server',
        details.source === null ? null : urlSlug(details.source),
      ),
    },
  }
}

const harvests: ReadonlySet<string> = new Set(['Harvest Source', 'Harvest All Sources'])

function page(base: string | null, path: string, name: string | null): string | null {
  return base === null || name === null ? null : `${base}/${path}/${encodeURIComponent(name)}`
}

const verbs: Readonly<Record<AlertKind, string>> = {
  failed: 'failed',
  crashed: 'crashed',
  errors: 'completed with errors',
  stale: 'is stale',
}

/** `harvest-a failed; harvest-b is well again`, or numbers where there are many. */
function summary(entries: readonly MessageAlert[]): string {
  const open = entries.filter(({ status }) => status === 'open')
  const well = unique(entries.filter(({ status }) => status === 'recovered').map(({ name }) => name))
  const parts: string[] = []
  for (const kind of kindOrder) {
    const names = unique(open.filter((one) => one.kind === kind).map(({ name }) => name))
    if (names.length > 3) parts.push(`${names.length} ${manyVerbs[kind]}`)
    else if (names.length > 0)
      parts.push(`${names.join(', ')} ${names.length > 1 ? manyVerbs[kind] : verbs[kind]}`)
  }
  if (well.length > 3) parts.push(`${well.length} are well again`)
  else if (well.length > 0) parts.push(`${well.join(', ')} ${well.length > 1 ? 'are' : 'is'} well again`)
  return parts.join('; ') || 'nothing to tell'
}

const manyVerbs: Readonly<Record<AlertKind, string>> = { ...verbs, stale: 'are stale' }

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}

/** Of one entry: what happened, how often, and where to look. */
interface Paragraph {
  readonly status: MessageAlert['status']
  readonly name: string
  readonly headline: string
  readonly text: string
  readonly links: readonly (readonly [label: string, url: string])[]
}

function paragraph(one: MessageAlert): Paragraph {
  const links = (
    [
      ['Run in Prefect', one.links.prefect],
      ['Run', one.links.run],
      ['Source', one.links.source],
    ] as const
  ).flatMap(([label, url]) => (url === null ? [] : [[label, url] as const]))
  const { name, status } = one
  if (status === 'recovered') {
    const before =
      one.kind === 'stale' ? 'was stale' : `had ${verbs[one.kind].replace('completed', 'completed')}`
    return {
      status,
      name,
      headline: 'is well again',
      text: `${before} since ${minute(one.since)}${repeats(one)}${one.told_before === null ? `; it said: ${short(one.message)}` : ''}`,
      links,
    }
  }
  const share =
    one.datasets === null || one.kind !== 'errors'
      ? ''
      : ` (${percent(one.datasets.failed / one.datasets.total)} of the datasets)`
  return {
    status,
    name,
    headline: `${verbs[one.kind]}${share}`,
    text: `${short(one.message) || 'no message'}${repeats(one)}`,
    links,
  }
}

/** `; 3 more times since 2026-11-21 05:00 UTC`. */
function repeats(one: MessageAlert): string {
  if (one.kind === 'stale') return ''
  const more = one.told_before === null ? one.occurrences - 1 : one.occurrences
  if (more <= 0) return ''
  const times = `${more} more ${more === 1 ? 'time' : 'times'}`
  return one.told_before === null ? `; ${times} meanwhile` : `; ${times} since ${minute(one.told_before)}`
}

function percent(share: number): string {
  return `${share >= 0.1 ? Math.round(share * 100) : Math.round(share * 1000) / 10} %`
}

function minute(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`
}

/** Of a message in running text: whole ones are in the JSON and behind the links. */
const shortLength = 400

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > shortLength ? `${line.slice(0, shortLength - 1)}…` : line
}

/** Plain text, as mails carry it. */
export function asText(message: AlertMessage): string {
  const paragraphs = message.alerts.map((one) => {
    const { name, headline, text, links } = paragraph(one)
    return [`${name} ${headline}`, `  ${text}`, ...links.map(([label, url]) => `  ${label}: ${url}`)].join(
      '\n',
    )
  })
  const foot = `-- \nerddap-harvester on ${message.host}, namespace ${message.namespace}, ${minute(message.sent_at)}`
  return `${[...paragraphs, foot].join('\n\n')}\n`
}

/** Slack shows 4,000 characters of a message as they were meant. */
const slackLength = 3800

/** The payload of a Slack webhook. Text only: what is compatible with Slack knows it, and not all know blocks. */
export function asSlack(message: AlertMessage): { text: string } {
  const lines = message.alerts.map((one) => {
    const { name, headline, text, links, status } = paragraph(one)
    const mark =
      status === 'recovered'
        ? ':white_check_mark:'
        : one.kind === 'errors' || one.kind === 'stale'
          ? ':warning:'
          : ':red_circle:'
    const shown = links.map(([label, url]) => `<${url}|${label}>`).join(' · ')
    return `${mark} *${slackEscaped(name)}* ${slackEscaped(headline)}: ${slackEscaped(text)}${shown ? `\n${shown}` : ''}`
  })
  const head = `*${slackEscaped(message.summary)}*`
  const shown: string[] = []
  let length = head.length
  for (const line of lines) {
    if (length + line.length > slackLength) break
    shown.push(line)
    length += line.length + 1
  }
  const left = lines.length - shown.length
  return { text: [head, ...shown, ...(left > 0 ? [`… and ${left} more`] : [])].join('\n') }
}

function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Subject and text of a mail. */
export function asMail(message: AlertMessage): { subject: string; text: string } {
  const subject = `[erddap-harvester] ${message.summary.replace(/\s+/g, ' ')}`
  return { subject: subject.length > 200 ? `${subject.slice(0, 199)}…` : subject, text: asText(message) }
}
