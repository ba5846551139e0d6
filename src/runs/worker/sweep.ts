import { isHarvesterError } from '../../errors.ts'
import type { PrefectBackend } from '../prefect/backend.ts'
import { must } from '../prefect/client.ts'
import { setState } from '../prefect/set-state.ts'
import type { OnProblem } from '../prefect/telemetry.ts'
import type { EngineEvent } from '../types.ts'

/** The label that says which worker claimed a run. */
export const workerLabel = 'prefect.worker.name'

export interface SweepOptions {
  readonly backend: PrefectBackend
  readonly pools: readonly string[]
  readonly worker: string
  /** Runs of this process are its own business. */
  readonly isActive: (flowRunId: string) => boolean
  readonly onProblem: OnProblem
  readonly onEvent?: ((event: EngineEvent) => void) | undefined
}

export interface Sweeper {
  /** Settles what a predecessor of the same name left. */
  own(): Promise<number>
  /**
   * Settles what other workers left that are OFFLINE or gone. A worker must be seen dead twice in a row: after an
   * outage of the server all look dead until their next heartbeat.
   */
  others(): Promise<number>
}

interface Suspect {
  id: string
  name: string
  type: string
  worker: string | null
  since: number
}

/** A claimed run without the name of a worker: its worker died between two requests, or is just about to. */
const unnamedAfterMs = 120_000

export function sweeper(options: SweepOptions): Sweeper {
  const { backend, onProblem } = options
  const { client } = backend
  let suspected = new Set<string>()

  const open = async (): Promise<Suspect[]> => {
    const runs = await must(
      'list running runs',
      client.once.POST('/flow_runs/filter', {
        body: {
          flow_runs: {
            operator: 'and_',
            state: { operator: 'and_', type: { any_: ['PENDING', 'RUNNING', 'CANCELLING'] } },
          },
          work_pools: { operator: 'and_', name: { any_: [...options.pools] } },
          sort: 'EXPECTED_START_TIME_DESC',
          limit: 200,
          offset: 0,
        },
      }),
    )
    return runs
      .filter((run) => !options.isActive(run.id))
      .map((run) => ({
        id: run.id,
        name: run.name ?? run.id,
        type: run.state?.type ?? 'RUNNING',
        worker: ((run.labels as Record<string, unknown> | null)?.[workerLabel] as string | undefined) ?? null,
        since: Date.parse(run.state?.timestamp ?? '') || 0,
      }))
  }

  const settle = async (run: Suspect): Promise<boolean> => {
    if (options.isActive(run.id)) return false
    const who = run.worker === null ? 'Its worker' : `Worker ${run.worker}`
    const to =
      run.type === 'CANCELLING'
        ? ({ type: 'CANCELLED', message: `${who} was gone before it could cancel the run` } as const)
        : ({ type: 'CRASHED', message: `${who} ended before the run did` } as const)
    const answer = await setState(client, run.id, to, {
      force: to.type === 'CANCELLED',
      patience: 'once',
    })
    onProblem('A run of a dead worker was settled', {
      run: run.name,
      flowRunId: run.id,
      deadWorker: run.worker,
      answer: answer.kind,
    })
    if (answer.kind !== 'accepted') return false
    await tell(run, to)
    return true
  }

  /** The process that ran it can tell its end no more. */
  const tell = async (run: Suspect, to: { type: 'CANCELLED' | 'CRASHED'; message: string }) => {
    if (!options.onEvent) return
    const facts = await backend.readRun(run.id).catch(() => null)
    options.onEvent({
      type: 'run-finished',
      run: {
        id: run.id,
        name: run.name,
        flow: facts?.flow ?? '',
        deployment: facts?.deployment ?? null,
        parameters: facts?.parameters ?? {},
      },
      state: to.type,
      message: to.message,
      milliseconds: Math.max(0, Date.now() - (facts?.startedAt?.getTime() ?? run.since)),
      runCount: facts?.runCount ?? 0,
      children: [],
    })
  }

  const settleAll = async (runs: readonly Suspect[]): Promise<number> => {
    let count = 0
    for (const run of runs) if (await settle(run)) count++
    return count
  }

  return {
    async own() {
      return settleAll((await open()).filter((run) => run.worker === options.worker))
    },
    async others() {
      try {
        const alive = new Set<string>([options.worker])
        for (const pool of options.pools) {
          const workers = await must(
            'list workers',
            client.once.POST('/work_pools/{work_pool_name}/workers/filter', {
              params: { path: { work_pool_name: pool } },
              body: { limit: 200, offset: 0 },
            }),
          )
          for (const worker of workers) if (worker.status === 'ONLINE') alive.add(worker.name)
        }
        const now = Date.now()
        const dead = (await open()).filter((run) =>
          run.worker === null
            ? run.type !== 'RUNNING' && now - run.since > unnamedAfterMs
            : !alive.has(run.worker),
        )
        const twice = dead.filter((run) => suspected.has(`${run.id} ${run.worker}`))
        suspected = new Set(dead.map((run) => `${run.id} ${run.worker}`))
        return await settleAll(twice)
      } catch (error) {
        suspected = new Set() // what was seen before an outage proves nothing after it
        if (isHarvesterError(error, 'PREFECT_UNREACHABLE')) return 0
        throw error
      }
    },
  }
}
