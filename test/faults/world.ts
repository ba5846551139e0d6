/** What all cells share: the servers, the wires to them, and what an undisturbed site makes of the same sources. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { startPostgres, type TestServer, throwaway } from '../support/postgres.ts'
import { freePort, type PrefectServer, startPrefect, waitUntil } from '../support/prefect.ts'
import { contentOf } from '../support/snapshot.ts'
import type { Content } from './content.ts'
import {
  inTypeScript,
  nodeProgram,
  type Program,
  postgresProgram,
  prefectProgram,
  type SpawnedProgram,
} from './programs.ts'
import { type FaultProxy, startFaultProxy } from './proxy.ts'
import { openSite } from './site.ts'

export const wireNames = ['postgresql', 'erddap', 'ckan', 'prefect'] as const
export type WireName = (typeof wireNames)[number]

/** What an undisturbed harvest of `after` over an index of `before` took, and made. */
export interface Calm {
  requests: number
  seconds: number
  loadSeconds: number
}

export interface World {
  folder: string
  postgres: TestServer
  erddapUrl: string
  ckanUrl: string
  wires: Record<Exclude<WireName, 'prefect'>, FaultProxy> & { prefect: FaultProxy | null }
  programs: { postgresql: Program; erddap: SpawnedProgram; ckan: SpawnedProgram; prefect: Program | null }
  /** Requests that ERDDAP has got since the start. */
  requests(): number
  /** A name of a database that is a copy of one that has loaded `before`. */
  copyDatabase(): Promise<string>
  calm: Calm
  /** By table, without what differs from one load to the next. */
  expected: Record<Content, Record<string, unknown[]>>
  /** Starts the server when it is first asked for. */
  prefect(): Promise<PrefectServer>
  /** Passes everything on again, and brings up what is down. */
  heal(): Promise<void>
  close(): Promise<void>
}

const listed = 'loaded'

export async function createWorld(say: (text: string) => void): Promise<World> {
  const root = resolve(import.meta.dirname, '../..')
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
  const folder = mkdtempSync(join(tmpdir(), 'harvester-faults-'))
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const step of closing.reverse().splice(0)) await step()
  }
  try {
    const postgres = await startPostgres([...throwaway, 'max_connections=200'])
    closing.push(() => postgres.stop())
    // A wire is spoilt differently each time; what a cell draws is drawn elsewhere.
    const random = Math.random
    const wires: World['wires'] = {
      postgresql: await startFaultProxy({ target: postgres.port, random, slowMs: 100, dripMs: 5 }),
      erddap: await startFaultProxy({ target: await freePort(), random }),
      ckan: await startFaultProxy({ target: await freePort(), random }),
      prefect: null,
    }
    closing.push(async () => {
      for (const wire of Object.values(wires)) await wire?.close()
    })
    const erddapUrl = `http://127.0.0.1:${wires.erddap.port}/erddap`
    let requests = 0
    const source = async (what: 'erddap' | 'catalogue', content: Content) => {
      const wire = what === 'erddap' ? wires.erddap : wires.ckan
      const port = await freePort()
      wire.retarget(port)
      const program = nodeProgram({
        args: [
          ...inTypeScript(join(import.meta.dirname, 'source-process.ts')),
          what,
          content,
          String(port),
          erddapUrl,
        ],
        folder,
        env: { PATH: process.env.PATH },
        messages: true,
        onMessage: (message) => {
          if (message === 'request') requests += 1
        },
        ready: async () =>
          (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5000) })).status > 0,
      })
      await program.start()
      closing.push(() => program.kill())
      return program
    }
    let prefectServer: PrefectServer | null = null
    let copies = 0
    const world: World = {
      folder,
      postgres,
      erddapUrl,
      ckanUrl: `http://127.0.0.1:${wires.ckan.port}`,
      wires,
      programs: {
        postgresql: postgresProgram(postgres),
        erddap: await source('erddap', 'before'),
        ckan: await source('catalogue', 'before'),
        prefect: null,
      },
      requests: () => requests,
      async copyDatabase() {
        const name = `cell_${++copies}`
        await postgres.execute('postgres', `CREATE DATABASE ${name} TEMPLATE ${listed}`)
        return name
      },
      calm: { requests: 0, seconds: 0, loadSeconds: 0 },
      expected: { before: {}, after: {} },
      async prefect() {
        if (prefectServer === null) {
          say('starting a Prefect server')
          const server = await startPrefect()
          closing.push(() => server.stop())
          wires.prefect = await startFaultProxy({ target: server.port, random })
          world.programs.prefect = prefectProgram(server)
          prefectServer = server
        }
        return prefectServer
      },
      async heal() {
        for (const wire of Object.values(wires)) await wire?.set(null)
        for (const program of Object.values(world.programs)) await program?.start()
        await waitUntil(
          'PostgreSQL',
          async () => (await postgres.execute('postgres', 'SELECT 1')).rowCount === 1,
        )
      },
      close,
    }
    say('harvesting the sources as they are before')
    await postgres.createDatabase(listed)
    const database = await postgres.open(listed)
    await migrate(database)
    await database.close()
    world.expected.before = await undisturbed(world, listed)
    for (const name of ['erddap', 'ckan'] as const) await world.programs[name].kill()
    world.programs.erddap = await source('erddap', 'after')
    world.programs.ckan = await source('catalogue', 'after')
    say('harvesting them as they are after, undisturbed')
    const calm = await world.copyDatabase()
    const from = requests
    world.expected.after = await undisturbed(world, calm, (measured) => {
      world.calm = { ...measured, requests: requests - from }
    })
    say(
      `undisturbed: ${world.calm.requests} requests, ${world.calm.seconds.toFixed(1)} s, ${world.calm.loadSeconds.toFixed(1)} s of them after the last file`,
    )
    return world
  } catch (error) {
    await close()
    throw error
  }
}

async function undisturbed(
  world: World,
  databaseName: string,
  measure?: (calm: Omit<Calm, 'requests'>) => void,
): Promise<Record<string, unknown[]>> {
  const site = await openSite(world, {
    engine: 'standalone',
    databaseName,
    name: `undisturbed-${databaseName}`,
  })
  try {
    await site.program.start()
    const began = Date.now()
    const run = await site.trigger()
    await waitUntil('the folder', () => site.folders().complete.length > 0, 120_000, 20)
    const written = Date.now()
    const state = await site.ended(run, 120)
    const now = Date.now()
    measure?.({ seconds: (now - began) / 1000, loadSeconds: (now - written) / 1000 })
    if (state.type !== 'COMPLETED')
      throw new Error(`The undisturbed run is ${state.type}: ${state.message}\n${site.program.output()}`)
    await site.program.stop()
    return await settledContent(site.database)
  } finally {
    await site.close()
  }
}

/** What portals see, without the times of the harvest. */
export async function settledContent(database: Database): Promise<Record<string, unknown[]>> {
  const content = await contentOf(database)
  for (const row of content.datasets as Record<string, unknown>[]) {
    delete row.verified_at
    delete row.last_updated_at
  }
  return content
}
