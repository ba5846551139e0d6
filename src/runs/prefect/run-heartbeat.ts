import type { Runtime } from '../runtime.ts'
import type { RunFacts } from '../types.ts'
import type { PrefectClient, Schemas } from './client.ts'

/** The signs of life of a run, as Python sends them. */
export interface RunHeartbeat {
  /** Sends one in a while, and then again and again. */
  start(): void
  /** Waits for the last one: were it seen after the end of the run, the server would take the run for silent. */
  stop(): Promise<void>
}

/** The end of a run waits for a heartbeat that is under way, so none may take long. */
const limitMs = 10_000

export function runHeartbeat(options: {
  readonly client: PrefectClient
  readonly runtime: Runtime
  readonly run: Pick<RunFacts, 'id' | 'flow'> & { readonly tags: readonly string[] }
  readonly flowId: string
  /** As the run is called now. */
  readonly name: () => string
  readonly seconds: number
}): RunHeartbeat {
  const { client, runtime, run, flowId } = options
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<unknown> = Promise.resolve()
  const event = (): Schemas['Event'] => ({
    id: runtime.id(),
    occurred: runtime.now().toISOString(),
    event: 'prefect.flow-run.heartbeat',
    resource: {
      'prefect.resource.id': `prefect.flow-run.${run.id}`,
      'prefect.resource.name': options.name(),
      'prefect.version': '3.8.8',
    },
    related: [
      {
        'prefect.resource.id': `prefect.flow.${flowId}`,
        'prefect.resource.role': 'flow',
        'prefect.resource.name': run.flow,
      },
      ...run.tags.map((tag) => ({
        'prefect.resource.id': `prefect.tag.${tag}`,
        'prefect.resource.role': 'tag',
      })),
    ],
    payload: {},
  })
  const beat = () => {
    beating = client.once
      .POST('/events', { body: [event()], signal: AbortSignal.timeout(limitMs) })
      .catch(() => {}) // the next one comes soon
  }
  return {
    start() {
      // Most runs end before the first: nobody needs a sign of life of what began a moment ago.
      clearInterval(timer)
      timer = setInterval(beat, options.seconds * 1000)
      timer.unref()
    },
    async stop() {
      clearInterval(timer)
      await beating
    },
  }
}
