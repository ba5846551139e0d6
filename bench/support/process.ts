/** Runs programs for benchmarks: whole-process wall time and peak memory, as the operating system counts them. */

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../bin/harvester.js', import.meta.url))

export interface Measured {
  seconds: number
  /** Largest resident memory of the process, from the kernel's own mark. */
  peakMegabytes: number
  code: number | null
  stdout: string
  stderr: string
}

/** Runs `node bin/harvester.js …` to its end. */
export async function measure(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  folder?: string,
): Promise<Measured> {
  const start = performance.now()
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, ...env },
    ...(folder !== undefined && { cwd: folder }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let peak = 0
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk).slice(-20_000)
  })
  const timer = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid!))
  }, 20)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearInterval(timer)
  return { seconds: (performance.now() - start) / 1000, peakMegabytes: peak, code, stdout, stderr }
}

/** What the report of a harvest counts of its first source, on one line. */
export function countedIn(stdout: string): string {
  return /\d+ datasets?, [\s\S]*? s$/m.exec(stdout)?.[0].replaceAll(/\s+/g, ' ') ?? ''
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

export interface Demo {
  erddap: string
  ckan: string
  stop(): Promise<void>
}

/** Starts `harvester demo` in a process of its own, so that it costs the measured one nothing. */
export async function startDemo(args: readonly string[]): Promise<Demo> {
  const child: ChildProcess = spawn(process.execPath, [program, 'demo', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const found: Record<string, string> = {}
  for await (const line of createInterface({ input: child.stdout! })) {
    const [ready, name = '', url = ''] = line.split(' ')
    if (ready === 'ready') found[name] = url
    if (found.erddap && found.ckan) break
  }
  if (!found.erddap || !found.ckan) throw new Error('the demo did not start')
  return {
    erddap: found.erddap,
    ckan: found.ckan,
    stop: () =>
      new Promise((resolve) => {
        child.once('close', () => resolve())
        child.kill('SIGTERM')
      }),
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
