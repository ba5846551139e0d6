/**
 * The states of flow runs and task runs, with the field's names. The types are closed; names are closed too, except
 * for the final ones that a flow may choose itself.
 */

export const stateTypes = [
  'SCHEDULED',
  'PENDING',
  'RUNNING',
  'PAUSED',
  'CANCELLING',
  'COMPLETED',
  'FAILED',
  'CRASHED',
  'CANCELLED',
] as const

export type StateType = (typeof stateTypes)[number]

export type FinalStateType = 'COMPLETED' | 'FAILED' | 'CRASHED' | 'CANCELLED'

export type StateName =
  | 'Scheduled'
  | 'Late'
  | 'AwaitingRetry'
  | 'AwaitingConcurrencySlot'
  | 'Resuming'
  | 'Pending'
  | 'Running'
  | 'Retrying'
  | 'Paused'
  | 'Suspended'
  | 'Cancelling'
  | 'Completed'
  | 'Failed'
  | 'TimedOut'
  | 'Crashed'
  | 'Cancelled'

export interface RunState {
  readonly type: StateType
  readonly name: string
  readonly message: string
  readonly at: Date
  /** When a SCHEDULED run is due. */
  readonly scheduledAt?: Date
}

const finalTypes: ReadonlySet<StateType> = new Set(['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'])

/** Whether a run in a state of this type will never change by itself. */
export function isFinal(type: StateType): type is FinalStateType {
  return finalTypes.has(type)
}

/** The state types of a run that holds its place: a worker has it, and has not given it back. */
export const heldStateTypes = ['PENDING', 'RUNNING', 'CANCELLING'] as const satisfies readonly StateType[]

/** The state types of a run that has not ended. */
export const openStateTypes: readonly StateType[] = stateTypes.filter((type) => !finalTypes.has(type))

const defaultNames: Record<StateType, StateName> = {
  SCHEDULED: 'Scheduled',
  PENDING: 'Pending',
  RUNNING: 'Running',
  PAUSED: 'Paused',
  CANCELLING: 'Cancelling',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CRASHED: 'Crashed',
  CANCELLED: 'Cancelled',
}

export function state(
  type: StateType,
  at: Date,
  options: { name?: StateName | (string & {}); message?: string; scheduledAt?: Date } = {},
): RunState {
  return {
    type,
    name: options.name ?? defaultNames[type],
    message: options.message ?? '',
    at,
    ...(options.scheduledAt ? { scheduledAt: options.scheduledAt } : {}),
  }
}
