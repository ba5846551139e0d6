import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { judge, planned } from '../../src/app/judge.ts'
import { examine } from '../../src/cli/doctor.ts'
import { harvester } from '../acceptance/run.ts'

const folder = mkdtempSync(join(tmpdir(), 'harvester-check-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const site = 'erddap_urls: [https://erddap.example.org/erddap]'
const deployments = (entry: string) => `deployments:\n  - ${entry.replaceAll('\n', '\n    ')}\n`

/** What a worker refuses, and what it says: the key, the value, what would be right. */
const refused: [what: string, env: Record<string, string>, said: RegExp[]][] = [
  ['nothing at all', { HARVEST_CONFIG_YAML: '' }, [/there is no harvest configuration/]],
  [
    'a cron out of range',
    {
      HARVEST_CONFIG_YAML: 'erddap_urls:\n  - url: https://erddap.example.org/erddap\n    cron: "60 * * * *"',
    },
    [/line 3: erddap_urls\.0\.cron: is no schedule: minute "60": goes from 0 to 59\..*not "60 \* \* \* \*"/],
  ],
  [
    'a cron of Jenkins',
    { HARVEST_CONFIG_YAML: 'erddap_urls:\n  - url: https://erddap.example.org/erddap\n    cron: H H * * *' },
    [/line 3: .*"H" is not understood/],
  ],
  [
    'a cron of the environment',
    { HARVESTER_CRON: '0 24 * * *' },
    [/HARVESTER_CRON.*"0 24 \* \* \*".*hour "24"/],
  ],
  ['a cron of Go', { VERNACULARS_CRON: '@every 6h' }, [/VERNACULARS_CRON.*@every 6h/]],
  [
    'a cron with a comment',
    { HARVESTER_CRON: '0 2 * * * # nightly' },
    [/HARVESTER_CRON.*7 fields instead of 5/],
  ],
  ['a time zone that is none', { HARVESTER_TZ: 'Halifax' }, [/HARVESTER_TZ \("Halifax"\): is no time zone/]],
  [
    'a dashboard that others reach, without a token',
    { BIND_ADDRESS: '0.0.0.0' },
    [/BIND_ADDRESS=0\.0\.0\.0 publishes the dashboard.*\n.*Set HARVEST_TRIGGER_TOKEN/],
  ],
  [
    'proxies that are none',
    { HARVESTER_TRUSTED_PROXIES: '10.0.0.0/8, traefik' },
    [/HARVESTER_TRUSTED_PROXIES.*must be addresses or networks/],
  ],
  [
    'a network of all addresses by a slip',
    { HARVESTER_TRUSTED_PROXIES: '10.0.0.0/' },
    [/HARVESTER_TRUSTED_PROXIES.*must be addresses or networks/],
  ],
  [
    'a header that can be none',
    { HARVEST_TRUSTED_USER_HEADER: 'X User' },
    [/HARVEST_TRUSTED_USER_HEADER.*must be the name of a header/],
  ],
  [
    'time limits that no timer can keep',
    {
      HARVEST_CONFIG_YAML: `${site}
timeouts:
  connect_seconds: 2000001
  headers_seconds: 3000000
  idle_seconds: 1e10
  dataset_seconds: 3000000
wait_for: { timeout_seconds: 3000000, interval_seconds: 3000000 }
after_success:
  - webhook: { url: 'https://a.example.org', timeout_seconds: 3000000 }
  - command: { run: [dbt], timeout_seconds: 3000000 }`,
    },
    [
      /line 3: timeouts\.connect_seconds: must be at most 2000000 \(23 days\).*, not 2000001/,
      /line 4: timeouts\.headers_seconds: .*, not 3000000/,
      /line 5: timeouts\.idle_seconds: /,
      /line 6: timeouts\.dataset_seconds: /,
      /line 7: wait_for\.timeout_seconds: /,
      /line 7: wait_for\.interval_seconds: /,
      /line 9: after_success\.0\.webhook\.timeout_seconds: /,
      /line 10: after_success\.1\.command\.timeout_seconds: /,
    ],
  ],
  [
    'options of a source that no timer can keep',
    {
      HARVEST_CONFIG_YAML:
        'erddap_urls:\n  - url: https://a.example.org\n    timeout_seconds: 3e6\n    requests_per_second: 1e-7',
    },
    [
      /line 3: erddap_urls\.0\.timeout_seconds: must be at most 2000000/,
      /line 4: erddap_urls\.0\.requests_per_second: must be at least 0\.001 \(a request in 1000 seconds\), not 1e-7/,
    ],
  ],
  [
    'an audit that is kept longer than there are dates',
    { HARVEST_CONFIG_YAML: `${site}\nretention:\n  attempts_days: 1000000000` },
    [/line 3: retention\.attempts_days: .*<=36500, not 1000000000/],
  ],
  [
    'addresses that are none',
    {
      HARVEST_CONFIG_YAML: `${site}
ckan_url: catalogue.example.org:443
worms_url: foo:bar
obis_api_url: ftp://o.example.org
obis_parquet_url: https:o.example.org
after_success: [{ webhook: { url: 'h.example.org:8080' } }]`,
    },
    [
      /line 2: ckan_url: must be a whole URL that begins with https:.*, not "catalogue\.example\.org:443"/,
      /line 3: worms_url: must be a whole URL/,
      /line 4: obis_api_url: must be a whole URL/,
      /line 5: obis_parquet_url: must be a whole URL/,
      /line 6: after_success\.0\.webhook\.url: must be a whole URL/,
    ],
  ],
  [
    'the API of a catalogue',
    { HARVEST_CONFIG_YAML: `${site}\nckan_url: https://catalogue.example.org/api/3/action` },
    [/line 2: ckan_url: must be the catalogue and not its API: write https:\/\/catalogue\.example\.org,/],
  ],
  [
    'the page of a server',
    { HARVEST_CONFIG_YAML: 'erddap_urls:\n  - https://erddap.example.org/erddap/info/index.html?page=1' },
    [/line 2: .*is a page of a server and not the server\. Write https:\/\/erddap\.example\.org\/erddap$/m],
  ],
  [
    'a dataset of a server',
    { HARVEST_CONFIG_YAML: 'erddap_urls: [https://a.example.org/data/erddap/tabledap/buoy.html]' },
    [/Write https:\/\/a\.example\.org\/data\/erddap$/m],
  ],
  [
    'one server twice',
    {
      HARVEST_CONFIG_YAML: 'erddap_urls:\n  - HTTPS://E.Example.org/erddap/\n  - http://e.example.org/erddap',
    },
    [/line 3: .*named twice.*line 2/],
  ],
  [
    'an OBIS dataset that is no UUID',
    { HARVEST_CONFIG_YAML: `${site}\nobis_dataset_ids:\n  - seabirds` },
    [/line 3: obis_dataset_ids\.0: must be the UUID of an OBIS dataset.*not "seabirds"/],
  ],
  [
    'an OBIS dataset of the environment that is no UUID',
    { OBIS_DATASETS_JSON: '{"datasets":["seabirds"]}' },
    [/OBIS_DATASETS_JSON: "seabirds" must be the UUID/],
  ],
  [
    'a polygon that is not there',
    { HARVEST_CONFIG_YAML: `${site}\nobis_geo_filter:\n  polygon_file: nowhere.geojson` },
    [/the polygon file .*nowhere\.geojson cannot be read/],
  ],
  [
    'a list of OBIS datasets that is not there',
    { HARVEST_CONFIG_YAML: `${site}\nobis_datasets_file: nowhere.json` },
    [/nowhere\.json cannot be read/],
  ],
  ['a level of logging that is none', { LOG_LEVEL: 'loud' }, [/LOG_LEVEL is "loud"/]],
  [
    'a level of logging of the file',
    { HARVEST_CONFIG_YAML: `${site}\nlog_level: loud` },
    [/log_level is "loud"/],
  ],
  [
    'deployments that are not there',
    { HARVEST_DEPLOYMENTS_FILE: 'nowhere.yaml' },
    [/nowhere\.yaml cannot be read/],
  ],
  [
    'a deployment of a flow that is none',
    { HARVEST_DEPLOYMENTS_FILE: 'flow.yaml' },
    [/the deployment a is of a flow "Nothing"/],
  ],
  [
    'a schedule in the file of deployments',
    { HARVEST_DEPLOYMENTS_FILE: 'cron.yaml' },
    [/the cron of b is "0 0 31 2 \*", which is no schedule: it never comes/],
  ],
  ['half a database', { DATABASE_URL: '', DB_HOST: 'db' }, [/DB_HOST is set, but not DB_NAME, DB_USER/]],
  [
    'no database beside a Prefect server',
    { DATABASE_URL: '', PREFECT_API_URL: 'http://127.0.0.1:9/api' },
    [/PREFECT_API_URL is set/],
  ],
  [
    'a Prefect server that has no address',
    { PREFECT_API_URL: 'ftp://prefect' },
    [/PREFECT_API_URL has the scheme/],
  ],
  [
    'a CA file that is not there',
    { DATABASE_URL: 'postgresql://a@b/c?sslrootcert=/nowhere.pem&sslmode=require' },
    [/CA file \/nowhere\.pem/],
  ],
  [
    'a receiver without mail server',
    { ALERT_EMAIL_TO: 'ops@example.org' },
    [/ALERT_EMAIL_TO is set, but SMTP_URL is not/],
  ],
  [
    'Base64 that is none',
    { HARVEST_CONFIG_YAML: '', HARVEST_CONFIG_B64: 'erddap_urls: [' },
    [/HARVEST_CONFIG_B64 is no text in Base64/],
  ],
  [
    'a text in Base64 without its end',
    {
      HARVEST_CONFIG_YAML: '',
      HARVEST_CONFIG_B64: Buffer.from(`${site}\n# all`).toString('base64').slice(0, 69),
    },
    [/HARVEST_CONFIG_B64 is no text in Base64/],
  ],
  [
    'Base64 with a fault',
    { HARVEST_CONFIG_YAML: '', HARVEST_CONFIG_B64: Buffer.from('erddap_url: x').toString('base64') },
    [/HARVEST_CONFIG_B64 is not usable:\n {2}line 1: erddap_url: unknown key/],
  ],
  [
    'a list that holds itself',
    { HARVEST_CONFIG_YAML: 'erddap_urls: &x\n  - *x' },
    [/line 2: \*x refers to a value that holds it itself/],
  ],
]

const environment = (env: Record<string, string>) => ({
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none?sslmode=disable',
  HARVEST_CONFIG_YAML: site,
  ...env,
  ...(env.HARVEST_DEPLOYMENTS_FILE && {
    HARVEST_DEPLOYMENTS_FILE: join(folder, env.HARVEST_DEPLOYMENTS_FILE),
  }),
})
file('flow.yaml', deployments('name: a\nentrypoint: erddap-harvester:Nothing\nwork_pool: { name: p }'))
file(
  'cron.yaml',
  deployments(
    'name: b\nentrypoint: erddap-harvester:Harvest All Sources\nwork_pool: { name: p }\nschedules: [{ cron: "0 0 31 2 *" }]',
  ),
)

describe('what would keep a worker from starting', () => {
  it.each(refused)('%s, is a fault with key, value and remedy', async (_, env, said) => {
    const { plan, faults } = await judge({ work: true, env: environment(env) })
    expect(plan).toBeNull()
    const text = faults.map(({ message, remedy }) => `${message}\n${remedy ?? ''}`).join('\n')
    for (const pattern of said) expect(text).toMatch(pattern)
    for (const fault of faults) {
      expect(fault.exitCode).toBe(2)
      expect(fault.remedy, fault.message).toBeTruthy()
    }
    await expect(planned({ work: true, env: environment(env) })).rejects.toMatchObject({ exitCode: 2 })
  })

  it.each(refused)('%s, is told by doctor', async (_, env) => {
    const levels: string[] = []
    const dirs = Object.fromEntries(
      ['DATA', 'CACHE', 'LOG'].map((name) => [`HARVESTER_${name}_DIR`, join(folder, name)]),
    )
    for await (const { level, what } of examine(
      undefined,
      { ...environment(env), ...dirs },
      AbortSignal.abort(),
    ))
      if (['environment', 'configuration', 'database', 'Prefect'].includes(what)) levels.push(level)
    expect(levels).toContain('fail')
  })

  it.each(
    refused.filter(([what]) => /nothing at all|cron of Jenkins|Base64 that|deployment of a flow/.test(what)),
  )(
    '%s: `config check`, `worker`, `start` and `deploy` say the same and end with 2',
    async (_, env, said) => {
      const run = (...args: string[]) =>
        harvester(args, folder, {
          ...environment(env),
          NODE_ENV: 'production',
          ...(args[0] === 'deploy' && { PREFECT_API_URL: 'http://127.0.0.1:9/api' }),
        })
      const ends = await Promise.all([
        run('config', 'check'),
        run('worker'),
        run('start'),
        run('deploy', '--all'),
      ])
      for (const ended of ends) {
        expect(ended, ended.stderr).toMatchObject({ code: 2 })
        for (const pattern of said) expect(`${ended.stdout}${ended.stderr}`).toMatch(pattern)
      }
    },
    120_000,
  )

  it('does not keep one from starting that serves nothing', async () => {
    const env = environment({ BIND_ADDRESS: '0.0.0.0' })
    expect((await judge({ work: true, serves: false, env })).faults).toEqual([])
  })

  it('is all named at once', async () => {
    const env = environment({ HARVESTER_CRON: 'x', DATABASE_URL: 'nonsense', PREFECT_API_URL: 'nonsense' })
    const { faults } = await judge({ work: true, env })
    expect(faults).toHaveLength(3)
  })
})

describe('a configuration that is usable', () => {
  it('comes in Base64 too, with lines that a panel has broken', async () => {
    const packed = Buffer.from('# Café\nerddap_urls:\n  - HTTP://Erddap.Example.org:80/erddap/\n').toString(
      'base64',
    )
    const env = environment({
      HARVEST_CONFIG_YAML: '',
      HARVEST_CONFIG_B64: packed.replaceAll(/.{20}/g, '$&\n'),
    })
    const { plan, faults } = await judge({ work: true, env })
    expect(faults).toEqual([])
    expect(plan?.config).toMatchObject({
      origin: 'HARVEST_CONFIG_B64',
      sources: [{ url: 'http://erddap.example.org/erddap' }],
    })
  })

  it('is read from the names of the Python harvester where they mean the same', async () => {
    const env = environment({
      HARVEST_WORKER_LIMIT: '7',
      CORS_ORIGINS: 'https://a.example.org',
      ENVIRONMENT: 'qa',
    })
    const { plan, warnings } = await judge({ work: true, env })
    expect(plan?.environment).toMatchObject({
      WORKER_LIMIT: 7,
      HARVESTER_CORS_ORIGINS: 'https://a.example.org',
      SENTRY_ENVIRONMENT: 'qa',
    })
    expect(warnings).toEqual([])
    const both = await judge({ work: true, env: { ...env, WORKER_LIMIT: '2' } })
    expect(both.plan?.environment.WORKER_LIMIT).toBe(2)
  })

  it('is told of names that mean nothing here, and of misspelt ones', async () => {
    const { warnings } = await judge({
      work: true,
      env: environment({
        REDIS_HOST: 'redis',
        INCREMENTAL_MODE: 'true',
        HARVEST_FLOW_NAME: 'x',
        PREFECT_PORT: '4200',
        NGINX_PORT: '80',
        HARVERSTER_CRON: '0 5 * * *',
        HARVESTER_CORN: '0 5 * * *',
        harvester_tz: 'UTC',
        // Of others, and set in vain by nobody.
        PATH: '/bin',
        MY_DB_HOST: 'x',
        HTTP_PROXYS: '',
        HARVESTER_MEM_LIMIT: '2g',
      }),
    })
    expect(warnings).toEqual([
      expect.stringMatching(/^REDIS_HOST has no effect: set REDIS_URL/),
      expect.stringMatching(/^INCREMENTAL_MODE has no effect: .*`incremental`/),
      expect.stringMatching(/^HARVEST_FLOW_NAME has no effect/),
      expect.stringMatching(/^PREFECT_PORT has no effect: set PREFECT_PUBLISHED_PORT/),
      expect.stringMatching(/^NGINX_PORT has no effect/),
      'HARVERSTER_CRON is not read: did you mean HARVESTER_CRON?',
      'HARVESTER_CORN is not read: did you mean HARVESTER_CRON?',
      'harvester_tz is not read: did you mean HARVESTER_TZ?',
    ])
  })
})

describe('what `config check` shows', () => {
  const shown = async (env: Record<string, string>) => {
    const { stdout } = await harvester(['config', 'check'], folder, environment(env))
    return stdout
  }

  it('is what is used: default pools end in the namespace', async () => {
    const text = await shown({ HARVESTER_NAMESPACE: 'atlantic', MAINTENANCE_POOL: 'upkeep' })
    expect(text).toMatch(/HARVEST_POOL +│ harvest-atlantic +│ default/)
    expect(text).toMatch(/MAINTENANCE_POOL +│ upkeep +│ environment/)
  })

  it('holds no secret, also of the harvest configuration', async () => {
    const text = await shown({
      HARVEST_CONFIG_YAML: `${site}
worms_url: https://api:Zq7xw1@w.example.org
ckan_url: https://reader:Zq7xw2@c.example.org
after_success:
  - webhook: { url: 'https://h.example.org/?token=Zq7xw3', token_env: PORTAL_TOKEN }`,
    })
    expect(text).toMatch(/worms_url .*w\.example\.org/)
    expect(text).toContain('PORTAL_TOKEN')
    expect(text).not.toMatch(/Zq7xw/)
  })
})
