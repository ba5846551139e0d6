import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../../src/log/log.ts'
import { RunLogFile, removeOldLogs } from '../../src/log/log-file.ts'
import { openProcessLog, processLogPath } from '../../src/log/process-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-file-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const startedAt = new Date('2026-11-21T05:00:00Z')
const now = new Date('2026-11-22T05:00:00Z')

describe('the log file of a run', () => {
  it('goes on in a new file at half of its limit, says so, and loses no line that is young', () => {
    const file = new RunLogFile(folder, 'a-source', startedAt, { longestBytes: 4000 })
    for (let line = 0; line < 200; line++) {
      file.write('info', `line ${line}`, { line }, startedAt)
      if (line % 7 === 0) file.flush()
    }
    file.flush()
    expect(readdirSync(folder).sort()).toEqual([file.name, `${file.name}.1`])
    const earlier = readFileSync(`${file.path}.1`, 'utf8')
    const latest = readFileSync(file.path, 'utf8')
    expect(earlier.length).toBeLessThanOrEqual(2000)
    expect(latest.length).toBeLessThanOrEqual(2000)
    expect(latest).toMatch(new RegExp(`^… the log goes on here: what came before is in ${file.name}\\.1`))
    const numbers = [...(earlier + latest).matchAll(/line (\d+) /g)].map(([, number]) => Number(number))
    expect(numbers.at(-1)).toBe(199)
    expect(numbers).toEqual(
      Array.from({ length: numbers.length }, (_, index) => 200 - numbers.length + index),
    )
  })

  it('keeps a line whole that is longer than the limit', () => {
    const file = new RunLogFile(folder, 'a-source', startedAt, { longestBytes: 100 })
    file.write('info', 'x'.repeat(500), {}, startedAt)
    file.write('info', 'after', {}, startedAt)
    file.flush()
    expect(readFileSync(`${file.path}.1`, 'utf8')).toContain('x'.repeat(500))
    expect(readFileSync(file.path, 'utf8')).toContain('after')
  })

  it('holds no secret', () => {
    const file = new RunLogFile(folder, 'a-source', startedAt)
    file.write(
      'info',
      'at https://token42@host/',
      { password: 'x', error: new Error('Bearer abcdef99') },
      startedAt,
    )
    file.flush()
    const text = readFileSync(file.path, 'utf8')
    expect(text).toContain('https://***@host/')
    for (const secret of ['token42', '"x"', 'abcdef99']) expect(text).not.toContain(secret)
  })
})

describe('the retention of log files', () => {
  /** A file of so many kilobytes, written to so many hours before now. */
  const make = (name: string, kilobytes: number, hoursAgo: number) => {
    const path = join(folder, name)
    writeFileSync(path, 'x'.repeat(kilobytes * 1024))
    const at = new Date(now.getTime() - hoursAgo * 3_600_000)
    utimesSync(path, at, at)
  }

  it('removes those that are too old', () => {
    make('harvest_20261001_050000_a.log', 1, 24 * 31)
    make('harvest_20261020_050000_a.log.1', 1, 24 * 31)
    make('harvest_20261101_050000_a.log', 1, 24 * 20)
    expect(removeOldLogs(folder, { days: 30, megabytes: 1 }, now)).toBe(2)
    expect(readdirSync(folder)).toEqual(['harvest_20261101_050000_a.log'])
  })

  it('removes the oldest of those that are too much together, and none that is in use', () => {
    make('harvest_20261121_010000_a.log', 400, 0.5)
    make('harvest_20261120_010000_b.log', 400, 10)
    make('harvest_20261120_020000_c.log', 400, 9)
    make('harvest_20261120_030000_d.log', 400, 8)
    make('worker.host-1.log', 4000, 100)
    expect(removeOldLogs(folder, { days: 30, megabytes: 1 }, now)).toBe(2)
    expect(readdirSync(folder).sort()).toEqual([
      'harvest_20261120_030000_d.log',
      'harvest_20261121_010000_a.log',
      'worker.host-1.log',
    ])
    expect(removeOldLogs(folder, { days: 30, megabytes: 0.1 }, now)).toBe(1)
    expect(readdirSync(folder)).toContain('harvest_20261121_010000_a.log')
  })

  it('has nothing to do where there is no folder', () => {
    expect(removeOldLogs(join(folder, 'nowhere'), { days: 1, megabytes: 1 }, now)).toBe(0)
  })
})

describe('the log file of a process', () => {
  it('has the name of its worker before the ending', () => {
    expect(processLogPath('/var/log/worker.log', 'host-2')).toBe('/var/log/worker.host-2.log')
    expect(processLogPath('worker', 'a b/c')).toBe('worker.a_b_c')
    expect(processLogPath('/var/log/worker.log', null)).toBe('/var/log/worker.log')
  })

  it('is rotated by size, keeps so many files, and every line of them is whole JSON with its time', async () => {
    const file = openProcessLog(
      {
        HARVESTER_LOG_FILE: join(folder, 'deep', 'worker.log'),
        HARVESTER_LOG_FILE_MEGABYTES: 1,
        HARVESTER_LOG_FILE_KEEP: 2,
      },
      'host-1',
    )
    const shown: string[] = []
    const log = createLog({
      level: 'info',
      format: 'json',
      time: false,
      facts: { worker: 'host-1' },
      file,
      write: (line) => shown.push(line),
    })
    // Some 5 MB, so that the oldest of the rotated files have to go.
    for (let line = 0; line < 5000; line++) log.info({ line, password: 'pw' }, 'x'.repeat(1000))
    await file?.close()
    const names = readdirSync(join(folder, 'deep')).sort()
    expect(names).toEqual(['worker.host-1.log', 'worker.host-1.log.1', 'worker.host-1.log.2'])
    const lines = names
      .reverse()
      .flatMap((name) =>
        readFileSync(join(folder, 'deep', name), 'utf8')
          .trim()
          .split('\n'),
      )
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.at(-1)).toMatchObject({ level: 'info', worker: 'host-1', line: 4999, password: '***' })
    expect(lines.every(({ time }) => typeof time === 'string')).toBe(true)
    const numbers = lines.map(({ line }) => line as number)
    expect(numbers).toEqual(numbers.map((_, index) => 5000 - numbers.length + index))
    expect(Math.max(...names.map((name) => statSync(join(folder, 'deep', name)).size))).toBeLessThan(
      1.2 * 1024 * 1024,
    )
    expect(shown).toHaveLength(5000)
  })

  it('that cannot be written is said once, and the process goes on', async () => {
    writeFileSync(join(folder, 'file'), '')
    const said: string[] = []
    const file = openProcessLog(
      {
        HARVESTER_LOG_FILE: join(folder, 'file', 'worker.log'),
        HARVESTER_LOG_FILE_MEGABYTES: 1,
        HARVESTER_LOG_FILE_KEEP: 2,
      },
      null,
      (error) => said.push(error.message),
    )
    file?.write('a line\n')
    await file?.close()
    expect(said).toHaveLength(1)
  })
})
