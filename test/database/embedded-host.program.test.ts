import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { engineOwner, openEngine } from '../../src/database/embedded/host.ts'
import { takeLock } from '../../src/database/embedded/lock.ts'
import { openDatabase } from '../../src/database/open.ts'
import { HarvesterError, isHarvesterError } from '../../src/errors.ts'
import { processStart } from '../../src/process/alive.ts'
import { testProgram } from '../support/program.ts'

describe('the embedded database among processes', () => {
  const folders: string[] = []
  const children: ChildProcess[] = []
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
  })

  it('is shared through its owner, and outlives an owner that is killed', { timeout: 300_000 }, async () => {
    const top = await mkdtemp(join(tmpdir(), 'harvester-embedded-'))
    folders.push(top)
    // Too long for the path of a socket: another place is found, and the lock tells where.
    const dataFolder = join(top, 'a-folder-with-a-long-name-'.repeat(5))
    const owner = spawn(process.execPath, [...testProgram('embedded-owner'), dataFolder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(owner)
    await once(owner.stdout!, 'data')
    expect((await stat(join(dataFolder, 'database'))).mode & 0o777).toBe(0o700)
    const known = await engineOwner(dataFolder)
    expect(known).toMatchObject({ pid: owner.pid })
    folders.push(known!.socketFolder)

    let started = 0
    const settings = { kind: 'embedded' as const, dataFolder }
    const guest = await openDatabase(settings, { onStarting: () => (started += 1) })
    expect(started).toBe(0)
    expect((await guest.query('SELECT count(*) AS n FROM public.kept')).rows).toEqual([{ n: 50 }])
    await guest.query('INSERT INTO public.kept VALUES (100)')

    // A client that vanishes inside a transaction holds up nobody, and leaves nothing.
    const vanishing = new pg.Client({
      host: known!.socketFolder,
      port: 5432,
      user: 'postgres',
      database: 'postgres',
    })
    vanishing.on('error', () => {})
    await vanishing.connect()
    await vanishing.query('BEGIN')
    await vanishing.query('INSERT INTO public.kept VALUES ($1)', [999])
    ;(vanishing as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    expect((await guest.query('SELECT 1 FROM public.kept WHERE n = 999')).rows).toEqual([])

    // Whoever used it there takes it over: a statement that was under way fails, a later one does not.
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    let kept: unknown
    while (kept === undefined)
      kept = await guest
        .query('SELECT count(*)::int AS n FROM public.kept')
        .then(({ rows }) => rows[0])
        .catch((error: unknown) => {
          if (!isHarvesterError(error, 'DATABASE_FAILED', 'DATABASE_UNREACHABLE')) throw error
        })
    expect(kept).toEqual({ n: 51 })
    expect(started).toBe(1)
    expect(await engineOwner(dataFolder)).toMatchObject({ pid: process.pid })
    await guest.close()
    expect(await engineOwner(dataFolder)).toBeUndefined()

    const heir = await openDatabase(settings, { onStarting: () => (started += 1) })
    expect(started).toBe(2)
    expect((await heir.query('SELECT count(*) AS n FROM public.kept')).rows).toEqual([{ n: 51 }])
    await heir.close()
  })

  it('is waited for by who comes to stay, when its owner is about to end', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'harvester-embedded-'))
    folders.push(dataFolder)
    const folder = join(dataFolder, 'database')
    await mkdir(folder)
    const lock = await takeLock(folder, folder)
    if (!('release' in lock)) throw new Error('somebody has the lock')
    await lock.announceEnd()
    expect(await engineOwner(dataFolder)).toMatchObject({ pid: process.pid, ending: true })
    const stop = new AbortController()
    const waiting: number[] = []
    const opened = openEngine({
      dataFolder,
      // Longer than it may take an owner to answer: this one lives.
      patienceMilliseconds: 1,
      signal: stop.signal,
      onWaiting: ({ pid }) => {
        waiting.push(pid)
        stop.abort(new HarvesterError('CANCELLED', 'told to stop'))
      },
    })
    await expect(opened).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(waiting).toEqual([process.pid])
    await lock.release()
  })

  it('is not begun without room, and leaves nothing', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'harvester-embedded-'))
    folders.push(dataFolder)
    const opened = openEngine({ dataFolder, freeBytes: async () => 149_999_999 })
    await expect(opened).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringContaining('it needs 150 MB, 149 MB are free'),
    })
    expect(await readdir(join(dataFolder, 'database'))).toEqual([])
  })

  it('is given up when its start shows no sign of life, and leaves nothing', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'harvester-embedded-'))
    folders.push(dataFolder)
    const opened = openEngine({ dataFolder, stallMilliseconds: 1 })
    await expect(opened).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: expect.stringContaining('made no progress'),
    })
    expect(await readdir(join(dataFolder, 'database'))).toEqual([])
  })

  it('says who has it when its owner does not answer', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'harvester-embedded-'))
    folders.push(dataFolder)
    const silent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    children.push(silent)
    await once(silent, 'spawn')
    const folder = join(dataFolder, 'database')
    await mkdir(folder)
    const lock = await takeLock(folder, folder)
    if (!('release' in lock)) throw new Error('somebody has the lock')
    await lock.release()
    await writeFile(
      join(folder, 'owner.lock'),
      JSON.stringify({ ...lock.owner, pid: silent.pid, processStart: processStart(silent.pid!) }),
    )
    const error = await openEngine({ dataFolder, patienceMilliseconds: 300 }).catch(
      (caught: unknown) => caught,
    )
    expect(isHarvesterError(error, 'DATABASE_LOCKED')).toBe(true)
    expect((error as Error).message).toContain(`process ${silent.pid}`)
    expect((error as { remedy: string }).remedy).toContain('HARVESTER_DATA_DIR')
  })
})
