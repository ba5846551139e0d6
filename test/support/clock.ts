import { fileURLToPath } from 'node:url'

/**
 * `TEST_CLOCK=+400d npm test`, `TEST_CLOCK=2028-02-29T23:59:00Z TZ=Pacific/Auckland npm test`: a run at another time,
 * which begins at the given moment or so many days (d) or hours (h) from now.
 */
export function setTestClock(env: NodeJS.ProcessEnv): void {
  const clock = env.TEST_CLOCK
  if (clock === undefined || env.TEST_CLOCK_SHIFT_MS !== undefined) return
  const [, sign, count, unit] = /^([+-])(\d+)([dh])$/.exec(clock) ?? []
  const shift =
    count === undefined
      ? Date.parse(clock) - Date.now()
      : Number(`${sign}${count}`) * (unit === 'd' ? 86_400_000 : 3_600_000)
  if (!Number.isFinite(shift))
    throw new Error(`TEST_CLOCK=${clock} is no moment and no number of days: +400d`)
  env.TEST_CLOCK_SHIFT_MS = String(shift)
  // By --require, which threads heed too; what is imported stays out of those that run a text.
  const preload = `--require ${JSON.stringify(fileURLToPath(new URL('shifted-clock.cjs', import.meta.url)))}`
  env.NODE_OPTIONS = env.NODE_OPTIONS ? `${env.NODE_OPTIONS} ${preload}` : preload
}
