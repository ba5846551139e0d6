import { describe, expect, it } from 'vitest'
import { namedSteps, stepWarnings } from '../../src/config/after-success.ts'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import { checkRefuses } from '../support/check-refuses.ts'

const refusedToo = checkRefuses()

function settings(after: unknown, more: Record<string, unknown> = {}) {
  const harvest = JSON.stringify({
    erddap_urls: ['https://erddap.example.org/erddap'],
    after_success: after,
    ...more,
  })
  try {
    return readHarvestConfig({ env: { HARVEST_CONFIG_YAML: harvest }, folder: '/nowhere' }).settings
  } catch (error) {
    refusedToo({ harvest }, (error as Error).message)
    throw error
  }
}
const names = (after: unknown, more?: Record<string, unknown>) =>
  namedSteps(settings(after, more)).map(({ name }) => name)

describe('the names of the steps after a harvest', () => {
  it('say what a step does where it has none of its own', () => {
    expect(
      names([
        { refresh_views: ['cde.a'] },
        { webhook: { url: 'https://portal.example.org/hook' } },
        { deployment: { name: 'dbt/nightly' } },
        { command: { run: ['/usr/local/bin/dbt', 'build'] } },
        { name: 'tell the portal', webhook: { url: 'https://portal.example.org/hook' } },
        { flush_redis: true },
      ]),
    ).toEqual([
      'refresh-views',
      'webhook',
      'deployment dbt/nightly',
      'command dbt',
      'tell the portal',
      'flush-redis',
    ])
  })

  it('are unique: a number tells apart what does the same', () => {
    const hook = { webhook: { url: 'https://portal.example.org/hook' } }
    expect(names([hook, hook, { ...hook, name: 'webhook 2' }, hook])).toEqual([
      'webhook',
      'webhook 3',
      'webhook 2',
      'webhook 4',
    ])
  })

  it('cannot be given twice', () => {
    const step = { name: 'twice', flush_redis: true }
    expect(() => settings([step, step])).toThrow(/after_success\.1\.name: "twice" names another step already/)
  })

  it('hold no character that Prefect refuses', () => {
    expect(() => settings([{ name: 'a/b', flush_redis: true }])).toThrow(/without \/ % & > </)
  })

  it('have flush-redis at the end for `flush_redis: true`, unless there is such a step', () => {
    const views = { refresh_views: ['cde.a'] }
    expect(names([views], { flush_redis: true })).toEqual(['refresh-views', 'flush-redis'])
    expect(names([{ flush_redis: true }, views], { flush_redis: true })).toEqual([
      'flush-redis',
      'refresh-views',
    ])
  })
})

it('warns beforehand of every variable that a step needs and nobody set', () => {
  const wanted = settings(
    [{ webhook: { url_env: 'PORTAL_HOOK_URL', token_env: 'PORTAL_TOKEN' } }, { command: { run: ['dbt'] } }],
    { flush_redis: true },
  )
  expect(stepWarnings(wanted, { PORTAL_TOKEN: 'x' })).toEqual([
    'after_success: the step webhook will fail: PORTAL_HOOK_URL is not set',
    'after_success: the step flush-redis will fail: REDIS_URL is not set',
  ])
  expect(
    stepWarnings(wanted, { PORTAL_HOOK_URL: 'https://x', PORTAL_TOKEN: 'x', REDIS_URL: 'redis://x' }),
  ).toEqual([])
})
