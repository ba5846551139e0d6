import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  createPrefectBackend,
  namespaceTag,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
} from '../../src/runs/index.ts'
import { type FakePrefect, startFakePrefect } from '../support/prefect-fake.ts'
import { harvestPool, slow, spec } from '../support/prefect-flows.ts'

let server: FakePrefect
beforeAll(async () => {
  server = await startFakePrefect()
})
afterAll(() => server.close())

const backendOf = (namespace: string) =>
  createPrefectBackend({
    settings: prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings,
    namespaceTag: namespaceTag(namespace),
  })
const register = (namespace: string, names: string[], takeOver = false) =>
  registerDeployments(backendOf(namespace), {
    namespace,
    takeOver,
    pools: [{ name: harvestPool, concurrencyLimit: null }],
    deployments: names.map((name) => spec(name, slow)),
  })

it('a deployment of another site is not written, nor any other with it, unless it is taken over', async () => {
  expect((await register('site-a', ['harvest-all'])).created).toEqual(['harvest-all'])
  const asked = server.requests.length
  await expect(register('site-b', ['first', 'harvest-all'])).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'The deployment harvest-all belongs to the namespace site-a; this is site-b',
    remedy: expect.stringContaining('--take-over'),
  })
  expect(
    server.requests.slice(asked).filter(({ method, path }) => method !== 'GET' && path !== '/flows/'),
  ).toEqual([])
  expect((await register('site-b', ['harvest-all'], true)).updated).toEqual(['harvest-all'])
})

it('a name means the deployment of this site, with or without its ending, and never that of another', async () => {
  await register('site-c', ['daily-site-c'])
  await register('site-d', ['other'])
  const backend = backendOf('site-c')
  expect((await backend.findDeployment('daily')).name).toBe('daily-site-c')
  expect((await backend.findDeployment('Test Slow/daily')).name).toBe('daily-site-c')
  expect((await backend.findDeployment('daily-site-c')).name).toBe('daily-site-c')
  await expect(backend.findDeployment('other')).rejects.toMatchObject({ code: 'USAGE' })
})
