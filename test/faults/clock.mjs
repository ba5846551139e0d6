/**
 * Preloaded with `--import`: a clock that can be moved from outside. The file that FAULT_CLOCK_FILE names holds
 * `{ offset, rate }`: milliseconds beside the true clock, and how fast it goes from then on (0 stands still).
 * Timers and performance.now() go on as they do under an adjusted system clock.
 */
import { readFileSync } from 'node:fs'

const TrueDate = Date
const path = process.env.FAULT_CLOCK_FILE
let text = ''
let setting = { offset: 0, rate: 1, since: TrueDate.now() }

const now = () => {
  const real = TrueDate.now()
  return Math.floor(setting.since + setting.offset + (real - setting.since) * setting.rate)
}

class MovedDate extends TrueDate {
  constructor(...given) {
    if (given.length === 0) super(now())
    else super(...given)
  }
  static now() {
    return now()
  }
}
globalThis.Date = MovedDate

setInterval(() => {
  try {
    const next = readFileSync(path, 'utf8')
    if (next === text || next === '') return
    text = next
    setting = { ...JSON.parse(next), since: TrueDate.now() }
  } catch {
    // Nobody has moved it yet.
  }
}, 50).unref()
