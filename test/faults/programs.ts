/** Real programs that can be killed, frozen, throttled and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, existsSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestServer } from '../support/postgres.ts'
import type { PrefectServer } from '../support/prefect.ts'
import { waitUntil } from '../support/prefect.ts'
import { processTree, signalAll } from '../support/process-tree.ts'

const root = resolve(import.meta.dirname, '../..')

/** What a fault can do to a program, whichever it is. */
export interface Program {
  /** All its processes, the first one is their parent; empty while it does not run. */
  pids(): number[]
  /** Resolves when it works; nothing if it does. */
  start(): Promise<void>
  /** SIGKILL to all its processes. */
  kill(): Promise<void>
  /** Asks it to end and starts it again. */
  restart(): Promise<void>
}

/** Keeps a program from running for a while. */
export async function freeze(program: Program, seconds: number): Promise<void> {
  const pids = program.pids()
  signalAll(pids, 'SIGSTOP')
  try {
    await sleep(seconds * 1000)
  } finally {
    signalAll(pids, 'SIGCONT')
  }
}

/** Gives a program a fifth of its time for a while. */
export async function throttle(program: Program, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1000
  while (Date.now() < until) {
    await freeze(program, 0.2)
    await sleep(50)
  }
}

export interface SpawnedProgram extends Program {
  output(): string
  /** Ends it as a user does. Its exit code, null for one that a signal ended; null too where it did not run. */
  stop(): Promise<number | null>
  readonly running: boolean
}

export interface SpawnOptions {
  args: readonly string[]
  folder: string
  env: Readonly<Record<string, string | undefined>>
  /** With a channel for messages. @default false */
  messages?: boolean
  onMessage?: (message: unknown) => void
  /** Whether it works by now. */
  ready: (program: SpawnedProgram) => Promise<boolean> | boolean
  /** Where its output is kept too. */
  log?: string
}

/** A process of Node as a program; it does not run yet. */
export function nodeProgram(options: SpawnOptions): SpawnedProgram {
  let child: ChildProcess | null = null
  let output = ''
  const isRunning = () => child !== null && child.exitCode === null && child.signalCode === null
  const gone = async () => {
    const one = child
    if (one !== null && isRunning()) await new Promise((done) => one.once('exit', done))
  }
  const program: SpawnedProgram = {
    output: () => output,
    get running() {
      return isRunning()
    },
    pids: () => (isRunning() ? processTree(child!.pid!) : []),
    async start() {
      if (isRunning()) return
      output = ''
      const started = spawn(process.execPath, options.args, {
        cwd: options.folder,
        env: options.env as NodeJS.ProcessEnv,
        stdio: ['ignore', 'pipe', 'pipe', ...(options.messages ? (['ipc'] as const) : [])],
      })
      child = started
      const log = options.log === undefined ? null : createWriteStream(options.log, { flags: 'a' })
      for (const stream of [started.stdout, started.stderr])
        stream?.on('data', (data: Buffer) => {
          output = (output + data).slice(-200_000)
          log?.write(data)
        })
      started.once('close', () => log?.end())
      if (options.onMessage) started.on('message', options.onMessage)
      await waitUntil(
        'a program',
        async () => {
          if (!isRunning()) throw new Error(`It ended with ${started.exitCode}: ${output.slice(-2000)}`)
          return options.ready(program)
        },
        120_000,
        50,
      )
    },
    async kill() {
      signalAll(program.pids(), 'SIGKILL')
      await gone()
    },
    async stop() {
      if (!isRunning()) return null
      child!.kill('SIGTERM')
      await gone()
      return child!.exitCode
    },
    async restart() {
      await program.stop()
      await program.start()
    },
  }
  return program
}

/** The command as it is shipped. */
export const harvesterCommand = join(root, 'bin/harvester.js')

export const inTypeScript = (script: string): string[] => [
  '--import',
  join(root, 'node_modules/tsx/dist/esm/index.mjs'),
  script,
]

export function postgresProgram(server: TestServer): Program {
  const pidFile = join(server.socketFolder, 'data/postmaster.pid')
  const pids = () => {
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').split('\n')[0]) : 0
    return pid > 0 && isAlive(pid) ? processTree(pid) : []
  }
  return {
    pids,
    async start() {
      if (pids().length > 0) return
      // Where nobody waits for orphans, a killed server stays a zombie, which PostgreSQL takes for a living one.
      rmSync(pidFile, { force: true })
      rmSync(join(server.socketFolder, `.s.PGSQL.${server.port}.lock`), { force: true })
      // Its shared memory is given back a moment later.
      await waitUntil('PostgreSQL', () => server.restart('immediate').then(() => true))
    },
    async kill() {
      const all = pids()
      signalAll(all, 'SIGKILL')
      await waitUntil('the end of PostgreSQL', () => all.every((pid) => !isAlive(pid)))
    },
    restart: () => server.restart('fast'),
  }
}

export function prefectProgram(server: PrefectServer): Program {
  return {
    pids: () => (server.pid() === null ? [] : processTree(server.pid()!)),
    async start() {
      if (server.pid() === null) await server.restart()
    },
    async kill() {
      const rest = server.pid() === null ? [] : processTree(server.pid()!)
      await server.kill()
      signalAll(rest, 'SIGKILL')
    },
    restart: () => server.restart(),
  }
}

/** Not even as a zombie that nobody has waited for. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
