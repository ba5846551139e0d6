import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ComposeModel, composeComplaint, resolveCompose } from '../support/compose.ts'
import { root } from '../support/program.ts'

const base = 'docker-compose.yml'
const worker = 'docker-compose.worker.yaml'
const coolify = 'docker-compose.coolify.yml'
const password = {
  DB_PASSWORD: 'a b@c/d%$$e',
  PREFECT_API_AUTH_STRING: 'admin:a long random text',
  HARVEST_TRIGGER_TOKEN: 'another long random text',
}
const remote = { ...password, PREFECT_API_URL: 'http://10.0.0.5:4200/api', DB_HOST: '10.0.0.5' }

describe('Docker Compose', () => {
  it.each([
    [[base], password],
    [[worker], remote],
    [[coolify], password],
    [[base, coolify], password],
    [[base, worker], remote],
  ])('resolves %j', (files, variables) => {
    expect(composeComplaint(files, variables)).toBe('')
  })

  it.each([
    [base, { DB_PASSWORD: 'x' }, 'Set PREFECT_API_AUTH_STRING in .env'],
    [worker, { ...remote, PREFECT_API_AUTH_STRING: '' }, 'Set PREFECT_API_AUTH_STRING to the login'],
    [coolify, { ...password, PREFECT_API_AUTH_STRING: '' }, 'PREFECT_API_AUTH_STRING'],
    [coolify, { ...password, HARVEST_TRIGGER_TOKEN: '' }, 'HARVEST_TRIGGER_TOKEN'],
    [
      base,
      { PREFECT_API_AUTH_STRING: 'a:b' },
      'Set DB_PASSWORD in .env to a long random text, the password of the database',
    ],
    [worker, { ...remote, PREFECT_API_URL: '' }, 'Set PREFECT_API_URL to the API of the Prefect server'],
    [worker, { ...remote, DB_HOST: '' }, 'Set DB_HOST to the host of the PostgreSQL database'],
    [worker, { ...remote, DB_PASSWORD: '' }, 'Set DB_PASSWORD to the password of the database'],
    [coolify, { ...password, DB_PASSWORD: '' }, 'required variable DB_PASSWORD is missing'],
  ])('says what is missing for %s: %#', (file, variables, sentence) => {
    expect(composeComplaint([file], variables as Record<string, string>)).toContain(sentence)
  })

  it('makes the same of the Coolify file as of the base, but for ports and addresses', () => {
    const address = 'https://prefect.example.org'
    const ours = resolveCompose([base], { ...password, PREFECT_UI_URL: address })
    const theirs = resolveCompose([coolify], { ...password, SERVICE_URL_PREFECT: address })
    expect(comparable(theirs)).toEqual(comparable(ours))
    for (const service of Object.values(theirs.services)) expect(service.ports).toBeUndefined()
    const trusted = (model: ComposeModel) => model.services.dashboard?.environment?.HARVESTER_TRUSTED_PROXIES
    expect([trusted(ours), trusted(theirs)]).toEqual(['', '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16'])
  })

  it('merges both without adding anything', () => {
    const address = { PREFECT_UI_URL: 'https://p.example.org', SERVICE_URL_PREFECT: 'https://p.example.org' }
    const both = resolveCompose([base, coolify], { ...password, ...address })
    expect(comparable(both)).toEqual(comparable(resolveCompose([base], { ...password, ...address })))
  })

  const model = resolveCompose([base], password)

  it('limits every service, rotates every log, and keeps passwords of any characters whole', () => {
    for (const [name, service] of Object.entries(model.services)) {
      expect(service.deploy?.resources?.limits?.memory, name).toBeTruthy()
      expect(service.logging?.options['max-size'], name).toBe('10m')
    }
    expect(model.services.worker?.environment?.DB_PASSWORD).toBe(password.DB_PASSWORD.replaceAll('$', '$$$$'))
  })

  it('starts migrations and workers only when what they need is healthy, and lets workers end their runs', () => {
    expect(model.services.migrate?.depends_on?.db?.condition).toBe('service_healthy')
    expect(model.services.prefect?.depends_on?.prepare?.condition).toBe('service_completed_successfully')
    expect(model.services.worker?.depends_on?.migrate?.condition).toBe('service_completed_successfully')
    expect(model.services.worker?.depends_on?.prefect?.condition).toBe('service_healthy')
    expect(model.services.worker?.stop_grace_period).toBe('1m0s')
  })

  it('gives every service that stays a health check, and restarts it', () => {
    for (const [name, service] of Object.entries(model.services)) {
      const once = ['prepare', 'migrate'].includes(name)
      expect(service.restart, name).toBe(once ? 'no' : 'unless-stopped')
      if (!once) expect(service.healthcheck?.test?.length, name).toBeGreaterThan(1)
    }
  })

  it('publishes to all addresses when told so', () => {
    const open = resolveCompose([base], { ...password, BIND_ADDRESS: '0.0.0.0' })
    expect(open.services.prefect?.ports?.[0]).toMatchObject({
      host_ip: '0.0.0.0',
      published: '14200',
      target: 4200,
    })
    expect(model.services.prefect?.ports?.[0]).toMatchObject({ host_ip: '127.0.0.1' })
  })

  it('links to Prefect at the port that it publishes', () => {
    const moved = resolveCompose([base], { ...password, PREFECT_PUBLISHED_PORT: '24200' })
    expect(moved.services.prefect?.ports?.[0]).toMatchObject({ published: '24200' })
    for (const name of ['worker', 'dashboard'])
      expect(moved.services[name]?.environment?.PREFECT_UI_URL).toBe('http://localhost:24200')
  })

  it('gives links and addresses in Coolify as Coolify gives them to the services', () => {
    const addresses = {
      SERVICE_URL_PREFECT: 'https://prefect.example.org',
      SERVICE_URL_PREFECT_4200: 'https://prefect.example.org:4200',
      SERVICE_URL_DASHBOARD: 'https://harvest.example.org',
      SERVICE_URL_DASHBOARD_8098: 'https://harvest.example.org:8098',
      SERVICE_FQDN_PREFECT: 'prefect.example.org',
      SERVICE_FQDN_DASHBOARD: 'harvest.example.org',
    }
    const { worker, dashboard, prefect } = resolveCompose([coolify], { ...password, ...addresses }).services
    for (const service of [worker, dashboard])
      expect(service?.environment).toMatchObject({
        PREFECT_UI_URL: addresses.SERVICE_URL_PREFECT,
        HARVESTER_PUBLIC_URL: addresses.SERVICE_URL_DASHBOARD,
        PREFECT_API_URL: 'http://prefect:4200/api',
      })
    expect(dashboard?.environment).toHaveProperty('SERVICE_URL_DASHBOARD_8098')
    expect(prefect?.environment).toHaveProperty('SERVICE_URL_PREFECT_4200')
  })

  it('keeps an existing database container in use by the override of the moving guide', () => {
    const guide = readFileSync(join(root, 'docs/moving-from-python.md'), 'utf8')
    const [, override = ''] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? []
    const folder = mkdtempSync(join(tmpdir(), 'compose-override-'))
    try {
      const file = join(folder, 'docker-compose.override.yml')
      writeFileSync(file, override)
      const { services } = resolveCompose([base, relative(root, file)], password)
      for (const name of ['migrate', 'worker', 'dashboard']) {
        expect(services[name]?.environment).toMatchObject({ DB_HOST: 'db-of-the-portal', DB_NAME: 'cde' })
        expect(Object.keys((services[name] as { networks?: object }).networks ?? {})).toEqual([
          'default',
          'portal',
        ])
      }
      expect(services.prefect?.environment).toMatchObject({ PREFECT_SERVER_DATABASE_HOST: 'db' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('makes a remote worker that registers nothing', () => {
    const { worker: service } = resolveCompose([worker], remote).services
    expect(service?.environment).toMatchObject({
      REGISTER_DEPLOYMENTS: 'false',
      RUN_ON_DEPLOY: 'false',
      PREFECT_API_URL: remote.PREFECT_API_URL,
      DB_HOST: '10.0.0.5',
    })
  })
})

/** Without what differs by intent. */
function comparable(model: ComposeModel) {
  return {
    volumes: Object.keys(model.volumes).sort(),
    services: Object.fromEntries(
      Object.entries(model.services).map(([name, { ports: _, environment, volumes, ...service }]) => [
        name,
        {
          ...service,
          volumes: volumes?.map(({ source, target }) => `${source}:${target}`),
          networks: undefined,
          environment: Object.fromEntries(
            Object.entries(environment ?? {}).filter(
              // Coolify's proxy stands before the dashboard.
              ([key]) => !key.startsWith('SERVICE_') && key !== 'HARVESTER_TRUSTED_PROXIES',
            ),
          ),
        },
      ]),
    ),
  }
}
