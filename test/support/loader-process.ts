import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { testProgram } from './program.ts'

/** A loader in a process of its own, that can be killed. */
export interface LoaderProcess {
  /** The state of the database when the process opened it. */
  found: Promise<string>
  begin(): void
  /** Milliseconds of the load, once it has ended. */
  loaded: Promise<number>
  readonly ended: boolean
  kill(): Promise<void>
}

export function startLoader(folder: string, environment: Record<string, string>): LoaderProcess {
  const child: ChildProcess = spawn(process.execPath, [...testProgram('loader'), folder], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin!.on('error', () => {})
  const lines = createInterface({ input: child.stdout! })
  const word = (name: string) =>
    new Promise<string>((resolve, reject) => {
      lines.on('line', (line) => line.startsWith(`${name} `) && resolve(line.slice(name.length + 1)))
      child.on('exit', () => reject(new Error(`the loader ended before it said "${name}"`)))
    })
  const found = word('found')
  const loaded = word('loaded').then(Number)
  found.catch(() => {})
  loaded.catch(() => {})
  return {
    found,
    loaded,
    begin: () => void child.stdin!.write('go\n'),
    get ended() {
      return child.exitCode !== null
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}

/** The same sequence of numbers from 0 to 1 in every run. */
export function seededNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296
  }
}
