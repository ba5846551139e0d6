import type { Database } from '../database/port.ts'
import { HarvesterError } from '../errors.ts'
import { askClock } from '../inventory/clock.ts'
import { believeClock } from '../rules/evidence/index.ts'
import { durationInWords } from '../rules/time.ts'
import type { FlowContext } from '../runs/index.ts'

/**
 * Compares the clock of this machine with the database's, before any source is asked: what is harvested is dated by it.
 * @throws HarvesterError CLOCK_WRONG
 */
export async function checkClock(database: Database, { log }: FlowContext): Promise<void> {
  const { kind, aheadMs } = believeClock(await askClock(database))
  if (kind !== 'apart' && kind !== 'wrong') return
  const apart = `the clock of this machine is ${durationInWords(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} the database's`
  const remedy = 'Set the clock, as by NTP, of the machine that is wrong.'
  if (kind === 'wrong') throw new HarvesterError('CLOCK_WRONG', `${apart}: nothing was asked`, { remedy })
  log.warn({ aheadSeconds: Math.round(aheadMs / 1000), remedy }, apart)
}
