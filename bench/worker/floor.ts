import { setTimeout as sleep } from 'node:timers/promises'
import type { PrefectBackend } from '../../src/runs/index.ts'
import { createDeploymentRun } from '../../src/runs/prefect/create-run.ts'

/**
 * What no worker can go below: so many runs are created, and each is proposed the three states of its life, `limit` runs
 * at once. No looks for runs, no names, labels, tasks or logs.
 *
 * @param deploymentId one whose pool nobody polls
 * @returns seconds from the first submission to the last end
 */
export async function measureFloor(
  { client }: PrefectBackend,
  deploymentId: string,
  runs: number,
  limit: number,
): Promise<number> {
  const before = Date.now()
  const waiting: string[] = []
  const propose = async (id: string) => {
    for (const type of ['PENDING', 'RUNNING', 'COMPLETED'] as const) {
      const { data } = await client.once.POST('/flow_runs/{id}/set_state', {
        params: { path: { id } },
        body: { state: { type }, force: false },
      })
      if (data?.status !== 'ACCEPT') throw new Error(`${type} was not accepted: ${JSON.stringify(data)}`)
    }
  }
  let left = runs
  const take = async () => {
    while (left > 0) {
      const id = waiting.shift()
      if (id === undefined) {
        await sleep(5)
        continue
      }
      left -= 1
      await propose(id)
    }
  }
  const takers = Array.from({ length: limit }, take)
  for (let run = 0; run < runs; run++) {
    waiting.push((await createDeploymentRun(client, deploymentId, { parameters: {} })).id)
  }
  await Promise.all(takers)
  return (Date.now() - before) / 1000
}
