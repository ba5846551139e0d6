/** A worker of a Prefect server: waits for it, registers, then executes what is due in its pools. */
import { newInstance } from '../instance.ts'
import type { RunOnDeploy } from '../orchestrator-kind.ts'
import type { AnyFlow } from '../registry.ts'
import { type RunnerOptions, startRunner } from '../runner.ts'
import { systemRuntime } from '../runtime.ts'
import { takeSlot } from '../slot.ts'
import type { PrefectBackend } from './backend.ts'
import type { Registration, RegistrationReport } from './deployments.ts'
import { prefectQueue } from './queue.ts'
import { register, type Startup, waitForPools, waitForServer } from './startup.ts'
import type { OnProblem } from './telemetry.ts'

export interface WorkerOptions extends Omit<RunnerOptions, 'queue' | 'instance' | 'runs' | 'outboxFolder'> {
  readonly backend: PrefectBackend
  readonly flows: ReadonlyMap<string, AnyFlow>
  readonly pools: readonly string[]
  /** Null: `{hostname}-{slot}`. */
  readonly name: string | null
  /** Where the locks of slots are kept, and ends of runs that are not told yet. */
  readonly slotFolder: string
  /** Null: this worker registers nothing and waits for its pools. */
  readonly registration: Registration | null
  /** Honoured only with a registration. */
  readonly runOnDeploy?: RunOnDeploy | null
  /** Aborted: gives up waiting for the server. */
  readonly signal?: AbortSignal
  readonly onInfo?: OnProblem
}

export interface Worker {
  readonly name: string
  readonly running: number
  readonly registered: RegistrationReport | null
  /** Takes no more runs, waits for those that run, gives back or crashes the rest; nothing is left Running. */
  stop(): Promise<void>
  /** Ends the grace time of {@link stop} at once. */
  force(): void
}

/**
 * Rejects with PREFECT_REFUSED for a server or pool that will never do, USAGE for a name that another living worker
 * has.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { backend, pools } = options
  const runtime = options.runtime ?? systemRuntime
  const onProblem = options.onProblem ?? (() => {})
  const onInfo = options.onInfo ?? (() => {})
  const signal = options.signal ?? new AbortController().signal
  const startup: Startup = { backend, runtime, signal, onProblem, onInfo }

  const version = await waitForServer(startup)
  onInfo('Prefect server found', { url: backend.client.settings.apiUrl, version })
  const { registration } = options
  const registered =
    registration === null ? null : await register(startup, registration, options.runOnDeploy ?? null)
  await waitForPools(startup, pools)
  const slot = options.name === null ? await takeSlot(options.slotFolder) : null
  const name = options.name ?? slot?.name ?? 'worker'
  try {
    const runner = await startRunner(
      {
        ...options,
        queue: prefectQueue({
          backend,
          pools,
          runtime,
          onProblem,
          onInfo,
          async registerAgain(gone) {
            if (registration?.pools.some(({ name }) => gone.has(name)))
              await register(startup, registration, null)
          },
        }),
        instance: newInstance(name),
        runs: backend,
        outboxFolder: `${options.slotFolder}/ends`,
      },
      signal,
    )
    onInfo('Worker started', { worker: name, pools: pools.join(', '), limit: options.limit ?? 4 })
    return {
      name,
      registered,
      get running() {
        return runner.running
      },
      async stop() {
        await runner.stop()
        await slot?.release()
      },
      force: () => runner.force(),
    }
  } catch (error) {
    await slot?.release()
    throw error
  }
}
