/** What whoever keeps and executes runs tells of itself, for the status. */
import type { DeclaredDeployment } from '../../config/deployments-file.ts'
import { heldStateTypes, type Orchestrator } from '../../runs/index.ts'
import { sourceSchedules } from '../runs/control.ts'
import type { EngineStatus, RunningRun } from './report.ts'

/** Of runs that are at work, the newest. */
const mostRunning = 100

export async function engineStatus(
  orchestrator: Orchestrator,
  declared: readonly DeclaredDeployment[],
): Promise<EngineStatus> {
  return {
    pools: await orchestrator.pools(),
    workers: await orchestrator.workers(),
    running: await running(orchestrator),
    deployments: await sourceSchedules(orchestrator, declared),
    limits: (await orchestrator.limits.list()).flatMap(({ name, inForce, active }) =>
      inForce === null ? [] : [{ name, limit: inForce, active }],
    ),
  }
}

async function running(orchestrator: Orchestrator): Promise<RunningRun[]> {
  const runs = await orchestrator.list({ types: heldStateTypes, limit: mostRunning })
  const ids = runs.map(({ id }) => id)
  const [tasks, bars] = await Promise.all([
    orchestrator.tasks(ids, ['RUNNING']),
    orchestrator.artifacts(ids, 'progress'),
  ])
  return runs.map((run) => ({
    id: run.id,
    name: run.name,
    state: run.state.name,
    startedAt: run.startedAt,
    worker: run.worker,
    tasks: tasks.filter(({ flowRunId }) => flowRunId === run.id).map(({ name }) => name),
    percent: bars.find(({ flowRunId }) => flowRunId === run.id)?.percent ?? null,
  }))
}
