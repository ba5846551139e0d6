import { randomUUID } from 'node:crypto'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Environment } from '../../config/environment.ts'
import { type Finding, failure, fine, warned } from './types.ts'

/** Less than this does not hold the tables of a large source and its spilled rows. */
const leastFreeBytes = 2e9

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? fine('Node', version)
    : failure('Node', `${version} is too old`, 'Install Node 20.19 or newer.')
}

export function checkTimeZone(): Finding {
  const zones = Intl.supportedValuesOf('timeZone').length
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  return zones > 100
    ? fine('time zones', `${zones} known; this process is in ${own}, schedules are in HARVESTER_TZ`)
    : failure('time zones', `Node knows ${zones}`, 'Use a Node with full ICU data.')
}

/** Whether the folders can be written, and how much room is left. */
export async function* checkFolders(
  environment: Pick<Environment, 'HARVESTER_DATA_DIR' | 'HARVESTER_CACHE_DIR' | 'HARVESTER_LOG_DIR'>,
): AsyncGenerator<Finding> {
  for (const [name, folder] of [
    ['HARVESTER_DATA_DIR', environment.HARVESTER_DATA_DIR],
    ['HARVESTER_CACHE_DIR', environment.HARVESTER_CACHE_DIR],
    ['HARVESTER_LOG_DIR', environment.HARVESTER_LOG_DIR],
  ] as const) {
    const what = `folder ${resolve(folder)}`
    try {
      await mkdir(folder, { recursive: true })
      const probe = join(folder, `.doctor-${randomUUID()}`)
      await writeFile(probe, 'x')
      await rm(probe)
      const { bavail, bsize } = await statfs(folder)
      const free = bavail * bsize
      const gigabytes = `${(free / 1e9).toFixed(1)} GB free`
      yield free < leastFreeBytes
        ? warned(what, gigabytes, `Make room, or set ${name} to a folder on a larger disk.`)
        : fine(what, gigabytes)
    } catch (error) {
      yield failure(what, error, `Make it writable, or set ${name} to another folder.`)
    }
  }
}
