import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { createHttpClient } from '../../../src/http/client.ts'
import type { Log } from '../../../src/log/log.ts'
import { alertChannels, type ChannelSettings, redacted } from '../../../src/operate/alerts/channels.ts'
import { sendToAll } from '../../../src/operate/alerts/dispatcher.ts'
import { alertMessage } from '../../../src/operate/alerts/message.ts'
import { type Listener, startListener } from '../../support/listener.ts'

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const now = new Date('2026-11-21T05:00:00Z')
const message = alertMessage(
  [
    {
      status: 'open',
      kind: 'failed',
      subject: 'a',
      openedAt: now,
      lastAt: now,
      recoveredAt: null,
      toldBefore: null,
      occurrences: 1,
      details: {
        name: 'harvest-ä',
        source: null,
        flow: null,
        deployment: null,
        runId: null,
        runName: null,
        message: 'kein Gerät',
        datasets: null,
        lastSuccessAt: null,
      },
    },
  ],
  { pageOfRun: () => null, dashboard: null },
  { id: 'm', namespace: 'default', host: 'h', at: now },
)

function channels(settings: ChannelSettings, limits = { answerMs: 2000, totalMs: 20_000 }) {
  // Waits between attempts are the client's business, and tested there.
  const http = createHttpClient({ gate: null, sleep: async () => {} })
  ends.push(() => http.close())
  return alertChannels(settings, 'Prefect', http, limits)
}

async function listener(options: Parameters<typeof startListener>[0] = {}): Promise<Listener> {
  const started = await startListener(options)
  ends.push(() => started.close())
  return started
}

interface Mailbox {
  port: number
  mails: { from: string; to: string[]; user: string | null; secure: boolean; text: string }[]
}

/** A real mail server on loopback that keeps what it gets. */
async function mailServer(options: SMTPServerOptions = {}): Promise<Mailbox> {
  const mails: Mailbox['mails'] = []
  const server = new SMTPServer({
    authOptional: true,
    onData(stream, session, done) {
      let text = ''
      stream.setEncoding('utf8')
      stream.on('data', (piece: string) => {
        text += piece
      })
      stream.on('end', () => {
        mails.push({
          from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
          to: session.envelope.rcptTo.map(({ address }) => address),
          user: session.user ?? null,
          secure: session.secure,
          text,
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {}) // clients that break off are part of the tests
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
  ends.push(() => new Promise<void>((done) => server.close(() => done())))
  return { port: (server.server.address() as AddressInfo).port, mails }
}

describe('which channels there are', () => {
  it('is said by the environment, described without secrets', () => {
    expect(channels({})).toEqual([])
    const all = channels({
      ALERT_WEBHOOK_URL: 'https://me:hunter22@ops.example.org/hooks/sesame1',
      ALERT_SLACK_WEBHOOK_URL: 'https://hooks.example.org/services/T0/B0/sesame2',
      ALERT_EMAIL_TO: 'ops@example.org, Data Team <data@example.org>',
      SMTP_URL: 'smtp://harvester:sesame3@mail.example.org:587',
    })
    expect(all.map(({ description }) => description)).toEqual([
      'webhook at ops.example.org',
      'slack at hooks.example.org',
      'e-mail to ops@example.org, Data Team <data@example.org> by mail.example.org:587',
    ])
  })

  it.each([
    [{ ALERT_EMAIL_TO: 'ops@example.org' }, /SMTP_URL is not/],
    [{ ALERT_EMAIL_TO: 'ops', SMTP_URL: 'smtp://mail' }, /no address: ops/],
    [
      { ALERT_EMAIL_TO: 'ops@example.org', SMTP_URL: 'https://me:sesame@mail' },
      /not the address of a mail server/,
    ],
    [{ ALERT_EMAIL_FROM: 'harvester@example.org' }, /ALERT_EMAIL_TO is not/],
    [{ ALERT_WEBHOOK_URL: 'ftp://ops.example.org/sesame' }, /ALERT_WEBHOOK_URL is not an http/],
    [{ ALERT_SLACK_WEBHOOK_URL: 'mailto:sesame@example.org' }, /ALERT_SLACK_WEBHOOK_URL is not an http/],
  ])('is wrong configuration in %o, without a secret in its message', (settings, text) => {
    let error: unknown
    try {
      channels(settings)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(text) })
    expect(String(error)).not.toContain('sesame')
  })
})

describe('a webhook', () => {
  it('gets the message as JSON, and Slack its text', async () => {
    const [hook, slack] = [await listener(), await listener()]
    for (const channel of channels({ ALERT_WEBHOOK_URL: hook.url, ALERT_SLACK_WEBHOOK_URL: slack.url }))
      await channel.send(message)
    expect(hook.json()).toEqual([message])
    expect(hook.heard[0]!.headers['content-type']).toBe('application/json')
    expect(slack.json()).toEqual([{ text: expect.stringContaining('*harvest-ä* failed: kein Gerät') }])
  })

  it('gets the login of its address as a header', async () => {
    const hook = await listener()
    const [channel] = channels({ ALERT_WEBHOOK_URL: hook.url.replace('//', '//me:p%40ss@') })
    await channel!.send(message)
    expect(hook.heard[0]!.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  })

  it('is asked again after an error of the server', async () => {
    const hook = await listener({ answer: (n) => (n < 2 ? 503 : 200) })
    const [channel] = channels({ ALERT_WEBHOOK_URL: hook.url })
    await channel!.send(message)
    expect(hook.heard).toHaveLength(3)
  })

  it.each<[string, () => number | null, number]>([
    ['always fails', () => 500, 3],
    ['is not there any more', () => 404, 1],
    ['redirects to a login', () => 302, 1],
    ['never answers', () => null, 1],
  ])('that %s has not got it, which is said without its address', async (_, answer, times) => {
    const hook = await listener({ answer })
    const [channel] = channels({ ALERT_SLACK_WEBHOOK_URL: hook.url })
    const error: unknown = await channel!.send(message).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'ALERT_NOT_SENT',
      message: expect.stringMatching(/^slack at 127\.0\.0\.1:\d+: ./),
    })
    expect(JSON.stringify([String(error), error])).not.toMatch(/SECRET|abcdefghijkl/)
    expect((error as Error).cause).toBeUndefined()
    expect(hook.heard).toHaveLength(times)
  })

  it('that refuses keeps no other channel from getting it, and is logged without its address', async () => {
    const [bad, good] = [await listener({ answer: () => 403 }), await listener()]
    const lines: string[] = []
    const write = (facts: Record<string, unknown>, text: string) =>
      void lines.push(`${text} ${JSON.stringify(facts)}`)
    const log: Log = { debug: write, info: write, warn: write, error: write }
    const took = await sendToAll(
      channels({ ALERT_WEBHOOK_URL: bad.url, ALERT_SLACK_WEBHOOK_URL: good.url }),
      message,
      log,
    )
    expect(took).toBe(1)
    expect(good.heard).toHaveLength(1)
    expect(lines.join('\n')).toMatch(/could not be sent.*webhook at 127/)
    expect(lines.join('\n')).not.toMatch(/SECRET|abcdefghijkl/)
  })
})

describe('a mail', () => {
  it('goes to everybody named, as text that a person can read', async () => {
    const box = await mailServer({ disabledCommands: ['AUTH', 'STARTTLS'] })
    const [channel] = channels({
      ALERT_EMAIL_TO: 'ops@example.org,Data <data@example.org>',
      SMTP_URL: `smtp://127.0.0.1:${box.port}`,
    })
    await channel!.send(message)
    expect(box.mails).toMatchObject([
      {
        from: 'erddap-harvester@[127.0.0.1]',
        to: ['ops@example.org', 'data@example.org'],
        user: null,
        secure: false,
      },
    ])
    expect(box.mails[0]!.text).toMatch(/^Subject: =\?UTF-8\?Q\?=5Berddap-harvester=5D_harvest-=C3=A4/m)
    expect(box.mails[0]!.text).toContain('kein Ger=C3=A4t')
    expect(box.mails[0]!.text).toContain('Auto-Submitted: auto-generated')
    expect(box.mails[0]!.text).toContain('Content-Language: en')
  })

  it('is French where the site says so, and so is Slack, but no webhook', async () => {
    const box = await mailServer({ disabledCommands: ['AUTH', 'STARTTLS'] })
    const heard = await listener()
    const all = channels({
      ALERT_EMAIL_TO: 'ops@example.org',
      SMTP_URL: `smtp://127.0.0.1:${box.port}`,
      ALERT_WEBHOOK_URL: heard.url,
      ALERT_SLACK_WEBHOOK_URL: heard.url,
      ALERT_LANGUAGE: 'fr',
    })
    for (const channel of all) await channel.send(message)
    expect(box.mails[0]!.text).toContain('Content-Language: fr')
    expect(box.mails[0]!.text).toMatch(/harvest-=C3=A4 a =C3=A9chou=C3=A9/)
    const bodies = heard.heard.map(({ body }) => body)
    expect(JSON.parse(bodies[0]!)).toMatchObject({ summary: 'harvest-ä failed' })
    expect(JSON.parse(bodies[1]!).text).toContain('*harvest-ä a échoué*')
  })

  it('goes through STARTTLS and a login where the server has them', async () => {
    const box = await mailServer({
      authOptional: false,
      onAuth: (auth, _session, done) =>
        auth.username === 'harvester' && auth.password === 'p@ss word'
          ? done(null, { user: auth.username })
          : done(new Error('who are you')),
    })
    const [channel] = channels({
      ALERT_EMAIL_TO: 'ops@example.org',
      ALERT_EMAIL_FROM: 'harvester@example.org',
      SMTP_URL: `smtp://harvester:p%40ss%20word@127.0.0.1:${box.port}?tls.rejectUnauthorized=false`,
    })
    await channel!.send(message)
    expect(box.mails).toMatchObject([{ from: 'harvester@example.org', user: 'harvester', secure: true }])
  })

  it('that the server refuses is said without login', async () => {
    const box = await mailServer({
      authOptional: false,
      onAuth: (auth, _session, done) => done(new Error(`no ${auth.username} ${auth.password}`)),
    })
    const [channel] = channels({
      ALERT_EMAIL_TO: 'ops@example.org',
      SMTP_URL: `smtp://harvester:open-sesame@127.0.0.1:${box.port}?tls.rejectUnauthorized=false`,
    })
    const error: unknown = await channel!.send(message).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ALERT_NOT_SENT' })
    expect(String(error)).not.toContain('sesame')
    expect(String(error)).toMatch(/e-mail to ops@example.org by 127/)
  })

  it('is given up when the server never speaks', async () => {
    const silent: Server = createServer(() => {})
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    ends.push(() => silent.close())
    const { port } = silent.address() as AddressInfo
    const [channel] = channels({ ALERT_EMAIL_TO: 'ops@example.org', SMTP_URL: `smtp://127.0.0.1:${port}` })
    await expect(channel!.send(message)).rejects.toMatchObject({ code: 'ALERT_NOT_SENT' })
  })

  it('is given up, and the server left, where it speaks a letter at a time', async () => {
    const left: Promise<unknown>[] = []
    const dripping: Server = createServer((socket) => {
      socket.on('error', () => {})
      const timer = setInterval(() => socket.write('2'), 20)
      left.push(once(socket, 'close').finally(() => clearInterval(timer)))
    })
    await new Promise<void>((done) => dripping.listen(0, '127.0.0.1', done))
    ends.push(() => dripping.close())
    const { port } = dripping.address() as AddressInfo
    const [channel] = channels(
      { ALERT_EMAIL_TO: 'ops@example.org', SMTP_URL: `smtp://127.0.0.1:${port}` },
      { answerMs: 10_000, totalMs: 500 },
    )
    await expect(channel!.send(message)).rejects.toMatchObject({ code: 'ALERT_NOT_SENT' })
    await Promise.all(left)
    expect(left).toHaveLength(1)
  })
})

it('no part of an address that opens a door is left in a text', () => {
  const address = new URL('https://me:p%40ss-word@hooks.example.org/services/T0AAAAAA/x?key=0123456789')
  const text = `POST ${address.href} failed: /services/T0AAAAAA/x, T0AAAAAA, 0123456789, p@ss-word at hooks.example.org`
  const shown = redacted(text, address)
  expect(shown).not.toMatch(/T0AAAAAA|0123456789|p%40ss|p@ss/)
  expect(shown).toContain('at hooks.example.org')
})
