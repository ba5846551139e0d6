/** What a message says, in the forms that the channels take. Pure: times, links and ids come in. */
import { urlSlug } from '../../config/slug.ts'
import { scrub } from '../../log/secrets.ts'
import type { RunFact } from '../../rules/reasons/run.ts'
import { type Language, numeral } from '../../rules/reasons/words.ts'
import { cut } from '../../text.ts'
import type { Alert, AlertKind } from './trouble.ts'
import { alertSentence, alertWords } from './words.ts'

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
  /** The message as codes and values, where they are known. */
  readonly facts?: readonly RunFact[]
  readonly since: string
  readonly last_at: string
  readonly recovered_at: string | null
  readonly told_before: string | null
  readonly occurrences: number
  readonly datasets: { readonly failed: number; readonly total: number } | null
  readonly last_success_at: string | null
  readonly run: { readonly id: string; readonly name: string | null } | null
  readonly links: {
    /** Of the run at whichever orchestrator keeps it: named when there was one. */
    readonly prefect: string | null
    readonly run: string | null
    readonly source: string | null
  }
}

export interface Links {
  /** Where the orchestrator shows a run; null where it has no pages. */
  pageOfRun(runId: string): string | null
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
    summary: summary('en', { test: envelope.test ?? false, alerts: entries }),
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
    ...(details.facts && { facts: details.facts }),
    since: alert.openedAt.toISOString(),
    last_at: alert.lastAt.toISOString(),
    recovered_at: alert.recoveredAt?.toISOString() ?? null,
    told_before: alert.toldBefore?.toISOString() ?? null,
    occurrences: alert.occurrences,
    datasets: details.datasets,
    last_success_at: details.lastSuccessAt,
    run: details.runId === null ? null : { id: details.runId, name: details.runName },
    links: {
      prefect: details.runId === null ? null : links.pageOfRun(details.runId),
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

/** `harvest-a failed; harvest-b is well again`, or numbers where there are many. */
function summary(language: Language, { test, alerts }: Pick<AlertMessage, 'test' | 'alerts'>): string {
  const words = alertWords[language]
  const said = (names: readonly string[], [one, many]: readonly [one: string, many: string]): string[] => {
    if (names.length > 3) return [`${names.length} ${many}`]
    return names.length === 0 ? [] : [`${names.join(', ')} ${names.length > 1 ? many : one}`]
  }
  const open = alerts.filter(({ status }) => status === 'open')
  const well = unique(alerts.filter(({ status }) => status === 'recovered').map(({ name }) => name))
  const parts = kindOrder.flatMap((kind) =>
    said(unique(open.filter((one) => one.kind === kind).map(({ name }) => name)), words.verb[kind]),
  )
  return `${test ? words.test : ''}${[...parts, ...said(well, words.wellAgain)].join('; ') || words.nothing}`
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}

/** Who reads a message. */
export interface Reader {
  readonly language: Language
  /** What people call the orchestrator whose pages are linked to. */
  readonly runsAt: string
}

/** Of one entry: what happened, how often, and where to look. */
interface Paragraph {
  readonly status: MessageAlert['status']
  readonly name: string
  readonly headline: string
  readonly text: string
  readonly links: readonly (readonly [label: string, url: string])[]
}

function paragraph({ language, runsAt }: Reader, one: MessageAlert): Paragraph {
  const words = alertWords[language]
  const links = [
    [words.runIn(runsAt), one.links.prefect] as const,
    [words.links.run, one.links.run] as const,
    [words.links.source, one.links.source] as const,
  ].flatMap(([label, url]) => (url === null ? [] : [[label, url] as const]))
  const { name, status, kind } = one
  const message = short(alertSentence(language, one))
  if (status === 'recovered') {
    const said = one.told_before === null ? words.said(message) : ''
    return {
      status,
      name,
      headline: words.wellAgain[0],
      text: `${words.since(words.had[kind], minute(one.since))}${repeats(language, one)}${said}`,
      links,
    }
  }
  const share =
    one.datasets === null || kind !== 'errors'
      ? ''
      : words.share(percent(language, one.datasets.failed / one.datasets.total))
  return {
    status,
    name,
    headline: `${words.verb[kind][0]}${share}`,
    text: `${message || words.noMessage}${repeats(language, one)}`,
    links,
  }
}

/** `; 3 more times since 2026-11-21 05:00 UTC`. */
function repeats(language: Language, one: MessageAlert): string {
  if (one.kind === 'stale') return ''
  const more = one.told_before === null ? one.occurrences - 1 : one.occurrences
  if (more <= 0) return ''
  return alertWords[language].more(more, one.told_before === null ? null : minute(one.told_before))
}

function percent(language: Language, share: number): string {
  return `${numeral(language, share >= 0.1 ? Math.round(share * 100) : Math.round(share * 1000) / 10)} %`
}

function minute(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`
}

/** Of a message in running text: whole ones are in the JSON and behind the links. */
const shortLength = 400

function short(text: string): string {
  return cut(text.replace(/\s+/g, ' ').trim(), shortLength)
}

/** Plain text, as mails carry it. */
export function asText(message: AlertMessage, reader: Reader): string {
  const { language } = reader
  const paragraphs = message.alerts.map((one) => {
    const { name, headline, text, links } = paragraph(reader, one)
    return [
      `${name} ${headline}`,
      `  ${text}`,
      ...links.map(([label, url]) => `  ${alertWords[language].link(label, url)}`),
    ].join('\n')
  })
  const { host, namespace, sent_at: sentAt } = message
  const foot = `-- \n${alertWords[language].foot(host, namespace, minute(sentAt))}`
  return `${[...paragraphs, foot].join('\n\n')}\n`
}

/** Slack shows 4,000 characters of a message as they were meant. */
const slackLength = 3800

/** The payload of a Slack webhook. Text only: what is compatible with Slack knows it, and not all know blocks. */
export function asSlack(message: AlertMessage, reader: Reader): { text: string } {
  const { language } = reader
  const lines = message.alerts.map((one) => {
    const { name, headline, text, links, status } = paragraph(reader, one)
    const mark =
      status === 'recovered'
        ? ':white_check_mark:'
        : one.kind === 'errors' || one.kind === 'stale'
          ? ':warning:'
          : ':red_circle:'
    const shown = links.map(([label, url]) => `<${url}|${label}>`).join(' · ')
    return `${mark} *${slackEscaped(name)}* ${slackEscaped(headline)}: ${slackEscaped(text)}${shown ? `\n${shown}` : ''}`
  })
  const head = `*${slackEscaped(summary(language, message))}*`
  const shown: string[] = []
  let length = head.length
  for (const line of lines) {
    if (length + line.length > slackLength) break
    shown.push(line)
    length += line.length + 1
  }
  const left = lines.length - shown.length
  return { text: [head, ...shown, ...(left > 0 ? [alertWords[language].left(left)] : [])].join('\n') }
}

function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Subject and text of a mail. */
export function asMail(message: AlertMessage, reader: Reader): { subject: string; text: string } {
  const subject = `[erddap-harvester] ${summary(reader.language, message).replace(/\s+/g, ' ')}`
  return {
    subject: cut(subject, 200),
    text: asText(message, reader),
  }
}
