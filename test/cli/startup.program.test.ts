import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEngine } from '../../src/database/embedded/host.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { type Running, runFolders, start } from '../acceptance/run.ts'
import { harvesterProgram, root } from '../support/program.ts'

const top = mkdtempSync(join(tmpdir(), 'harvester-startup '))
const closing: (() => unknown)[] = []
const patience = 300_000
chmodSync(top, 0o755)
afterAll(async () => {
  for (const close of closing.reverse()) await close()
  rmSync(top, { recursive: true, force: true })
})

/** A folder that whoever runs the command may write. */
function folder(): string {
  const made = mkdtempSync(join(top, 'run-'))
  chmodSync(made, 0o777)
  return made
}

const preload = (name: string) => pathToFileURL(join(root, 'test/support', name)).href

/** Starts `harvester` in a folder; whatever becomes of the test, it ends with it. */
function run(
  args: readonly string[],
  cwd = folder(),
  options: { env?: Record<string, string>; uid?: number; imports?: string[] } = {},
): Running {
  const running = start(args, cwd, { HARVESTER_HTTP_PORT: '0', ...options.env }, root, options)
  closing.push(() => running.kill('SIGKILL'))
  return running
}

let erddap: ErddapServer
const config = () => ({
  HARVEST_CONFIG_YAML: `{erddap_urls: ["${erddap.url}"], ckan_url: "http://127.0.0.1:9"}`,
  RUN_ON_DEPLOY: 'true',
})
beforeAll(async () => {
  erddap = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 3, profiles: 3 }) })
  closing.push(() => erddap.close())
})

describe('a port that is taken', () => {
  let taken: Server
  let port: string
  beforeAll(async () => {
    taken = createServer()
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening))
    port = String((taken.address() as { port: number }).port)
    closing.push(() => taken.close())
  })

  it.each([
    ['start', 'of the demo', () => ({})],
    ['start', 'of a site', config],
    ['worker --serve', 'of a site', config],
    ['serve', '', () => ({})],
  ])(
    'ends harvester %s %s with 1, before anything is asked or made',
    async (words, _, env) => {
      const cwd = folder()
      const ended = await run(words.split(' '), cwd, { env: { ...env(), HARVESTER_HTTP_PORT: port } }).ended
      expect(ended).toMatchObject({ code: 1 })
      expect(ended.stderr).toContain(`harvester: The address 127.0.0.1:${port} is in use by another program.`)
      expect(ended.stderr).toContain('choose another port with HARVESTER_HTTP_PORT')
      expect(ended.stderr).not.toMatch(/\n\s+at /)
      expect(erddap.requests).toEqual([])
      expect(existsSync(join(cwd, '.data/demo/database'))).toBe(false)
    },
    patience,
  )
})

const nobody = 65_534
const isRoot = process.getuid?.() === 0
// Root may read and write everywhere: it tries as somebody else, who must be able to read the program.
const readable =
  !isRoot ||
  spawnSync(
    process.execPath,
    ['-e', `require('fs').accessSync(${JSON.stringify(join(root, 'dist/cli.js'))})`],
    {
      uid: nobody,
      gid: nobody,
    },
  ).status === 0

describe('a .env', () => {
  /** `config check` beside this .env, and with a database that nobody asks. */
  const check = (write: (path: string) => void, ...args: string[]) => checkWith({}, write, ...args)
  const checkWith = (more: Record<string, string>, write: (path: string) => void, ...args: string[]) => {
    const cwd = folder()
    write(join(cwd, '.env'))
    const env = { HARVEST_CONFIG_YAML: 'erddap_urls: [https://a.example.org/erddap]', ...more }
    const user = isRoot && readable ? { uid: nobody } : {}
    return run(args.length > 0 ? args : ['config', 'check'], cwd, { env, ...user }).ended
  }

  it.skipIf(!readable)('that this user may not read ends a command with 2 and a remedy', async () => {
    const ended = await check((path) => {
      writeFileSync(path, 'DB_HOST=db\n')
      chmodSync(path, isRoot ? 0o600 : 0)
    })
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(/\.env cannot be read \(EACCES\)\n {2}Give this user the right to read it/)
  })

  it.each<[string, RegExp, (path: string) => void]>([
    ['that is a folder', /\.env cannot be read \(EISDIR\)\n {2}Make it a file/, (path) => mkdirSync(path)],
    [
      'of PowerShell',
      /\.env is no text in UTF-8\n {2}Save it as UTF-8/,
      (path) => writeFileSync(path, Buffer.from('\uFEFFDB_HOST=db\r\n', 'utf16le')),
    ],
    [
      'with NUL bytes',
      /\.env is no text in UTF-8/,
      (path) => writeFileSync(path, Buffer.from('DB_HOST=db\n', 'utf16le')),
    ],
    [
      'with lines that mean nothing',
      /\.env is not understood:\n {2}line 1 is no NAME=value\n {2}line 3: the quote that DB_USER begins with has no end\n {2}Write/,
      (path) => writeFileSync(path, 'DB_HOST db\n\nDB_USER="u\n'),
    ],
  ])('%s ends a command with 2 and a remedy, and not its help', async (_, said, write) => {
    const ended = await check(write)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(said)
    expect(ended.stderr).not.toMatch(/\n\s+at /)
    expect(await check(write, 'config', 'check', '--help')).toMatchObject({ code: 0, stderr: '' })
  })

  it('is read with what belongs to its values, and warns of a name that stands twice', async () => {
    const ended = await check((path) =>
      writeFileSync(path, '\uFEFFWORKER_LIMIT=1\nWORKER_LIMIT=many#x # how many\n'),
    )
    expect(ended).toMatchObject({ code: 2 })
    expect(`${ended.stdout}${ended.stderr}`).toContain('WORKER_LIMIT ("many#x"): must be a whole number')
    expect(ended.stderr).toMatch(/^harvester: .*\.env, line 2: WORKER_LIMIT stands on line 1 already/)
  })

  it('says what the environment leaves blank, and never what it says', async () => {
    const ended = await checkWith(
      { WORKER_LIMIT: ' ', HARVESTER_HTTP_PORT: '0', HARVESTER_TZ: '""' },
      (path) =>
        writeFileSync(path, 'WORKER_LIMIT=many\nHARVESTER_HTTP_PORT=many\nHARVESTER_TZ=Mars\nPATH=/none\n'),
    )
    expect(ended).toMatchObject({ code: 2 })
    const said = `${ended.stdout}${ended.stderr}`
    expect(said).toContain('WORKER_LIMIT ("many")')
    expect(said).toContain('HARVESTER_TZ ("Mars")')
    expect(said).not.toContain('HTTP_PORT ("many")')
  })
})

describe('a folder that cannot be written', () => {
  const cases: [string, string[], () => Record<string, string>][] = [
    ['the demo', ['start', '--once'], () => ({})],
    ['the demo with its dashboard', ['start'], () => ({})],
    ['a site', ['start'], config],
    ['a worker', ['worker'], config],
    ['the API', ['serve'], config],
    ['migrate', ['migrate'], () => ({})],
  ]
  it.skipIf(!readable).each(cases)(
    'by its rights ends %s with a sentence and a remedy',
    async (_, args, env) => {
      const cwd = folder()
      chmodSync(cwd, 0o555)
      const ended = await run(args, cwd, { env: env(), ...(isRoot && { uid: nobody }) }).ended
      expect(ended, ended.stderr).toMatchObject({ code: 1 })
      expect(ended.stderr).toMatch(
        /harvester: .*(cannot be|could not be) (written|made|used).*EACCES.*\n {2}\S.*\.\n$/,
      )
      expect(ended.stderr).not.toMatch(/\n\s+at /)
    },
    patience,
  )

  it.each(cases)(
    'since it is a file ends %s with a sentence and a remedy, whoever starts it',
    async (_, args, env) => {
      const cwd = folder()
      writeFileSync(join(cwd, '.data'), 'a file where a folder should be')
      const ended = await run(args, cwd, { env: env() }).ended
      expect(ended, ended.stderr).toMatchObject({ code: 1 })
      expect(ended.stderr).toMatch(/harvester: .*\.data.*\n {2}\S.*\.\n$/)
      expect(ended.stderr).not.toMatch(/\n\s+at /)
    },
    patience,
  )
})

describe('the embedded database', () => {
  it(
    'is not begun where the disk has too little room',
    async () => {
      const cwd = folder()
      const ended = await run(['start', '--once'], cwd, { imports: [preload('little-room.mjs')] }).ended
      expect(ended).toMatchObject({ code: 1 })
      expect(ended.stderr).toContain('it needs 150 MB, 40 MB are free')
      expect(ended.stderr).toContain('Make room, set HARVESTER_DATA_DIR')
      expect(readdirSync(join(cwd, '.data/demo/database'))).toEqual([])
    },
    patience,
  )

  it(
    'is given up when its start makes no progress, and leaves the folder to the next',
    async () => {
      const cwd = folder()
      const stuck = run(['migrate'], cwd, { imports: [preload('stuck-engine.mjs')] })
      await stuck.says('Starting the embedded database')
      stuck.kill('SIGTERM')
      expect(await stuck.ended).toMatchObject({ code: 143 })
      expect(readdirSync(join(cwd, '.data/database'))).toEqual([])
    },
    patience,
  )

  it(
    'can be stopped at any moment of its first start, and killed, and is made whole afterwards',
    async () => {
      const cwd = folder()
      for (const [text, signal, code] of [
        ['This is the demo', 'SIGTERM', 143],
        ['Starting the embedded database', 'SIGINT', 130],
        ['Starting the embedded database', 'SIGKILL', null],
      ] as const) {
        const running = run(['start', '--once'], cwd)
        await running.says(text)
        running.kill(signal)
        const ended = await running.ended
        expect(ended, ended.stderr).toMatchObject({ code })
        expect(ended.stderr).not.toMatch(/\n\s+at /)
        if (signal !== 'SIGKILL') expect(ended.stderr).toMatch(/Stopping/)
      }
      const data = join(cwd, '.data/demo')
      // As a start leaves it that died in the middle of making the files.
      mkdirSync(join(data, 'database/engine'), { recursive: true })
      writeFileSync(join(data, 'database/engine/PG_VERSION'), '18')
      writeFileSync(join(data, 'database/engine.unfinished'), '')
      const engine = await openEngine({ dataFolder: data })
      expect(engine.owned).toBe(true)
      await engine.close()
      expect(readdirSync(join(data, 'database'))).toEqual(['engine'])
    },
    patience,
  )
})

describe.skipIf(!existsSync('/dev/full'))('a full disk behind', () => {
  /** What the other stream says, and the exit code. */
  function full(stream: 'stdout' | 'stderr', args: string[], cwd: string, until?: string) {
    const disk = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [...harvesterProgram, ...args], {
      cwd,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: cwd,
        HARVESTER_HTTP_PORT: '0',
        ...config(),
        RUN_ON_DEPLOY: 'false',
      },
      stdio: ['ignore', stream === 'stdout' ? disk : 'pipe', stream === 'stderr' ? disk : 'pipe'],
    })
    closeSync(disk)
    closing.push(() => child.kill('SIGKILL'))
    let said = ''
    ;(child.stdout ?? child.stderr)!.on('data', (piece) => {
      said += piece
      if (until !== undefined && said.includes(until)) child.kill('SIGTERM')
    })
    return new Promise<{ code: number | null; said: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, said })),
    )
  }

  it(
    'standard error costs neither a harvest nor a service more than its lines',
    async () => {
      erddap.setHostile([])
      const cwd = folder()
      const ended = await full('stderr', ['harvest', '--no-load'], cwd)
      expect(ended, ended.said).toMatchObject({ code: 0 })
      expect(ended.said).toContain('Completed: ')
      const { complete, other } = runFolders(join(cwd, 'harvest'))
      expect([complete.length, other]).toEqual([1, []])
      const service = await full('stderr', ['start'], folder(), 'Dashboard: ')
      expect(service, service.said).toMatchObject({ code: 0 })
    },
    patience,
  )

  it(
    'standard output is told in one sentence, and ends a command with 1 after its work',
    async () => {
      const cwd = folder()
      const told = /harvester: standard output could not be written \(ENOSPC[^\n]*\)\n/
      const check = await full('stdout', ['config', 'check'], cwd)
      expect(check).toMatchObject({ code: 1 })
      expect(check.said.match(told)?.[0]).toBe(check.said)
      const harvest = await full('stdout', ['harvest', '--no-load'], cwd)
      expect(harvest).toMatchObject({ code: 1 })
      expect(harvest.said).toMatch(told)
      expect(harvest.said).not.toMatch(/\n\s+at /)
      expect(runFolders(join(cwd, 'harvest')).complete).toHaveLength(1)
    },
    patience,
  )
})

describe('a start within the grace time of another', () => {
  it(
    'waits for the embedded database, says so, and has it from then on',
    async () => {
      const cwd = folder()
      // Listed, and then no answer: the run is under way until it is told to end.
      erddap.setHostile([{ match: /\/info\//, behave: { kind: 'silent' } }])
      const env = { ...config(), WORKER_GRACE_SECONDS: '600' }
      const old = run(['start'], cwd, { env })
      await new Promise<void>((asked) => {
        erddap.onRequest(({ path }) => path.includes('/info/') && asked())
      })
      old.kill('SIGTERM')
      await old.says('stopping')
      const next = run(['start'], cwd, { env: { ...env, RUN_ON_DEPLOY: 'false', WORKER_GRACE_SECONDS: '0' } })
      await next.says(`Waiting for process ${old.pid}, which is stopping`)
      // A second signal ends the grace time.
      old.kill('SIGTERM')
      expect(await old.ended).toMatchObject({ code: 0 })
      await next.says('standalone is running')
      const listed = await run(['runs', 'list'], cwd).ended
      expect(listed, listed.stderr).toMatchObject({ code: 0 })
      expect(listed.stdout).toContain('harvest-all')
      next.kill('SIGTERM')
      expect(await next.ended).toMatchObject({ code: 0 })
    },
    patience,
  )
})
