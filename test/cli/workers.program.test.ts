import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../../src/log/log.ts'
import { labelledJson, lineSplitter } from '../../src/operate/workers/lines.ts'
import { afterExit } from '../../src/operate/workers/restarts.ts'
import { giveSigns, lives, readSigns } from '../../src/operate/workers/signs.ts'
import { supervise } from '../../src/operate/workers/supervisor.ts'
import { waitUntil } from '../support/prefect.ts'
import { harvesterProgram } from '../support/program.ts'

const now = new Date('2026-11-21T05:00:00Z')

let folder: string
const started: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workers-'))
})
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

describe('a worker that died', () => {
  const died = (deaths: number, livedMs = 10) => afterExit({ code: 1, livedMs }, deaths)

  it('is started again after 1 s, then 2, 4, 8 and so on, 60 at most', () => {
    const delays = Array.from({ length: 9 }, (_, deaths) => {
      const next = died(deaths)
      return next.kind === 'restart' ? next.delayMs / 1000 : null
    })
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
    expect(died(10_000)).toMatchObject({ delayMs: 60_000 })
  })

  it('begins anew after it lived for a minute', () => {
    expect(died(7, 60_000)).toEqual({ kind: 'restart', delayMs: 1000, deaths: 1 })
    expect(died(7, 59_999)).toEqual({ kind: 'restart', delayMs: 60_000, deaths: 8 })
  })

  it('is started again by whatever it ended: a signal, an error, or of its own', () => {
    for (const code of [null, 0, 1, 130])
      expect(afterExit({ code, livedMs: 5 }, 0).kind, String(code)).toBe('restart')
  })

  it('is not started again when its configuration is wrong', () => {
    expect(afterExit({ code: 2, livedMs: 5 }, 0)).toEqual({ kind: 'end', exitCode: 2 })
  })
})

describe('the lines of several workers', () => {
  it('are never torn, however the pieces come', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ' ')),
          { minLength: 1 },
        ),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
          const heard: string[] = []
          const splitter = lineSplitter((line) => heard.push(line))
          for (let at = 0; at < bytes.length; ) {
            const size = sizes.next().value as number
            splitter.write(bytes.subarray(at, at + size))
            at += size
          }
          splitter.end()
          expect(heard).toEqual(lines)
        },
      ),
    )
  })

  it('are JSON that names the worker, whatever a worker wrote', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.dictionary(fc.string(), fc.jsonValue()).map((d) => JSON.stringify(d)),
        ),
        (line) => {
          const record = JSON.parse(labelledJson(line, 'host-1', now)) as Record<string, unknown>
          expect(record).toHaveProperty('worker')
        },
      ),
    )
    expect(labelledJson('{"level":"info","msg":"a"}', 'host-1', now)).toBe(
      '{"level":"info","msg":"a","worker":"host-1"}',
    )
    expect(labelledJson('{}', 'host-1', now)).toBe('{"worker":"host-1"}')
    expect(labelledJson('{"worker":"host-2"}', 'host-1', now)).toBe('{"worker":"host-2"}')
    expect(JSON.parse(labelledJson('harvester: no database', 'host-1', now))).toEqual({
      level: 'error',
      time: now.toISOString(),
      worker: 'host-1',
      msg: 'harvester: no database',
    })
  })
})

describe('a supervisor of processes', () => {
  /** A process that does what the text says, with its channel open. */
  const script = (text: string) => {
    const path = join(folder, 'worker.mjs')
    writeFileSync(path, text)
    return { args: [path], env: process.env }
  }
  const run = (text: string, count = 1, onLine: (line: string) => void = () => {}) =>
    supervise({
      count,
      launch: () => script(text),
      onLine,
      log: silentLog,
      stopPatienceMs: 60_000,
      policy: { firstDelayMs: 10, longestDelayMs: 100, soundMs: 60_000 },
    })

  it('asks politely once, presses the second time and kills the third', async () => {
    const heard: string[] = []
    const text = `process.on('message', (order) => console.error(order)); process.on('SIGTERM', () => console.error('signal')); console.error('up')`
    const supervision = run(text, 2, (line) => heard.push(line))
    const pids = [...supervision.pids]
    await waitUntil('both workers', () => heard.filter((line) => line === 'up').length === 2)
    supervision.stop()
    await waitUntil('the order to stop', () => heard.filter((line) => line === 'stop').length === 2)
    supervision.stop()
    await waitUntil('the order to hurry', () => heard.filter((line) => line === 'force').length === 2)
    expect(pids.every(runs)).toBe(true)
    supervision.stop()
    expect(await supervision.ended).toEqual({ exitCode: 0, message: null })
    expect(pids.some(runs)).toBe(false)
    expect(heard).not.toContain('signal')
  })

  it('kills workers that do not end in time', async () => {
    const heard: string[] = []
    const supervision = supervise({
      count: 1,
      launch: () => script(`process.on('message', () => {}); console.error('up')`),
      onLine: (line) => heard.push(line),
      log: silentLog,
      stopPatienceMs: 50,
    })
    await waitUntil('the worker', () => heard.includes('up'))
    supervision.stop()
    expect((await supervision.ended).exitCode).toBe(0)
  })

  it('ends all, with the message, when one is wrongly configured', async () => {
    const text = `
      import { existsSync, writeFileSync } from 'node:fs'
      const first = ${JSON.stringify('first')}
      process.on('message', () => process.exit(0))
      try { writeFileSync(first, '', { flag: 'wx' }); console.error('{"level":"info"}'); console.error('harvester: bad value\\n  Mend it.'); process.exitCode = 2; process.disconnect() } catch {}`
    const supervision = supervise({
      count: 3,
      launch: () => ({
        ...script(text.replace('"first"', JSON.stringify(join(folder, 'first')))),
        env: process.env,
      }),
      onLine: () => {},
      log: silentLog,
      stopPatienceMs: 60_000,
    })
    expect(await supervision.ended).toEqual({ exitCode: 2, message: 'harvester: bad value\n  Mend it.' })
    expect(supervision.pids).toEqual([])
  })

  it('ends at once while a dead worker waits for its next start', async () => {
    const supervision = supervise({
      count: 1,
      launch: () => script(`process.exit(1)`),
      onLine: () => {},
      log: silentLog,
      stopPatienceMs: 60_000,
      policy: { firstDelayMs: 3_600_000, longestDelayMs: 3_600_000, soundMs: 60_000 },
    })
    await waitUntil('its death', () => supervision.pids.length === 0)
    supervision.stop()
    expect((await supervision.ended).exitCode).toBe(0)
  })
})

describe('signs of life', () => {
  it('are one file each: workers of one folder neither overwrite nor remove those of each other', async () => {
    const endFirst = giveSigns(folder, 'host-1')
    const endSecond = giveSigns(folder, 'a/b c*')
    expect(
      readSigns(folder)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a/b c*', 'host-1'])
    endFirst()
    expect(readSigns(folder).map(({ name }) => name)).toEqual(['a/b c*'])
    endSecond()
    expect(readdirSync(join(folder, 'workers'))).toEqual([])
  })

  it('count while they are young and, on this host, while their process is there', async () => {
    const end = giveSigns(folder, 'host-1')
    const [sign] = readSigns(folder)
    end()
    const at = sign!.at
    const later = (seconds: number) => new Date(at.getTime() + seconds * 1000)
    expect(lives(sign!, later(60))).toBe(true)
    expect(lives(sign!, later(91))).toBe(false)
    expect(lives({ ...sign!, started: '1' }, later(1))).toBe(false)
    expect(lives({ ...sign!, started: '1', host: 'elsewhere' }, later(1))).toBe(true)
    // Another container of the same host name: its numbers say nothing here.
    expect(lives({ ...sign!, started: '1', machine: 'a boot pid:[7]' }, later(1))).toBe(true)
  })

  it('of a day ago are swept away', async () => {
    mkdirSync(join(folder, 'workers'))
    const old = join(folder, 'workers', 'gone-1.alive.json')
    writeFileSync(old, '{}')
    utimesSync(old, 0, 0)
    giveSigns(folder, 'host-1')()
    expect(existsSync(old)).toBe(false)
  })

  it('are what `worker --check` asks: any worker of this host, or the named one', async () => {
    const check = (...flags: string[]) => harvester(['worker', '--check', ...flags])
    expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining('no worker runs here') })
    const end = giveSigns(folder, 'host-1')
    writeFileSync(
      join(folder, 'workers', 'other-1.alive.json'),
      JSON.stringify({ name: 'other-1', host: 'other', pid: 1, started: '', at: new Date().toISOString() }),
    )
    expect(await check()).toMatchObject({ code: 0, stdout: expect.stringContaining('host-1') })
    expect(await check('--name', 'host-2')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('host-2'),
    })
    expect(await check('--name', 'other-1')).toMatchObject({ code: 0 })
    end()
    expect((await check()).code).toBe(1)
  })
})

describe('harvester workers start', () => {
  it('starts again who was killed, under the same name and more slowly each time, and stops all at one signal', async () => {
    const supervisor = start(['-n', '2'])
    await supervisor.until('both workers', () => supervisor.names().length === 2)
    expect(supervisor.names()).toEqual([`${hostname()}-1`, `${hostname()}-2`])
    let [victim] = supervisor.pids()
    for (const seconds of [1, 2]) {
      const others = supervisor.pids().filter((pid) => pid !== victim)
      process.kill(victim!, 'SIGKILL')
      const death = () => supervisor.records().find(({ delaySeconds }) => delaySeconds === seconds)
      await supervisor.until('the notice', () => death() !== undefined)
      expect(death()).toMatchObject({ level: 'warn', signal: 'SIGKILL' })
      const before = supervisor.records().length
      await supervisor.until('a line of the new process', () =>
        supervisor
          .records()
          .slice(before)
          .some(({ worker, msg }) => worker === death()?.worker && /Prefect/.test(String(msg))),
      )
      victim = supervisor.pids().find((pid) => !others.includes(pid))
    }
    const pids = supervisor.pids()
    // As Ctrl-C in a terminal: the whole process group is told.
    process.kill(-supervisor.child.pid!, 'SIGINT')
    expect(await supervisor.exit).toBe(0)
    expect(pids.some(runs)).toBe(false)
    const ends = supervisor.records().filter(({ msg }) => msg === 'worker process ended')
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(
      supervisor
        .records()
        .every(({ worker, msg }) => typeof worker === 'string' || /stopping/.test(String(msg))),
    ).toBe(true)
    expect(readdirSync(join(folder, 'workers'))).toEqual([])
  })

  it('leaves no worker behind when it is killed itself', async () => {
    const supervisor = start(['-n', '2'])
    await supervisor.until('both workers', () => supervisor.names().length === 2)
    const pids = supervisor.pids()
    supervisor.child.kill('SIGKILL')
    await waitUntil('the end of its workers', () => !pids.some(runs))
    expect(readdirSync(join(folder, 'workers'))).toEqual(['supervisor.json'])
    // What it left is no obstacle.
    const next = start(['-n', '1'])
    await next.until('the worker', () => next.names().length === 1)
    expect((await harvester(['workers', 'stop'])).stdout).toContain('have ended')
    expect(await next.exit).toBe(0)
  })

  it('ends with 2 and the message when a worker finds its configuration wrong', async () => {
    const supervisor = start(['-n', '2'], { HARVEST_DEPLOYMENTS_FILE: join(folder, 'nowhere.yaml') })
    expect(await supervisor.exit).toBe(2)
    expect(supervisor.output()).toMatch(/^harvester: .*nowhere\.yaml/m)
  })

  it('starts none where the configuration is wrong from the beginning, or the database cannot be shared', async () => {
    const wrong = await harvester(['workers', 'start', '-n', '2'], { WORKER_LIMIT: 'many' })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('WORKER_LIMIT') })
    const embedded = await harvester(['workers', 'start', '-n', '2'], {
      DATABASE_URL: '',
      PREFECT_API_URL: '',
    })
    expect(embedded).toMatchObject({ code: 2, stderr: expect.stringContaining('embedded database') })
    expect(await harvester(['workers', 'start', '-n', '0'])).toMatchObject({ code: 2 })
    expect(existsSync(join(folder, 'workers'))).toBe(false)
  })

  it('refuses to supervise a folder twice', async () => {
    const supervisor = start(['-n', '1'], { WORKER_NAME: 'mine' })
    await supervisor.until('the worker', () => supervisor.names().includes('mine'))
    const second = await harvester(['workers', 'start'])
    expect(second).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`process ${supervisor.child.pid}`),
    })
    supervisor.child.kill('SIGTERM')
    expect(await supervisor.exit).toBe(0)
  })
})

/** Waits for a Prefect server that never comes: a worker that lives and has nothing to do. */
function environment(more: Record<string, string>): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HARVESTER_DATA_DIR: folder,
    HARVEST_CONFIG_YAML: 'erddap_urls: [https://erddap.example.org/erddap]',
    PREFECT_API_URL: 'http://127.0.0.1:9/api',
    DATABASE_URL: 'postgresql://me:hunter22@127.0.0.1:9/cde',
    WORKER_GRACE_SECONDS: '5',
    ...more,
  }
}

async function harvester(args: string[], env: Record<string, string> = {}) {
  return promisify(execFile)(process.execPath, [...harvesterProgram, ...args], {
    cwd: folder,
    env: environment(env),
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      stdout,
      stderr,
    }),
  )
}

function start(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...harvesterProgram, 'workers', 'start', ...args], {
    cwd: folder,
    env: environment(env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece: Buffer) => {
      output += piece.toString()
    })
  const exit = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  const records = () =>
    output
      .split('\n')
      .slice(0, -1)
      .filter((line) => !line.startsWith('harvester: ') && !line.startsWith('  '))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return {
    child,
    exit,
    output: () => output,
    records,
    /** Of the workers that said something as themselves. */
    names: () =>
      [
        ...new Set(
          records()
            .filter(({ msg }) => /Prefect server/.test(String(msg)))
            .map(({ worker }) => String(worker)),
        ),
      ].sort(),
    /** Of the workers that run now. */
    pids() {
      const path = `/proc/${child.pid}/task/${child.pid}/children`
      return readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    },
    until: (what: string, check: () => boolean) =>
      waitUntil(what, () => {
        if (child.exitCode !== null) throw new Error(`The supervisor ended: ${output}`)
        return check()
      }).catch((error: Error) => {
        throw new Error(`${error.message}\n${output}`)
      }),
  }
}

function runs(pid: number): boolean {
  try {
    // A zombie has ended too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
