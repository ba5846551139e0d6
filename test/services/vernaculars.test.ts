import { afterAll } from 'vitest'
import { describeVernaculars } from '../flows/vernaculars.suite.ts'
import { type SharedPostgres, sharedPostgres } from '../support/shared.ts'

let server: SharedPostgres | undefined
afterAll(() => server?.stop())

describeVernaculars('PostgreSQL', async () => {
  server = sharedPostgres()
  await server.createDatabase('vernaculars')
  return server.open('vernaculars')
})
