import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HeldLock, type Owner, readOwner, takeLock } from '../../src/database/embedded/lock.ts'
import { processLives, processStart } from '../../src/process/alive.ts'

describe('the lock of an embedded database', () => {
  let folder: string
  const children: ChildProcess[] = []
  const locks: HeldLock[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'harvester-lock-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const lock of locks.splice(0)) await lock.release()
    await rm(folder, { recursive: true, force: true })
  })
  const take = async () => {
    const lock = await takeLock(folder, folder)
    if ('release' in lock) locks.push(lock)
    return lock
  }
  const living = async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    children.push(child)
    await once(child, 'spawn')
    return child
  }
  const write = async (changes: Partial<Owner>) => {
    const lock = await takeLock(folder, folder)
    if (!('release' in lock)) throw new Error('somebody has the lock')
    await lock.release()
    await writeFile(join(folder, 'owner.lock'), JSON.stringify({ ...lock.owner, token: 'other', ...changes }))
    // By the clock of the test, which need not be that of the disk.
    const now = new Date()
    await utimes(join(folder, 'owner.lock'), now, now)
  }

  it('names its owner, and is gone when it is given back', async () => {
    const lock = await take()
    expect('release' in lock).toBe(true)
    expect(await readOwner(folder)).toMatchObject({ pid: process.pid, socketFolder: folder })
    await locks.pop()!.release()
    expect(await readOwner(folder)).toBeUndefined()
  })

  it('is had by one of many', async () => {
    const takers = await Promise.all(Array.from({ length: 10 }, take))
    expect(takers.filter((taker) => 'release' in taker)).toHaveLength(1)
  })

  it('stays with a process that lives', async () => {
    const child = await living()
    await write({ pid: child.pid!, processStart: processStart(child.pid!) })
    expect(await take()).toMatchObject({ heldBy: { pid: child.pid } })
  })

  it('is taken over from a process that died, once', async () => {
    const child = await living()
    const start = processStart(child.pid!)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await write({ pid: child.pid!, processStart: start })
    const takers = await Promise.all(Array.from({ length: 10 }, take))
    expect(takers.filter((taker) => 'release' in taker)).toHaveLength(1)
  })

  it('is taken over when the number of the process was given out again', async () => {
    const child = await living()
    const told = processStart(child.pid!) !== ''
    expect(processLives({ pid: child.pid!, started: 'another start' })).toBe(!told)
    await write({ pid: child.pid!, processStart: 'another start' })
    expect('release' in (await take())).toBe(told)
  })

  it('of another container is believed while it gives signs of life', async () => {
    await write({ pid: 1, pidSpace: 'elsewhere' })
    expect(await take()).toMatchObject({ heldBy: { pidSpace: 'elsewhere' } })
    const longAgo = new Date(Date.now() - 120_000)
    await utimes(join(folder, 'owner.lock'), longAgo, longAgo)
    expect('release' in (await take())).toBe(true)
  })

  it('is taken over when its file was cut off by a crash', async () => {
    await writeFile(join(folder, 'owner.lock'), '{"pid":')
    expect('release' in (await take())).toBe(true)
    expect(JSON.parse(await readFile(join(folder, 'owner.lock'), 'utf8'))).toMatchObject({ pid: process.pid })
  })
})
