import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/config/environment.ts'
import { checkRefuses } from '../support/check-refuses.ts'

const refusedToo = checkRefuses()

const messageOf = (env: Record<string, string>): string => {
  try {
    readEnvironment(env)
  } catch (error) {
    const { message } = error as Error
    refusedToo({ env }, message)
    return message
  }
  return 'no error'
}

describe('the environment', () => {
  it('has its defaults where nothing is set', () => {
    expect(readEnvironment({})).toMatchObject({
      HARVESTER_HTTP_PORT: 8098,
      REGISTER_DEPLOYMENTS: true,
      RUN_ON_DEPLOY: false,
      WORKER_LIMIT: 4,
      HARVESTER_DATA_DIR: '.data',
    })
  })

  it('takes blank, and a pair of quotes around nothing, as unset', () => {
    expect(
      readEnvironment({ HARVESTER_CRON: '""', REGISTER_DEPLOYMENTS: ' ', WORKER_LIMIT: '' }),
    ).toMatchObject({ REGISTER_DEPLOYMENTS: true, WORKER_LIMIT: 4 })
    expect(readEnvironment({ HARVESTER_CRON: "''" }).HARVESTER_CRON).toBeUndefined()
  })

  it.each([
    ['true', true],
    ['1', true],
    ['YES', true],
    ['false', false],
    ['0', false],
    ['no', false],
  ])('reads %s as a truth value', (text, value) => {
    expect(readEnvironment({ RUN_ON_DEPLOY: text }).RUN_ON_DEPLOY).toBe(value)
  })

  it('names every bad variable at once with its value and what it may be', () => {
    const message = messageOf({ RUN_ON_DEPLOY: 'maybe', WORKER_LIMIT: 'many', PREFECT_API_URL: 'localhost' })
    expect(message).toContain('RUN_ON_DEPLOY ("maybe"): must be true or false')
    expect(message).toContain('WORKER_LIMIT ("many"): must be a whole number from 1 to 100')
    expect(message).toMatch(
      /PREFECT_API_URL \("localhost"\): must be a whole URL.*http:\/\/localhost:4200\/api/,
    )
  })

  it.each([
    ['REDIS_URL', 'redis:6379', /redis:\/\/host:port\/path, for example redis:/],
    ['REDIS_URL', 'http://redis:6379', /redis:\/\/host/],
    ['SENTRY_DSN', 'foo:bar', /http:\/\/host.*, for example https:\/\/public@/],
    ['SMTP_URL', 'https://mail.example.org', /smtp:\/\/host/],
    ['PREFECT_API_URL', 'prefect:4200', /http:\/\/host/],
    ['HARVESTER_PUBLIC_URL', 'data.example.org:443', /http:\/\/host/],
    ['ALERT_WEBHOOK_URL', 'https:', /http:\/\/host/],
  ])('refuses for %s an address of another scheme, or of none: %s', (name, value, remedy) => {
    const message = messageOf({ [name]: value })
    expect(message).toContain(`${name}`)
    expect(message).toMatch(/must be a whole URL/)
    expect(message).toMatch(remedy)
  })

  it('takes addresses of the schemes that make sense', () => {
    const env = {
      REDIS_URL: 'rediss://:word@redis:6379/0',
      SMTP_URL: 'smtps://me:word@mail.example.org',
      SENTRY_DSN: 'HTTPS://public@sentry.example.org/1',
    }
    expect(readEnvironment(env)).toMatchObject(env)
  })

  it('reads the origins of portals as browsers send them, and refuses what none sends', () => {
    const read = (origins: string) =>
      readEnvironment({ HARVESTER_CORS_ORIGINS: origins }).HARVESTER_CORS_ORIGINS
    expect(read('https://Explore.example.org/, http://localhost:8080')).toBe(
      'https://explore.example.org,http://localhost:8080',
    )
    expect(read('*')).toBe('*')
    for (const wrong of [
      'explore.example.org',
      'https://a.example.org/map',
      'ftp://a.example.org',
      'localhost:8080',
    ])
      expect(messageOf({ HARVESTER_CORS_ORIGINS: wrong })).toContain(`"${wrong}" is no origin`)
    expect(messageOf({ CORS_ORIGINS: 'explore.example.org' })).toContain('is no origin')
  })

  it('takes any path of a proxy but those that begin as addresses of the dashboard do', () => {
    for (const path of ['/', '/harvester', 'harvester/', '/portal/harvest', '/harvests', '/Data/api'])
      expect(readEnvironment({ HARVESTER_BASE_PATH: path }).HARVESTER_BASE_PATH).toBe(path)
    for (const path of ['/harvest', 'harvest/', '//api/', '/assets/x', ' /badge '])
      expect(messageOf({ HARVESTER_BASE_PATH: path })).toMatch(
        /HARVESTER_BASE_PATH \(".*"\): begins with \/\w+, as addresses of the dashboard itself do .*: choose another path, for example \/harvester/,
      )
  })

  it.each([
    'proxy.example.org',
    'http://svc:geheim#1@proxy:3128',
    'http://svc:1#geheim@proxy:3128',
    'http://svc:1/geheim@proxy:3128',
    'http://svc:geheim%zz@proxy:3128',
    'ftp://geheim:3128',
    'geheim geheim',
  ])('refuses %s as a proxy, and does not show it', (value) => {
    for (const name of ['HTTP_PROXY', 'https_proxy']) {
      const message = messageOf({ [name]: value })
      expect(message).toContain(
        `${name}: is no address of a proxy. Write it as http://proxy.example.org:3128`,
      )
      expect(message).not.toContain('geheim')
    }
  })
})
