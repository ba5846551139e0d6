/**
 * Listens to what happens in a process, remembers troubles, and sends what is due. Nothing here ever throws into a
 * harvest: what goes wrong is logged.
 */

import type { Source } from '../../config/source.ts'
import { describeError } from '../../errors.ts'
import type { HarvestEvent } from '../../log/events.ts'
import type { Log } from '../../log/log.ts'
import type { EngineEvent } from '../../runs/types.ts'
import type { Channel } from './channels.ts'
import { type AlertMessage, alertMessage, type Envelope, type Links } from './message.ts'
import {
  claim,
  type DatasetCounts,
  nextDue,
  observeAge,
  observeRun,
  remember,
  type SourceAge,
  unclaim,
} from './policy.ts'
import { resilientStore } from './resilient-store.ts'
import type { AlertSettings, AlertStore, Change, Observation } from './trouble.ts'

export interface AlertsOptions {
  readonly settings: AlertSettings
  readonly channels: readonly Channel[]
  /** What all processes share; while it is away, this process remembers by itself. */
  readonly store: AlertStore
  readonly sources: readonly Source[]
  readonly links: Links
  readonly envelope: () => Envelope
  readonly log: Log
  /** Asked every `checkSeconds`; null where staleness is of no interest. */
  readonly ages: (() => Promise<readonly SourceAge[]>) | null
  /** How often sources are checked for staleness. @default 300 */
  readonly checkSeconds?: number
  /** How often is looked for what another process left untold. @default 60 */
  readonly sweepSeconds?: number
  readonly now?: () => Date
}

export interface Alerts {
  /** Of the engine: ends of runs. Never throws, never waits. */
  onEngineEvent(event: EngineEvent): void
  /** Of harvests: counts of datasets. Never throws. */
  onHarvestEvent(event: HarvestEvent): void
  /** Sends what waits without awaiting the digest time, and ends. Never rejects. */
  stop(): Promise<void>
}

/** A message that no channel took is tried again, at last every quarter of an hour. */
const longestRetryMs = 15 * 60_000
/** The end of the process waits for the last message so long. */
const stopMs = 15_000

export function startAlerts(options: AlertsOptions): Alerts {
  const { settings, channels, log } = options
  const now = options.now ?? (() => new Date())
  const store = resilientStore(options.store, (error) =>
    log.warn(
      { error: describeError(error) },
      'alerts cannot be remembered in the database; this process remembers them by itself',
    ),
  )
  const counts = runCounts()
  let failures = 0
  let retryAt = 0
  let checking = false
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  /** One thing after the other: what was seen is remembered in its order. */
  let work: Promise<void> = Promise.resolve()

  const enqueue = (what: string, step: () => Promise<void>): Promise<void> => {
    work = work.then(step).catch((error: unknown) => {
      log.error({ error: describeError(error) }, `${what} failed`)
    })
    return work
  }

  const wakeAt = (due: Date | null) => {
    if (due === null || stopped) return
    clearTimeout(timer)
    // Far away is left to the sweep.
    const ms = Math.min(Math.max(0, due.getTime() - now().getTime()), sweepMs)
    timer = setTimeout(() => void enqueue('sending alerts', () => flush(false)), ms)
    timer.unref()
  }

  const note = async (seen: readonly Observation[]): Promise<void> => {
    if (seen.length === 0) return
    const due = await store.change((troubles): Change<Date | null> => {
      const after = remember(troubles, seen, settings)
      return { troubles: after, result: nextDue(after, settings) }
    })
    wakeAt(due)
  }

  const flush = async (all: boolean): Promise<void> => {
    if (!all && now().getTime() < retryAt) return
    const { claimed, due } = await store.change((troubles) => {
      const taken = claim(troubles, settings, now(), all)
      return {
        troubles: taken.troubles,
        result: { claimed: taken.result, due: nextDue(taken.troubles, settings) },
      }
    })
    wakeAt(due)
    if (claimed.alerts.length === 0) return
    const message = alertMessage(claimed.alerts, options.links, options.envelope())
    if ((await sendToAll(channels, message, log)) > 0) {
      failures = 0
      return
    }
    // The next sweep that is late enough tries again, be it that of another process or after a restart.
    failures += 1
    retryAt = now().getTime() + Math.min(longestRetryMs, sweepMs * 2 ** (failures - 1))
    await store.change((troubles) => ({ troubles: unclaim(troubles, claimed.before), result: null }))
  }

  /** Outside of the order of the rest: a database that hangs must not keep alerts back. */
  const checkAges = async (ask: NonNullable<AlertsOptions['ages']>): Promise<void> => {
    if (checking) return
    checking = true
    try {
      const ages = await ask()
      const at = now()
      void enqueue('remembering an alert', () => note(ages.map((age) => observeAge(age, at))))
    } catch (error) {
      log.warn({ error: describeError(error) }, 'cannot see whether sources are stale')
    } finally {
      checking = false
    }
  }

  const sweepMs = (options.sweepSeconds ?? 60) * 1000
  const sweep = setInterval(() => void enqueue('sending alerts', () => flush(false)), sweepMs)
  sweep.unref()
  const { ages } = options
  const checks =
    ages !== null && settings.stale_hours > 0 && settings.on.includes('stale')
      ? setInterval(() => void checkAges(ages), (options.checkSeconds ?? 300) * 1000)
      : undefined
  checks?.unref()

  return {
    onEngineEvent(event) {
      if (event.type !== 'run-finished') return
      try {
        const datasets = counts.take(event.run.id)
        const seen = observeRun(event, datasets, settings, options.sources, now())
        void enqueue('remembering an alert', () => note(seen))
      } catch (error) {
        log.error({ error: describeError(error) }, 'an alert could not be made')
      }
    },
    onHarvestEvent: counts.listen,
    async stop() {
      if (stopped) return work
      stopped = true
      clearInterval(sweep)
      clearInterval(checks)
      clearTimeout(timer)
      let late: NodeJS.Timeout | undefined
      await Promise.race([
        enqueue('sending alerts', () => flush(true)),
        new Promise<void>((resolve) => {
          late = setTimeout(() => {
            log.warn({}, 'alerts are still being sent; this process ends without their end')
            resolve()
          }, stopMs)
        }),
      ])
      clearTimeout(late)
    },
  }
}

/** Sends to every channel side by side; returns how many took it. One that fails is logged. */
export async function sendToAll(
  channels: readonly Channel[],
  message: AlertMessage,
  log: Log,
): Promise<number> {
  const answers = await Promise.all(
    channels.map(async (channel) => {
      try {
        await channel.send(message)
        return true
      } catch (error) {
        log.error({ channel: channel.kind, error: describeError(error) }, 'an alert could not be sent')
        return false
      }
    }),
  )
  const took = answers.filter(Boolean).length
  if (took > 0) log.info({ alerts: message.alerts.length, channels: took }, `alert sent: ${message.summary}`)
  return took
}

/** Datasets by flow run, from the events of its harvest. */
function runCounts(): { listen(event: HarvestEvent): void; take(flowRunId: string): DatasetCounts | null } {
  const flowRuns = new Map<string, string>()
  const counts = new Map<string, DatasetCounts>()
  return {
    listen(event) {
      if (event.type === 'run-started') {
        flowRuns.set(event.runId, event.flowRunId)
        counts.set(event.flowRunId, { failed: 0, total: 0 })
      } else if (event.type === 'source-finished') {
        const flowRun = flowRuns.get(event.runId)
        const before = flowRun === undefined ? undefined : counts.get(flowRun)
        if (flowRun === undefined || before === undefined) return
        const { success, unchanged, skipped, error } = event.counts
        counts.set(flowRun, {
          ...before,
          failed: before.failed + error,
          total: before.total + success + unchanged + skipped + error,
        })
      } else if (event.type === 'run-finished') {
        const flowRun = flowRuns.get(event.runId)
        const before = flowRun === undefined ? undefined : counts.get(flowRun)
        if (flowRun !== undefined && before !== undefined)
          counts.set(flowRun, { ...before, facts: event.facts })
        flowRuns.delete(event.runId)
      }
    },
    take(flowRunId) {
      const found = counts.get(flowRunId) ?? null
      counts.delete(flowRunId)
      return found
    },
  }
}
