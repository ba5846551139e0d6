import { must, type PrefectClient, type Schemas } from './client.ts'

type Policied = Pick<Schemas['FlowRunResponse'], 'id' | 'empirical_policy'>

/**
 * Whether a retry was ordered of the process that executed a run: from then on, and after that attempt too, the server
 * hides the run from all that look for what is due.
 */
export function isHidden({ empirical_policy: policy }: Pick<Policied, 'empirical_policy'>): boolean {
  return policy?.retry_type === 'in_process'
}

/** Before a run is given up: lets others see it. */
export async function showToOthers(client: PrefectClient, run: Policied): Promise<void> {
  if (!isHidden(run)) return
  await must(
    'let other workers see a run',
    client.normal.PATCH('/flow_runs/{id}', {
      params: { path: { id: run.id } },
      // Replaced whole.
      body: { empirical_policy: { ...run.empirical_policy, retry_type: 'reschedule' } },
    }),
  )
}
