/** Runs a program to its end, with everything that it started. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { stripVTControlCharacters } from 'node:util'

/** Characters of a line that are kept. */
export const longestLine = 4000
/** Between SIGTERM and SIGKILL. */
const defaultGraceMs = 8_000
/** How long output is awaited of what a program left running behind itself. */
const leftoverMs = 2_000

export interface ProgramRequest {
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[]
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** @default 8000 */
  readonly graceMs?: number
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number }
  /** Ended by a signal of somebody else. */
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'not-started'; readonly reason: string }

/**
 * Runs a program in a process group of its own. At the time limit, and when the signal is aborted, the whole group
 * gets SIGTERM, and SIGKILL after the grace time. Never rejects.
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramEnd> {
  const { command, folder, signal } = request
  const [program = '', ...args] = command
  if (signal.aborted) return { kind: 'aborted' }
  // spawn reports a missing folder as a missing program.
  if (!existsSync(folder)) return { kind: 'not-started', reason: `the folder ${folder} does not exist` }
  let child: ChildProcess
  try {
    child = spawn(program, args, {
      cwd: folder,
      env: { ...request.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
  } catch (error) {
    return { kind: 'not-started', reason: startFailure(request, error) }
  }
  const started = await new Promise<string | null>((settle) => {
    child.once('spawn', () => settle(null))
    child.once('error', (error) => settle(startFailure(request, error)))
  })
  if (started !== null) return { kind: 'not-started', reason: started }

  const group = child.pid as number
  let ended: 'timed-out' | 'aborted' | null = null
  let killTimer: NodeJS.Timeout | undefined
  const end = (why: 'timed-out' | 'aborted') => {
    if (ended !== null) return
    ended = why
    signalGroup(group, 'SIGTERM')
    killTimer = setTimeout(() => signalGroup(group, 'SIGKILL'), request.graceMs ?? defaultGraceMs)
  }
  const onAbort = () => end('aborted')
  const onExit = () => signalGroup(group, 'SIGKILL')
  const timer = setTimeout(() => end('timed-out'), request.timeoutMs)
  signal.addEventListener('abort', onAbort, { once: true })
  // A group of its own does not end with this process by itself.
  process.once('exit', onExit)
  if (signal.aborted) onAbort()

  const outputs = (['stdout', 'stderr'] as const).map((name) => {
    const lines = lineReader((line) => request.onLine(name, line))
    child[name]?.on('data', (data: Buffer) => lines.add(data))
    child[name]?.on('error', () => {})
    return lines
  })
  try {
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const [code, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      child.once('exit', (exitCode, exitSignal) => resolve([exitCode, exitSignal]))
    })
    // Whoever ignores SIGTERM may have parted from the program that did not.
    if (ended !== null) await groupGone(group, request.graceMs ?? defaultGraceMs)
    let leftover: NodeJS.Timeout | undefined
    await Promise.race([
      closed,
      new Promise((resolve) => {
        leftover = setTimeout(resolve, leftoverMs)
      }),
    ])
    clearTimeout(leftover)
    child.stdout?.destroy()
    child.stderr?.destroy()
    for (const lines of outputs) lines.end()
    if (ended !== null) return { kind: ended }
    return killedBy === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal: killedBy }
  } finally {
    clearTimeout(timer)
    clearTimeout(killTimer)
    signal.removeEventListener('abort', onAbort)
    process.off('exit', onExit)
  }
}

function startFailure({ command: [program = ''], folder, env }: ProgramRequest, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  // A folder of PATH that may not be read is told like a program that may not be executed.
  const places = program.includes('/') ? [resolve(folder, program)] : pathsOf(env.PATH, program)
  const isThere = places.some((path) => existsSync(path))
  if (code === 'EACCES' && isThere) return `${program} may not be executed`
  if (code === 'EACCES' || code === 'ENOENT') return `there is no program ${program}`
  return `${program} could not be started: ${error instanceof Error ? error.message : String(error)}`
}

function pathsOf(path: string | undefined, program: string): string[] {
  return (path ?? '').split(delimiter).map((folder) => join(folder, program))
}

/** False when nobody of the group is left. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch {
    return false
  }
}

/** Waits until nobody of the group is left, and sends SIGKILL to who is there after the grace time. */
async function groupGone(group: number, graceMs: number): Promise<void> {
  const until = performance.now() + graceMs
  for (let killed = false; signalGroup(group, 0); ) {
    if (!killed && performance.now() >= until) {
      signalGroup(group, 'SIGKILL')
      killed = true
    }
    // A group of zombies that init has not collected yet answers for a moment.
    if (killed && performance.now() >= until + 2_000) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Makes lines of pieces; of a long line the beginning is kept, so that no output can fill the memory. */
export function lineReader(onLine: (line: string) => void): { add(data: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8')
  let kept = ''
  let dropped = 0
  const emit = () => {
    const line = stripVTControlCharacters(kept).trimEnd()
    if (line !== '') onLine(dropped > 0 ? `${line}… (${dropped} more characters)` : line)
    kept = ''
    dropped = 0
  }
  const append = (text: string) => {
    const room = Math.max(0, longestLine - kept.length)
    kept += text.slice(0, room)
    dropped += Math.max(0, text.length - room)
  }
  const take = (text: string) => {
    // A carriage return alone redraws a progress bar: its states are lines here.
    const pieces = text.split(/\r\n|\n|\r/)
    for (const [index, piece] of pieces.entries()) {
      append(piece)
      if (index < pieces.length - 1) emit()
    }
  }
  return {
    add: (data) => take(decoder.write(data)),
    end() {
      take(decoder.end())
      emit()
    },
  }
}
