/** What a backfill asks of whoever keeps and executes runs: a Prefect server, or the standalone store. */
import type { z } from 'zod'
import type { Source } from '../../config/source.ts'
import type { RunState } from '../../runs/index.ts'
import type { Item } from './plan.ts'

/** One run of a backfill, as the back end knows it now. */
export interface BackfillRun {
  readonly id: string
  readonly name: string
  /** Of the item it was started for. */
  readonly hash: string
  /** 1, 2, …: how often the item was started. */
  readonly attempt: number
  readonly state: RunState
  readonly startedAt: Date | null
  readonly endedAt: Date | null
}

/** A flow, as far as its parameters can be checked before anything starts. */
export interface TargetFlow {
  readonly name: string
  readonly parameters: z.ZodObject
  /** Null where only the flow itself knows. */
  readonly runName: ((parameters: never) => string) | null
}

/** A deployment, as far as a backfill has to know it. */
export interface Target {
  readonly deployment: string
  /** Null where nothing is known of the parameters: only the server can check them. */
  readonly flow: TargetFlow | null
  /** As they were declared or registered. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Known sources, with the deployment of the same flow that is each one's own. */
  readonly sources: readonly { readonly source: Source; readonly deployment: string | null }[]
  readonly namespace: string
}

export interface BackfillEngine {
  /** @throws USAGE for an unknown name */
  target(deployment: string): Promise<Target>
  /** Connects. Called when the plan is made, so that wrong usage starts no database. */
  open(): Promise<void>
  /** All runs that carry the tag of a backfill. */
  known(tag: string): Promise<BackfillRun[]>
  /** Starts a run, or gives the one that has this idempotency key already. */
  submit(
    item: Item,
    request: { idempotencyKey: string; tag: string; signal: AbortSignal },
  ): Promise<{ id: string; name: string }>
  /** Those of the runs that still exist. */
  read(ids: readonly string[]): Promise<BackfillRun[]>
  /** Called before each look at open runs: sees to it that somebody executes them. */
  attend(tag: string): Promise<void>
  /** Where a person can look at the runs; null where there is no such place. */
  link(tag: string): string | null
  /** Who goes on with open runs when the command ends now. */
  readonly leftRunning: 'elsewhere' | 'nowhere'
  close(): Promise<void>
}
