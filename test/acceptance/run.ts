/** Runs the real command and reads what it wrote. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { harvesterProgram, root, typescriptLoader } from '../support/program.ts'

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export interface Running {
  pid: number
  kill: (signal: NodeJS.Signals) => void
  /** Resolves once it has written this, to either stream. */
  says: (text: string) => Promise<void>
  ended: Promise<Ended>
}

/** `from` is the folder of the program, where it is not this one. */
export function start(
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
  from: string = root,
  more: { /** As which user; only root may say so. */ uid?: number; imports?: readonly string[] } = {},
): Running {
  const child = spawn(
    process.execPath,
    // Another version's program has its sources only.
    [
      ...(more.imports ?? []).flatMap((path) => ['--import', path]),
      ...(from === root ? harvesterProgram : ['--import', typescriptLoader, join(from, 'src/cli.ts')]),
      ...args,
    ],
    {
      cwd,
      env: { PATH: process.env.PATH ?? '', HOME: cwd, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(more.uid !== undefined && { uid: more.uid, gid: more.uid }),
    },
  )
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  child.stdout.on('data', (piece) => {
    stdout += piece
    for (const look of waiting) look()
  })
  child.stderr.on('data', (piece) => {
    stderr += piece
    for (const look of waiting) look()
  })
  return {
    pid: child.pid ?? 0,
    kill: (signal) => child.kill(signal),
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!stdout.includes(text) && !stderr.includes(text)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
        child.once('close', () => reject(new Error(`It ended without saying "${text}": ${stdout}${stderr}`)))
      }),
    ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))),
  }
}

export function harvester(
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Ended> {
  return start(args, cwd, env).ended
}

/** The run folders below a harvest folder, the oldest first, temporary ones apart. */
export function runFolders(folder: string): { complete: string[]; other: string[] } {
  const complete: string[] = []
  const other: string[] = []
  if (existsSync(folder))
    for (const slug of readdirSync(folder))
      for (const name of readdirSync(join(folder, slug)).sort())
        (/^\d{8}_\d{6}(_\d+)?$/.test(name) ? complete : other).push(join(folder, slug, name))
  return { complete, other }
}

export function readTable(folder: string, name: string): Record<string, string>[] {
  return parse(readFileSync(join(folder, `${name}.csv`), 'utf8'), {
    columns: true,
    relax_column_count: false,
  })
}
