import type { WaitFor, WaitForParameter } from '../config/operations-schema.ts'
import type { Source } from '../config/source.ts'
import { mergeWaitFor } from '../config/wait-for.ts'
import { HarvesterError } from '../errors.ts'
import { describeSeen, describeWanted, newerThanMs } from '../rules/readiness.ts'
import { sourceTypes } from '../rules/source-types.ts'
import { type FlowContext, systemRuntime, type TaskHandle, task } from '../runs/index.ts'
import { kindOf, type SourceWait, type Waited } from '../sources/index.ts'
import type { HarvestServices } from './services.ts'

interface Input {
  services: Pick<HarvestServices, 'config' | 'http'>
  source: Source
  /** Of its kind. */
  wait: SourceWait
  waitFor: WaitFor
  /** What an age is counted from. */
  startedAt: Date
}

/**
 * Waits until a source is as `waitFor` wants it. The log has a line at the start, one whenever something else is
 * seen, and one at the end.
 * @throws HarvesterError SOURCE_NOT_READY
 */
export const waitForSource = task({
  name: 'wait-for-source',
  async run({ services, source, wait, waitFor, startedAt }: Input, { log, signal }): Promise<Waited> {
    const wanted = {
      datasetId: waitFor.dataset_id ?? null,
      newerThanMs: waitFor.newer_than === undefined ? null : instant(waitFor.newer_than, startedAt),
    }
    const facts = { source: source.url }
    log.info(
      { ...facts, timeoutSeconds: waitFor.timeout_seconds, intervalSeconds: waitFor.interval_seconds },
      `waiting until ${describeWanted(wanted)}`,
    )
    const waited = await wait.until(
      source,
      { http: services.http, settings: services.config.settings },
      {
        wanted,
        timeoutMs: waitFor.timeout_seconds * 1000,
        intervalMs: waitFor.interval_seconds * 1000,
        signal,
        sleep: systemRuntime.sleep,
        onChange: (seen) => log.info(facts, describeSeen(seen)),
      },
    )
    log.info(
      { ...facts, looks: waited.looks, seconds: Math.round(waited.waitedMs / 100) / 10 },
      `ready: ${describeSeen(waited.seen)}`,
    )
    return waited
  },
})

/**
 * Starts to wait for each source that is to be waited for, all side by side.
 * @returns by address; whoever awaits one sees why its source is not ready
 */
export function startWaits(
  services: HarvestServices,
  sources: readonly Source[],
  told: WaitForParameter | null,
  context: FlowContext,
): Map<string, TaskHandle<Waited>> {
  const waits = new Map<string, TaskHandle<Waited>>()
  for (const source of sources) {
    const { wait } = kindOf(source)
    if (wait === null) {
      if (told !== null)
        context.log.debug({ source: source.url }, `${sourceTypes[source.type].label} is not waited for`)
      continue
    }
    const waitFor = mergeWaitFor(wait.wanted(source), told)
    if (waitFor === null) continue
    if (services.answersFromDisk) {
      context.log.debug({ source: source.url }, 'answers come from the disk: nothing is waited for')
      continue
    }
    const name = sources.length === 1 ? waitForSource.name : `${waitForSource.name}-${source.slug}`
    waits.set(
      source.url,
      context.task(
        waitForSource,
        { services, source, wait, waitFor, startedAt: context.startedAt },
        { name },
      ),
    )
  }
  return waits
}

function instant(text: string, startedAt: Date): number {
  const ms = newerThanMs(text, startedAt.getTime())
  if (ms !== null) return ms
  throw new HarvesterError('PARAMETERS_INVALID', `newer_than: "${text}" is no time`, {
    remedy: 'Write a time as 2026-11-21T05:00:00Z, or an age as 90min, 6h or 2d.',
  })
}
