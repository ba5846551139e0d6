import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { environmentVariables, secretValues } from '../../src/config/environment.ts'
import { createLog } from '../../src/log/log.ts'
import { createLocalBackend, flow, memoryStore, type RunStore, runFlow, task } from '../../src/runs/index.ts'
import { forgetSecrets, registerSecrets, scrub, scrubFacts } from '../../src/secrets.ts'

afterEach(forgetSecrets)

const password = fc
  .string({ minLength: 6, maxLength: 30, unit: 'grapheme-ascii' })
  .filter((text) => text.trim() === text && !text.includes('***'))
const token = fc.stringMatching(/^[A-Za-z0-9._~+-]{8,40}$/)
const host = fc.constantFrom('db.example.org', 'localhost:5432', '10.0.0.5', 'o1.ingest.sentry.io')

describe('a text', () => {
  it.each([
    ['postgresql://harvester:s3cr3t@db:5432/cde', 'postgresql://***@db:5432/cde'],
    ['redis://:pw@redis:6379/0', 'redis://***@redis:6379/0'],
    ['https://ghx7token@host.example/path', 'https://***@host.example/path'],
    ['https://public@o1.ingest.sentry.io/42', 'https://***@o1.ingest.sentry.io/42'],
    ['smtp://u:p@ss/w@mail:587', 'smtp://***@mail:587'],
    [
      'POST https://hooks.slack.com/services/T0AB/B0CD/xyz123 failed',
      'POST https://hooks.slack.com/*** failed',
    ],
    ['https://chat.example.org/services/T0AB/B0CD/xyz123', 'https://chat.example.org/services/***'],
    ['Authorization: Bearer abc.def', 'Authorization: ***'],
    ['sent with bearer abcdef123', 'sent with bearer ***'],
    ['{"cookie":"session=abc; b=c","x-api-key":"k"}', '{"cookie":"***","x-api-key":"***"}'],
    ['Set-Cookie: a=b; HttpOnly\nHost: x', 'Set-Cookie: ***\nHost: x'],
    ['DB_PASSWORD=hunter2 harvester load', 'DB_PASSWORD=*** harvester load'],
    ['https://x.org/api?token=abc&y=1', 'https://x.org/api?token=***&y=1'],
    ['https://x.org/api?sig=a%2Fb', 'https://x.org/api?sig=***'],
  ])('"%s" is written as "%s"', (text, clean) => {
    expect(scrub(text)).toBe(clean)
  })

  it.each([
    'https://erddap.example.org/erddap/tabledap/buoy.csv?time,depth&time>=2026-01-01T00:00:00Z',
    'http://localhost:8098/harvest',
    'http://localhost:8098/harvest?mail=a@b.org',
    'Basic authentication is needed; write to ops@example.org',
    'the password of the database is not right',
    'harvester trigger harvest-all --param force=true',
  ])('"%s" holds no secret and stays as it is', (text) => {
    expect(scrub(text)).toBe(text)
  })

  it('never shows the password of an address', () => {
    const inAddress = fc.stringMatching(/^[A-Za-z0-9!$%&'()*+,;=:_.~-]{6,30}$/)
    fc.assert(
      fc.property(
        fc.constantFrom('postgresql', 'redis', 'https', 'smtps'),
        inAddress,
        host,
        (scheme, pw, at) => {
          fc.pre(!/^\d+$/.test(pw))
          const shown = scrub(`cannot reach ${scheme}://user:${pw}@${at}/x: refused`)
          expect(shown).toBe(`cannot reach ${scheme}://***@${at}/x: refused`)
        },
      ),
    )
  })

  it('never shows a token that is alone before the @, nor one after Bearer', () => {
    fc.assert(
      fc.property(token, host, (secret, at) => {
        expect(scrub(`GET https://${secret}@${at}/api`)).toBe(`GET https://***@${at}/api`)
        fc.pre(!/^(auth|token|credential|login)/i.test(secret))
        expect(scrub(`header Bearer ${secret}`)).toBe('header Bearer ***')
      }),
    )
  })

  it('never shows a value that the environment marks as secret, as it is or as JSON or an address writes it', () => {
    const names = Object.entries(environmentVariables)
      .filter(([, definition]) => 'secret' in definition)
      .map(([name]) => name)
    expect(names.length).toBeGreaterThan(8)
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        password,
        fc.string(),
        fc.string(),
        (name, secret, before, after) => {
          forgetSecrets()
          registerSecrets(secretValues({ [name]: secret }))
          // A secret that the marker itself spells cannot be told from it.
          fc.pre(!'***'.includes(secret))
          const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
          // A password that is a word is hidden where it stands alone.
          const edge = /^[a-z]+$/i.test(secret) ? ' ' : ''
          for (const form of forms) {
            expect(scrub(`${before}${edge}${form}${edge}${after}`).split(form).length).toBeLessThanOrEqual(
              `${before}***${after}`.split(form).length,
            )
          }
          const shown = JSON.stringify(
            scrubFacts({ deep: { list: [`a ${secret} b`] }, error: new Error(secret) }),
          )
          expect(shown).not.toContain(`a ${forms[1]} b`)
        },
      ),
    )
  })

  it('shows host and path of a secret address, and hides its password also alone', () => {
    registerSecrets(['postgresql://me:p%40ssw0rd@db.example.org/cde'])
    expect(scrub('no database at postgresql://me:p%40ssw0rd@db.example.org/cde')).toBe(
      'no database at postgresql://***@db.example.org/cde',
    )
    expect(scrub('password authentication with "p@ssw0rd" failed')).not.toContain('p@ssw0rd')
  })

  it('keeps a value of fewer than six characters, which would be in every other word', () => {
    registerSecrets(['cde', 'admin'])
    expect(scrub('the admin of cde')).toBe('the admin of cde')
  })

  it('keeps names that hold a password which is a word, and the user of a database without a password', () => {
    registerSecrets(['harvester', 'postgresql://nobody@db.example.org/cde'])
    expect(scrub('harvest-nobody of erddap-harvester')).toBe('harvest-nobody of erddap-harvester')
    expect(scrub('login with "harvester" refused')).toBe('login with "***" refused')
  })

  it('hides user:password also as a header carries it', () => {
    registerSecrets(['admin:change-me'])
    expect(scrub(`x ${Buffer.from('admin:change-me').toString('base64')} change-me`)).toBe('x *** ***')
  })

  it('is the same after a second removal', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            password.map((pw) => `https://u:${pw}@h/`),
            token.map((text) => `token=${text}`),
            token.map((text) => `Cookie: ${text}`),
          ),
        ),
        (parts) => {
          const once = scrub(parts.join(' '))
          expect(scrub(once)).toBe(once)
        },
      ),
    )
  })
})

describe('a log line', () => {
  it('is valid JSON without secrets, whatever facts and text it is given', () => {
    registerSecrets(['correct horse "battery"'])
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.stringMatching(/^[a-z]{1,8}$/),
          fc.oneof(fc.string(), fc.integer(), fc.constant('correct horse "battery"')),
        ),
        fc.string(),
        (facts, text) => {
          const lines: string[] = []
          createLog({ level: 'info', format: 'json', write: (line) => lines.push(line) }).info(
            { ...facts, api_token: 'abc' },
            `${text} correct horse "battery"`,
          )
          const line = JSON.parse(lines.join('')) as Record<string, unknown>
          expect(line.api_token).toBe('***')
          expect(JSON.stringify(line)).not.toContain('correct horse')
        },
      ),
    )
  })
})

describe('what a run leaves in its back end', () => {
  it('holds no secret: log, messages of states, artifacts', async () => {
    registerSecrets(['swordfish-42'])
    const store: RunStore = memoryStore()
    const failing = task({
      name: 'failing',
      run: async (_: undefined, context) => {
        await context.artifact.table({
          key: 't',
          rows: [{ a: 'swordfish-42 "x"' }],
          description: 'swordfish-42',
        })
        await context.artifact.markdown({ key: 'm', markdown: 'https://u:pw@host/ swordfish-42' })
        context.log.info({ address: 'redis://:pw12@redis/0' }, 'with swordfish-42')
        throw new Error('refused swordfish-42', { cause: new Error('https://abc@host') })
      },
    })
    const result = await runFlow(
      createLocalBackend({ store }),
      flow({
        name: 'Leaky',
        description: '',
        parameters: z.object({}),
        runName: () => 'leaky',
        run: async (_, run) => {
          await run.task(failing, undefined)
        },
      }),
      {},
    )
    expect(result.state).toBe('FAILED')
    const kept = JSON.stringify([
      await store.run(result.id),
      await store.taskRuns(result.id),
      await store.logs(result.id),
      await store.artifacts(result.id),
    ])
    expect(kept).toContain('refused ***')
    for (const secret of ['swordfish', 'pw@', 'pw12', 'abc@']) expect(kept).not.toContain(secret)
    const table = (await store.artifacts(result.id)).find(({ artifact }) => artifact.type === 'table')
    expect(JSON.parse(String(table?.artifact.data))).toEqual([{ a: '*** "x"' }])
  })
})

it('the login of a proxy is a secret, and its host none', () => {
  registerSecrets(
    secretValues({ https_proxy: 'svc:geheim-1@proxy:3128', HTTP_PROXY: 'http://proxy.example.org:3128' }),
  )
  expect(scrub('geheim-1 at http://proxy.example.org:3128')).toBe('*** at http://proxy.example.org:3128')
})
