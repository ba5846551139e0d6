import { expect, it } from 'vitest'
import { loadDeclaration } from '../../src/config/deployments-file.ts'
import { readEnvironment } from '../../src/config/environment.ts'

it('names of deployments and of default pools end in a namespace of their own', () => {
  const environment = readEnvironment({ HARVESTER_NAMESPACE: 'site-b', MAINTENANCE_POOL: 'shared' })
  expect([environment.HARVEST_POOL, environment.MAINTENANCE_POOL]).toEqual(['harvest-site-b', 'shared'])
  const { deployments } = loadDeclaration(environment, [])
  expect(deployments.map(({ name }) => name)).toContain('harvest-all-site-b')
  expect(deployments.filter(({ name }) => !name.endsWith('-site-b'))).toEqual([])
})

it('and stay as they are in the default one', () => {
  const environment = readEnvironment({})
  expect([environment.HARVEST_POOL, environment.MAINTENANCE_POOL]).toEqual(['harvest', 'maintenance'])
  expect(loadDeclaration(environment, []).deployments.map(({ name }) => name)).toContain('harvest-all')
})
