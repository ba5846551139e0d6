import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LockFile, type LockOwner, releaseLockFile, takeLockFile } from '../../src/process/lock-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-file-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const dead = 1
const owner = (token: string): LockOwner => ({ pid: process.pid, token })

function lockNamed(name: string, lives: LockFile<LockOwner>['lives'] = ({ pid }) => pid !== dead) {
  return { path: join(folder, name), lives, remedy: 'none' }
}

describe('a file that one process holds', () => {
  it('is held until its owner gives it back', async () => {
    const lock = lockNamed('held')
    expect(await takeLockFile(lock, owner('first'))).toBeNull()
    expect(await takeLockFile(lock, owner('second'))).toEqual({ heldBy: owner('first') })
    await releaseLockFile(lock, owner('second'))
    expect(existsSync(lock.path)).toBe(true)
    await releaseLockFile(lock, owner('first'))
    expect(await takeLockFile(lock, owner('second'))).toBeNull()
  })

  it.each([
    ['an owner that died', JSON.stringify({ pid: dead, token: 'gone' })],
    ['an owner that died, as an older version wrote it', JSON.stringify({ pid: dead })],
    ['nobody, cut off', '{"pid": 12'],
    ['nobody, empty', ''],
  ])('is taken over from %s', async (_whom, text) => {
    const lock = lockNamed('left')
    writeFileSync(lock.path, text)
    expect(await takeLockFile(lock, owner('next'))).toBeNull()
    expect(JSON.parse(readFileSync(lock.path, 'utf8'))).toEqual(owner('next'))
    rmSync(lock.path)
  })

  it('is left to whoever took it over first, also while that has not written its name yet', async () => {
    let judged = 0
    const lock = lockNamed('raced', ({ pid }) => {
      if (pid !== dead) return true
      judged += 1
      // Another process judges the same, and is a step ahead.
      rmSync(lock.path)
      writeFileSync(lock.path, '')
      setTimeout(() => writeFileSync(lock.path, JSON.stringify(owner('quicker'))), 150)
      return false
    })
    writeFileSync(lock.path, JSON.stringify({ pid: dead }))
    expect(await takeLockFile(lock, owner('slower'))).toEqual({ heldBy: owner('quicker') })
    expect(judged).toBe(1)
  })
})
