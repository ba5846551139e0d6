import type { AnyFlow } from './registry.ts'

export interface ScheduleSpec {
  /** Five fields, as `normaliseCron` gives it. */
  readonly cron: string
  /** IANA zone. */
  readonly timezone: string
}

/** A queue of a work pool as it is declared. */
export interface QueueSpec {
  readonly name: string
  /** Runs at once in the queue; null: no limit. */
  readonly concurrencyLimit: number | null
  /** The lower number is served first; null: as the server decides. */
  readonly priority: number | null
}

/** A work pool as it is declared. */
export interface PoolSpec {
  readonly name: string
  /** Runs at once in the whole pool; null: no limit. */
  readonly concurrencyLimit: number | null
  readonly description?: string
  readonly queues?: readonly QueueSpec[]
}

/** A deployment as it is declared; both back ends register it. */
export interface DeploymentSpec {
  readonly name: string
  readonly flow: AnyFlow
  readonly parameters: Record<string, unknown>
  readonly schedule: ScheduleSpec | null
  /** Runs of it at the same time; null: no limit. */
  readonly concurrencyLimit: number | null
  /** What becomes of a run beyond the limit: it waits, or it is cancelled. @default 'ENQUEUE' */
  readonly collisionStrategy?: 'ENQUEUE' | 'CANCEL_NEW'
  readonly tags: readonly string[]
  readonly workPool: string
  /** The queue of the pool. @default 'default' */
  readonly workQueue?: string | null
  readonly description: string
  readonly version: string
  /** Whether its runs wait for runs of other deployments: these must not share a limited pool. @default false */
  readonly startsChildren?: boolean
}
