/** One PostgreSQL for all files of a run of the service tests, in which each makes databases of its own. */
import type { TestProject } from 'vitest/node'
import { startPostgres, throwaway } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { port: number; socketFolder: string }
  }
}

/** An empty database with the extensions, to be copied: `CREATE EXTENSION postgis` takes half a second each time. */
export const withExtensions = 'template_extensions'

/** Of vitest.services.config.ts: runs before all files; what it gives back runs after them. */
export default async function startShared(project: TestProject): Promise<() => Promise<void>> {
  // Each Prefect server holds up to 15 connections.
  const server = await startPostgres([...throwaway, 'max_connections=300'])
  try {
    await server.createDatabase(withExtensions)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('postgres', { port: server.port, socketFolder: server.socketFolder })
  return () => server.stop()
}
