import { randomUUID } from 'node:crypto'
import type { FinalState } from '../backend.ts'
import type { StateType } from '../states.ts'
import { type PrefectClient, refused, type Schemas } from './client.ts'

export interface WantedState {
  readonly type: StateType
  readonly name?: string
  readonly message?: string
  readonly scheduledAt?: Date
  /** Of PAUSED: another process goes on with it once it is resumed. */
  readonly reschedule?: boolean
}

/** What the server made of a wish for a state. Never decide on the HTTP status: 200 and 201 both mean many things. */
export type StateAnswer =
  | {
      readonly kind: 'accepted'
      readonly state: Schemas['State'] | null
      /** It was so already, by a request with the same transition id. */
      readonly repeated: boolean
    }
  /** Too early; ask the same again after this. */
  | { readonly kind: 'wait'; readonly seconds: number }
  /** The server put the run into another state, to be obeyed. */
  | { readonly kind: 'rejected'; readonly state: Schemas['State'] | null; readonly reason: string }
  /** The run is none of our business any more. */
  | { readonly kind: 'aborted'; readonly state: Schemas['State'] | null; readonly reason: string }

/**
 * Asks for a state of a flow run. Repeats after network faults carry the same transition id, so that an answer that
 * was lost does not count twice.
 */
export async function setState(
  client: PrefectClient,
  flowRunId: string,
  wanted: WantedState,
  options: {
    force?: boolean
    patience?: 'normal' | 'long' | 'once'
    /** Of a wish that may have been told before. @default a new one */
    transitionId?: string
  } = {},
): Promise<StateAnswer> {
  const transitionId = options.transitionId ?? randomUUID()
  const { data, error, response } = await client[options.patience ?? 'long'].POST(
    '/flow_runs/{id}/set_state',
    {
      params: { path: { id: flowRunId } },
      body: {
        state: {
          type: wanted.type,
          ...(wanted.name ? { name: wanted.name } : {}),
          message: wanted.message?.slice(0, 20_000) ?? null,
          data: null,
          state_details: {
            transition_id: transitionId,
            ...(wanted.scheduledAt ? { scheduled_time: wanted.scheduledAt.toISOString() } : {}),
            ...(wanted.reschedule ? { pause_reschedule: true } : {}),
          },
        },
        force: options.force ?? false,
      },
    },
  )
  if (response.status === 404) return { kind: 'aborted', state: null, reason: 'The run was deleted' }
  if (!response.ok || !data)
    throw refused(`set the state ${wanted.type} of run ${flowRunId}`, response.status, error)
  return readAnswer(data, wanted)
}

/** Whether a run is in the state of an end that was told: its answer was lost on the way. */
export function wasTold(
  state: Schemas['State'] | null | undefined,
  { type, transitionId }: Pick<FinalState, 'type' | 'transitionId'>,
): boolean {
  return (
    transitionId !== undefined && state?.type === type && state.state_details?.transition_id === transitionId
  )
}

export function readAnswer(answer: Schemas['OrchestrationResult'], wanted: WantedState): StateAnswer {
  const details = answer.details as { reason?: string | null; delay_seconds?: number }
  const reason = details.reason ?? ''
  switch (answer.status) {
    case 'ACCEPT':
      return { kind: 'accepted', state: answer.state, repeated: false }
    case 'WAIT':
      return { kind: 'wait', seconds: details.delay_seconds ?? 1 }
    case 'REJECT':
      // The first try arrived and its answer was lost.
      if (/already made this state transition/i.test(reason) && answer.state?.type === wanted.type)
        return { kind: 'accepted', state: answer.state, repeated: true }
      return { kind: 'rejected', state: answer.state, reason }
    case 'ABORT':
      return { kind: 'aborted', state: answer.state, reason }
  }
}
