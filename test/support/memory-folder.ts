import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Linux keeps in memory what lies there. Containers often have 64 MB of it. */
const memory = '/dev/shm'
/** Several times what four embedded engines, a PostgreSQL and programs of before need at once. */
const roomyBytes = 8 * 2 ** 30
const prefix = 'harvester-tests-'

/**
 * Lets the tests' temporary files lie in memory where there is plenty: databases make and remove small files all the
 * time, which took a sixth of the processor's time of the tests that have one, and more waiting. Else, and where
 * TMPDIR is set, nothing changes.
 */
export function setTestFolder(env: NodeJS.ProcessEnv): void {
  if (env.TMPDIR !== undefined || !isRoomy()) return
  removeAbandoned()
  const folder = mkdtempSync(join(memory, `${prefix}${process.pid}-`))
  // PostgreSQL has another user where the tests are root's.
  chmodSync(folder, 0o755)
  env.TMPDIR = folder
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
}

function isRoomy(): boolean {
  if (process.platform !== 'linux' || !existsSync(memory) || tmpdir() !== '/tmp') return false
  const { bavail, bsize } = statfsSync(memory)
  return Math.min(bavail * bsize, process.availableMemory()) > roomyBytes
}

/** What runs of tests left that were killed: memory that nobody would give back. */
function removeAbandoned(): void {
  for (const name of readdirSync(memory)) {
    const pid = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1])
    if (pid > 0 && !existsSync(`/proc/${pid}`))
      rmSync(join(memory, name), { recursive: true, force: true, maxRetries: 3 })
  }
}
