/** One site under test: a harvester of its own, in a folder of its own, on a copy of the loaded database. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../src/database/port.ts'
import { runFolders } from '../acceptance/run.ts'
import { freePort } from '../support/prefect.ts'
import { harvesterCommand, nodeProgram, type SpawnedProgram } from './programs.ts'
import type { World } from './world.ts'

/** `standalone`: `harvester start`. `prefect`: `harvester worker` on a Prefect server. */
export const engines = ['standalone', 'prefect'] as const
export type Engine = (typeof engines)[number]

export interface RunState {
  type: string
  message: string
}

export interface Site {
  engine: Engine
  folder: string
  program: SpawnedProgram
  database: Database
  databaseName: string
  folders(): { complete: string[]; other: string[] }
  /**
   * Asks for a harvest of the source, as a user would; resolves with the id of the run once it was accepted. `force`
   * harvests what is proven unchanged too.
   */
  trigger(options?: { force?: boolean }): Promise<string>
  /** Null while it cannot be read. */
  stateOf(run: string): Promise<RunState | null>
  /** Waits for a final state. */
  ended(run: string, seconds: number): Promise<RunState>
  /** Runs of this site that have not ended, but for scheduled ones. */
  openRuns(): Promise<string[]>
  /** Moves the process's clock: `offset` milliseconds beside the true one, `rate` of its speed from now on. */
  setClock(offset: number, rate: number): Promise<void>
  close(): Promise<void>
}

export interface SiteOptions {
  engine: Engine
  databaseName: string
  name: string
  /** Megabytes of the disk that its folder is on; needs the right to mount. @default the disk of the test */
  diskMegabytes?: number
  /** Whether its clock can be moved. @default false */
  clock?: boolean
  settings?: Record<string, unknown>
  env?: Record<string, string>
}

export const finalStates = ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED']
const token = 'a-token-for-the-fault-matrix'

export async function openSite(world: World, options: SiteOptions): Promise<Site> {
  const { engine, databaseName } = options
  const folder = join(world.folder, options.name)
  mkdirSync(folder, { recursive: true })
  if (options.diskMegabytes !== undefined)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${options.diskMegabytes}m`, 'tmpfs', folder])
  mkdirSync(join(folder, 'tmp'), { recursive: true })
  const server = engine === 'prefect' ? await world.prefect() : null
  const httpPort = await freePort()
  const slug = new URL(world.erddapUrl).host.replaceAll(/[.:]/g, '-')
  const clockFile = join(world.folder, `${options.name}.clock`)
  const program = nodeProgram({
    args: [
      ...(options.clock ? ['--import', join(import.meta.dirname, 'clock.mjs')] : []),
      harvesterCommand,
      engine === 'standalone' ? 'start' : 'worker',
    ],
    folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      TMPDIR: join(folder, 'tmp'),
      NO_COLOR: '1',
      FAULT_CLOCK_FILE: clockFile,
      DATABASE_URL: `postgresql://postgres@127.0.0.1:${world.wires.postgresql.port}/${databaseName}?sslmode=disable`,
      HARVESTER_DATA_DIR: join(folder, 'data'),
      HARVESTER_CACHE_DIR: join(folder, 'cache'),
      HARVESTER_LOG_DIR: join(folder, 'logs'),
      HARVESTER_HTTP_PORT: String(httpPort),
      HARVEST_TRIGGER_ENABLED: 'true',
      HARVEST_TRIGGER_TOKEN: token,
      WORKER_GRACE_SECONDS: '2',
      ...(server && { PREFECT_API_URL: `http://127.0.0.1:${world.wires.prefect!.port}/api` }),
      HARVEST_CONFIG_YAML: JSON.stringify({
        erddap_urls: [{ url: world.erddapUrl, concurrency: 2 }],
        ckan_url: world.ckanUrl,
        ckan_cache_hours: 0,
        folder: join(folder, 'harvest'),
        // A site on the internet is more patient; what must hold is the same.
        timeouts: { connect_seconds: 2, headers_seconds: 8, idle_seconds: 4, dataset_seconds: 60 },
        ...options.settings,
      }),
      ...options.env,
    },
    ready: async (own) => {
      if (!own.output().includes('is running')) return false
      if (engine === 'prefect') return true
      return (await fetch(`http://127.0.0.1:${httpPort}/ready`, { signal: AbortSignal.timeout(5000) })).ok
    },
    log: join(world.folder, `${options.name}.log`),
  })
  const database = await world.postgres.open(databaseName)
  const prefect = async <T>(path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${server!.apiUrl}${path}`, {
      signal: AbortSignal.timeout(20_000),
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as T
  }

  const site: Site = {
    engine,
    folder,
    program,
    database,
    databaseName,
    folders: () => runFolders(join(folder, 'harvest')),
    async trigger({ force = false } = {}) {
      const until = Date.now() + 120_000
      for (;;) {
        try {
          if (server) {
            const { id } = await prefect<{ id: string }>(`/deployments/name/Harvest%20Source/harvest-${slug}`)
            return (
              await prefect<{ id: string }>(`/deployments/${id}/create_flow_run`, { parameters: { force } })
            ).id
          }
          const answer = await fetch(`http://127.0.0.1:${httpPort}/api/harvest/trigger`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
            body: JSON.stringify({ source: world.erddapUrl, force }),
            signal: AbortSignal.timeout(20_000),
          })
          const text = await answer.text()
          if (answer.status !== 202) throw new Error(`the trigger answered ${answer.status}: ${text}`)
          return (JSON.parse(text) as { run_id: string }).run_id
        } catch (error) {
          if (Date.now() > until) throw error
          await sleep(1000)
        }
      }
    },
    async stateOf(run) {
      try {
        if (server) {
          const { state } = await prefect<{ state: RunState | null }>(`/flow_runs/${run}`)
          return state && { type: state.type, message: state.message ?? '' }
        }
        const { rows } = await database.query<{ state_type: string; state_message: string }>(
          'SELECT state_type, state_message FROM harvester.flow_runs WHERE id = $1',
          [run],
        )
        return rows[0] ? { type: rows[0].state_type, message: rows[0].state_message } : null
      } catch {
        return null
      }
    },
    async ended(run, seconds) {
      const until = Date.now() + seconds * 1000
      let last: RunState | null = null
      while (Date.now() < until) {
        last = (await site.stateOf(run)) ?? last
        if (last && finalStates.includes(last.type)) return last
        await sleep(100)
      }
      throw new Error(`the run is ${last?.type ?? 'unknown'} after ${seconds} s: ${last?.message ?? ''}`)
    },
    async openRuns() {
      if (server) {
        const runs = await prefect<{ id: string; name: string }[]>('/flow_runs/filter', {
          flow_runs: { state: { type: { any_: ['RUNNING', 'PENDING', 'CANCELLING', 'PAUSED'] } } },
        })
        return runs.map(({ id, name }) => `${name} ${id}`)
      }
      const { rows } = await database.query<{ run: string }>(
        `SELECT name || ' ' || id || ' ' || state_type AS run FROM harvester.flow_runs
         WHERE ended_at IS NULL AND state_type <> 'SCHEDULED'`,
      )
      return rows.map(({ run }) => run)
    },
    async setClock(offset, rate) {
      await writeFile(clockFile, JSON.stringify({ offset, rate }))
      // The process looks every 50 ms.
      await sleep(200)
    },
    async close() {
      await program.kill()
      await database.close()
      if (options.diskMegabytes !== undefined) execFileSync('umount', ['-l', folder])
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
  return site
}
