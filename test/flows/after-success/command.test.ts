import { existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../../../src/flows/after-success/command.ts'
import { lineReader, longestLine, runProgram } from '../../../src/flows/after-success/process.ts'
import type { RunLog } from '../../../src/runs/index.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harvester-command-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function make(run: string[], more: { timeout_seconds?: number; folder?: string; signal?: AbortSignal } = {}) {
  const lines: string[] = []
  const at = (level: string) => (_facts: unknown, text: string) => void lines.push(`${level} ${text}`)
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as RunLog
  const done = runCommand(
    { run, folder: more.folder ?? folder, timeout_seconds: more.timeout_seconds ?? 60 },
    {
      services: { variables: { PATH: process.env.PATH, DATABASE_URL: 'postgresql://db/cde' } } as never,
      summary: { run_id: 'run-1' } as never,
    },
    { log, signal: more.signal ?? new AbortController().signal },
  )
  return { lines, done }
}

const sh = (script: string) => ['sh', '-c', script]

/** The id that the script wrote into the file. */
async function pidIn(name: string): Promise<number> {
  let pid = Number.NaN
  await vi.waitFor(async () => {
    pid = Number.parseInt(await readFile(join(folder, name), 'utf8'), 10)
    expect(pid).toBeGreaterThan(0)
  }, 60_000)
  return pid
}

/** A zombie that nobody collects is gone, too. */
async function isGone(pid: number): Promise<boolean> {
  try {
    return /^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return !existsSync(`/proc/${pid}`)
  }
}

describe('a program that says very much', () => {
  it('has its beginning and its end in the log, and how much was left out', async () => {
    const { lines, done } = make(['seq', '1', '20000'])
    await done
    expect(lines.length).toBeLessThan(2500)
    expect([lines[0], lines.at(-1)]).toEqual(['info 1', 'info 20000'])
    const [leftOut] = lines.filter((line) => line.includes('left out'))
    const told = lines.length - 1
    expect(leftOut).toBe(`warn ${20_000 - told} lines left out`)
  })
})

describe('a command after a harvest', () => {
  it('has its output in the log as it comes, and gets the environment and the id of the run', async () => {
    const { lines, done } = make(
      sh('echo "run $HARVESTER_RUN_ID of $DATABASE_URL"; echo careful >&2; pwd; printf "no newline"'),
    )
    await done
    expect(lines.filter((line) => line.startsWith('info'))).toEqual([
      'info run run-1 of postgresql://db/cde',
      `info ${folder}`,
      'info no newline',
    ])
    expect(lines).toContain('warn careful')
  })

  it('fails by its exit code, and says what the program said last', async () => {
    await expect(make(sh('echo model x failed; exit 3')).done).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: 'sh ended with exit code 3: model x failed',
    })
  })

  it('has no shell between', async () => {
    const { lines, done } = make(['echo', '$HOME; exit 3'])
    await done
    expect(lines).toEqual(['info $HOME; exit 3'])
  })

  it('says so when the program or the folder does not exist', async () => {
    await expect(make(['no-such-program-here']).done).rejects.toThrow(
      'there is no program no-such-program-here',
    )
    writeFileSync(join(folder, 'text'), 'echo', { mode: 0o644 })
    await expect(make([join(folder, 'text')]).done).rejects.toThrow('text may not be executed')
    await expect(make(['true'], { folder: join(folder, 'nowhere') }).done).rejects.toThrow(
      /the folder .*nowhere does not exist/,
    )
  })

  it('is ended at its time limit with everything it started', async () => {
    const { done } = make(sh('sleep 600 & echo $! > child; wait'), { timeout_seconds: 1 })
    const failure = expect(done).rejects.toThrow('sh took longer than 1 s and was ended')
    const child = await pidIn('child')
    await failure
    expect(await isGone(child)).toBe(true)
  })

  it('is ended by a cancellation, also when it does not listen to SIGTERM', async () => {
    const controller = new AbortController()
    const end = runProgram({
      command: sh(
        `trap '' TERM; (trap '' TERM; echo $$ > ready; sleep 600) & echo $! > child; wait; sleep 600`,
      ),
      folder,
      env: { PATH: process.env.PATH },
      timeoutMs: 600_000,
      graceMs: 200,
      signal: controller.signal,
      onLine: () => {},
    })
    const child = await pidIn('child')
    await pidIn('ready')
    controller.abort()
    expect(await end).toEqual({ kind: 'aborted' })
    expect(await isGone(child)).toBe(true)
  })

  it('ends when the program ends, whoever holds its output open', async () => {
    const { lines, done } = make(sh('sleep 30 & echo $! > child; echo done'))
    const began = Date.now()
    await done
    expect(Date.now() - began).toBeLessThan(25_000)
    expect(lines).toEqual(['info done'])
    process.kill(await pidIn('child'))
  })
})

describe('lines of output', () => {
  const linesOf = (...pieces: (string | Buffer)[]) => {
    const lines: string[] = []
    const reader = lineReader((line) => lines.push(line))
    for (const piece of pieces) reader.add(Buffer.from(piece))
    reader.end()
    return lines
  }
  it('are put together from pieces, characters too', () => {
    const text = Buffer.from('prüfung\nzwei')
    expect(linesOf(text.subarray(0, 3), text.subarray(3, 9), text.subarray(9))).toEqual(['prüfung', 'zwei'])
  })
  it('lose colours and blank lines; a progress bar gives its states', () => {
    expect(linesOf('\u001b[32mOK\u001b[0m\r\n\r\n10%\r20%\n')).toEqual(['OK', '10%', '20%'])
  })
  it('are cut when they are endless', () => {
    const [line, next] = linesOf('x'.repeat(longestLine), 'x'.repeat(70), '\nnext\n')
    expect(line).toBe(`${'x'.repeat(longestLine)}… (70 more characters)`)
    expect(next).toBe('next')
  })
})
