/** The API's port to whoever keeps and executes runs. */
import type { DeclaredDeployment } from '../../config/deployments-file.ts'
import { findSource, type Source } from '../../config/source.ts'
import { isHarvesterError } from '../../errors.ts'
import { harvestAllName } from '../../flows/harvest-all.ts'
import { deploymentOfSource } from '../../flows/registry.ts'
import { faultOf, isFinal, type KeptRun, type Orchestrator, openStateTypes } from '../../runs/index.ts'
import type { RunControl, RunView, ScheduleView } from '../../serve/ports.ts'

/** Schedules with the sources that the declaration says they are of. */
export async function sourceSchedules(
  orchestrator: Pick<Orchestrator, 'schedules'>,
  declared: readonly DeclaredDeployment[],
): Promise<ScheduleView[]> {
  return (await orchestrator.schedules()).map(({ flow, ...schedule }) => {
    const own = declared.find(({ name }) => name === schedule.name)
    return { ...schedule, flow: own?.flow ?? flow ?? '', source: own?.source?.url ?? null }
  })
}

export function runControl(orchestrator: Orchestrator, declared: readonly DeclaredDeployment[]): RunControl {
  return {
    schedules: () => sourceSchedules(orchestrator, declared),
    async trigger(source, { force, user }) {
      const deployment = deploymentFor(declared, source)
      if (deployment === null) return { outcome: 'unknown-source' }
      try {
        if (!(await orchestrator.isAttended()))
          return {
            outcome: 'unavailable',
            reason: 'no process is running that would harvest: start `harvester start` or `harvester worker`',
          }
        const [open] = await orchestrator.list({ deployment, types: openStateTypes, limit: 1 })
        if (open) return { outcome: 'already-running', runId: open.id }
        const run = await orchestrator.submit({
          deployment,
          parameters: { force, triggered_by: user },
          createdBy: user,
        })
        return { outcome: 'accepted', runId: run.id }
      } catch (error) {
        const fault = faultOf(error)
        if (fault?.type === 'unreachable') return { outcome: 'unavailable', reason: fault.error.message }
        if (isHarvesterError(error, 'USAGE')) return { outcome: 'unknown-source' }
        throw error
      }
    },
    async find(runId) {
      const run = await orchestrator.find(runId)
      return run ? runViewOf(run) : null
    },
    // Our own database is checked by itself.
    ...(!orchestrator.inDatabase && {
      server: {
        name: orchestrator.kind,
        async check() {
          await orchestrator.health()
        },
      },
    }),
  }
}

/** The URL of the source that a person named, among those that have deployments; null where none or several match. */
function findSourceOf(declared: readonly DeclaredDeployment[], name: string): string | null {
  const sources = declared.map(({ source }) => source).filter((source): source is Source => source !== null)
  try {
    return findSource(sources, name).url
  } catch (error) {
    if (isHarvesterError(error, 'SOURCE_UNKNOWN')) return null
    throw error
  }
}

function deploymentFor(declared: readonly DeclaredDeployment[], source: string | null): string | null {
  if (source === null) return declared.find(({ flow }) => flow === harvestAllName)?.name ?? null
  const url = findSourceOf(declared, source)
  return url === null ? null : deploymentOfSource(declared, url)
}

function runViewOf(run: KeptRun): RunView {
  const { source, triggered_by: triggeredBy } = run.parameters
  const final = isFinal(run.state.type)
  return {
    runId: run.id,
    state: run.state.name,
    final,
    source: typeof source === 'string' ? source : null,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: final ? run.endedAt : null,
    triggeredBy: typeof triggeredBy === 'string' ? triggeredBy : run.createdBy,
    message: run.state.message || null,
  }
}
