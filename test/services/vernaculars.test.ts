import { afterAll } from 'vitest'
import { describeVernaculars } from '../flows/vernaculars.suite.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'

let server: TestServer | undefined
afterAll(() => server?.stop())

describeVernaculars('PostgreSQL', async () => {
  server = await startPostgres()
  await server.createDatabase('vernaculars')
  return server.open('vernaculars')
})
