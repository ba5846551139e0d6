/** What health checks ask. Loads little: it is asked every few seconds. */

import { hostname } from 'node:os'
import { readEnvironment } from '../../config/environment.ts'
import { variables } from '../../config/variables.ts'
import { exitCodes } from '../../errors.ts'
import { lives, readSigns, workersFolder } from './signs.ts'

/** Whether a worker lives, for health checks: the named one, else any of this host. */
export function checkWorker(name?: string): number {
  const folder = readEnvironment(variables).HARVESTER_DATA_DIR
  const now = new Date()
  const signs = readSigns(folder).filter((sign) =>
    name === undefined ? sign.host === hostname() : sign.name === name,
  )
  for (const sign of signs)
    if (lives(sign, now)) {
      process.stdout.write(`the worker ${sign.name} (process ${sign.pid}) lives\n`)
      return exitCodes.done
    }
  const [silent] = signs
  process.stderr.write(
    silent
      ? `harvester: the worker ${silent.name} (process ${silent.pid}) gave its last sign of life at ${silent.at.toISOString()}\n`
      : `harvester: no worker${name === undefined ? '' : ` ${name}`} runs here (no sign of life in ${workersFolder(folder)})\n`,
  )
  return exitCodes.failed
}
