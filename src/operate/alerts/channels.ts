/** The ways a message goes: webhook, Slack, e-mail. Addresses come from the environment and are secrets. */
import { isIPv4 } from 'node:net'
import { describeError, HarvesterError } from '../../errors.ts'
import type { HttpClient } from '../../http/types.ts'
import type { Language } from '../../rules/reasons/words.ts'
import { type AlertMessage, asMail, asSlack, type Reader } from './message.ts'

export interface Channel {
  readonly kind: 'webhook' | 'slack' | 'email'
  /** For people; holds no secret: the host, and who gets mails. */
  readonly description: string
  /**
   * Hands the message over.
   * @throws HarvesterError ALERT_NOT_SENT, with a message that is free of secrets
   */
  send(message: AlertMessage): Promise<void>
}

/** What names a channel, for people. */
export const namedBy = 'ALERT_WEBHOOK_URL, ALERT_SLACK_WEBHOOK_URL, or ALERT_EMAIL_TO with SMTP_URL'

/** The variables of the environment that name channels. */
export interface ChannelSettings {
  readonly ALERT_WEBHOOK_URL?: string | undefined
  readonly ALERT_SLACK_WEBHOOK_URL?: string | undefined
  readonly ALERT_EMAIL_TO?: string | undefined
  readonly ALERT_EMAIL_FROM?: string | undefined
  readonly SMTP_URL?: string | undefined
  /** Of what people read: e-mails and Slack. @default en */
  readonly ALERT_LANGUAGE?: Language | undefined
}

export interface ChannelLimits {
  /** Of one attempt at a webhook, to the answer; and of one step of a talk with a mail server. @default 8000 */
  readonly answerMs?: number
  /** Of all attempts at one channel: an operator is to hear within a minute. @default 25 000 */
  readonly totalMs?: number
}

/**
 * The channels that the environment names, none where it names none.
 * @param runsAt what people call the orchestrator whose pages are linked to
 * @throws HarvesterError CONFIG_INVALID for an address that cannot be used, and for a receiver without mail server
 */
export function alertChannels(
  settings: ChannelSettings,
  runsAt: string,
  http: HttpClient,
  limits: ChannelLimits = {},
): Channel[] {
  const channels: Channel[] = []
  const reader: Reader = { language: settings.ALERT_LANGUAGE ?? 'en', runsAt }
  const {
    ALERT_WEBHOOK_URL: hook,
    ALERT_SLACK_WEBHOOK_URL: slack,
    ALERT_EMAIL_TO: to,
    SMTP_URL: smtp,
  } = settings
  if (hook !== undefined)
    channels.push(
      webhook('webhook', webAddress('ALERT_WEBHOOK_URL', hook), (message) => message, http, limits),
    )
  if (slack !== undefined)
    channels.push(
      webhook(
        'slack',
        webAddress('ALERT_SLACK_WEBHOOK_URL', slack),
        (message) => asSlack(message, reader),
        http,
        limits,
      ),
    )
  if (to !== undefined) {
    if (smtp === undefined)
      throw new HarvesterError('CONFIG_INVALID', 'ALERT_EMAIL_TO is set, but SMTP_URL is not', {
        remedy: 'Set SMTP_URL to the mail server, as smtp://user:password@host:587, or unset ALERT_EMAIL_TO.',
      })
    channels.push(
      email(mailServer(smtp), { to: receivers(to), from: settings.ALERT_EMAIL_FROM, reader }, limits),
    )
  } else if (settings.ALERT_EMAIL_FROM !== undefined)
    throw new HarvesterError('CONFIG_INVALID', 'ALERT_EMAIL_FROM is set, but ALERT_EMAIL_TO is not', {
      remedy: 'Set ALERT_EMAIL_TO to those who are to get alerts, or unset ALERT_EMAIL_FROM.',
    })
  return channels
}

function webAddress(variable: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new HarvesterError('CONFIG_INVALID', `${variable} is not an http or https address`, {
    remedy: 'Write it whole, as https://ops.example.org/hooks/harvester',
  })
}

function mailServer(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && (url.protocol === 'smtp:' || url.protocol === 'smtps:') && url.hostname) return url
  throw new HarvesterError('CONFIG_INVALID', 'SMTP_URL is not the address of a mail server', {
    remedy: 'Write it as smtp://user:password@host:587 or smtps://user:password@host:465',
  })
}

function receivers(text: string): string[] {
  const all = text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
  const bad = all.filter((one) => !/^[^\s@]+@[^\s@]+$|<[^\s@<>]+@[^\s@<>]+>$/.test(one))
  if (all.length > 0 && bad.length === 0) return all
  throw new HarvesterError(
    'CONFIG_INVALID',
    `ALERT_EMAIL_TO holds what is no address: ${bad.join(', ') || text}`,
    {
      remedy: 'Write addresses separated by commas, as ops@example.org,data@example.org',
    },
  )
}

/** A text without any part of an address that opens a door. */
export function redacted(text: string, address: URL): string {
  const path = `${address.pathname}${address.search}`
  const segments = [...address.pathname.split('/'), ...address.searchParams.values()].filter(
    (segment) => segment.length >= 6,
  )
  const parts = [
    address.href,
    path,
    address.pathname,
    ...segments,
    address.username,
    address.password,
    safelyDecoded(address.username),
    safelyDecoded(address.password),
  ]
  return parts
    .filter((part) => part.length > 2)
    .sort((a, b) => b.length - a.length)
    .reduce((rest, part) => rest.replaceAll(part, '***'), text)
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function notSent(what: string, error: unknown, address: URL): HarvesterError {
  // No cause: whoever prints it would print the address.
  return new HarvesterError('ALERT_NOT_SENT', `${what}: ${redacted(describeError(error), address)}`)
}

function webhook(
  kind: 'webhook' | 'slack',
  url: URL,
  form: (message: AlertMessage) => unknown,
  http: HttpClient,
  limits: ChannelLimits,
): Channel {
  const description = `${kind} at ${url.host}`
  const login = url.username ? `${safelyDecoded(url.username)}:${safelyDecoded(url.password)}` : null
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return {
    kind,
    description,
    async send(message) {
      try {
        const { status } = await http.text({
          url: bare.href,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(login !== null && { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
          },
          body: JSON.stringify(form(message)),
          retries: 2,
          // A redirected POST becomes a GET somewhere: nobody would have got the message.
          redirect: 'manual',
          timeouts: {
            headersMs: limits.answerMs ?? 8000,
            bodyIdleMs: limits.answerMs ?? 8000,
            totalMs: limits.totalMs ?? 25_000,
          },
        })
        if (status >= 300) throw new HarvesterError('HTTP_BAD_ANSWER', `answered with a redirect (${status})`)
      } catch (error) {
        throw notSent(description, error, url)
      }
    },
  }
}

function email(
  server: URL,
  { to, from, reader }: { to: readonly string[]; from: string | undefined; reader: Reader },
  limits: ChannelLimits,
): Channel {
  const description = `e-mail to ${to.join(', ')} by ${server.host}`
  // A bare number is no domain: RFC 5321 wants it in brackets.
  const host = isIPv4(server.hostname) ? `[${server.hostname}]` : server.hostname
  const sender = from ?? `erddap-harvester@${host}`
  return {
    kind: 'email',
    description,
    async send(message) {
      // Loaded when it is needed: most processes never send a mail.
      const { createTransport } = await import('nodemailer')
      const step = limits.answerMs ?? 8000
      const address = new URL(server)
      for (const [name, value] of [
        ['connectionTimeout', step],
        ['greetingTimeout', step],
        ['socketTimeout', step],
        ['dnsTimeout', step],
      ] as const)
        if (!address.searchParams.has(name)) address.searchParams.set(name, String(value))
      const transport = createTransport(address.href)
      try {
        const { subject, text } = asMail(message, reader)
        const send = (signal: AbortSignal) =>
          transport.sendMail({
            signal,
            from: sender,
            to: [...to],
            subject,
            text,
            headers: {
              'Content-Language': reader.language,
              'Auto-Submitted': 'auto-generated',
              'X-Erddap-Harvester-Alert': message.id,
            },
            disableFileAccess: true,
            disableUrlAccess: true,
          })
        await within(limits.totalMs ?? 25_000, send)
      } catch (error) {
        throw notSent(description, error, server)
      } finally {
        transport.close()
      }
    },
  }
}

/** Each step of a talk has its limit; a server that drips has this one, and is left by then. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new HarvesterError('HTTP_TIMEOUT', `took longer than ${ms / 1000} s`)
      reject(error)
      controller.abort(error)
    }, ms)
  })
  try {
    return await Promise.race([work(controller.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
