/** The API's port to the engine, for either back end. */
import type { DeclaredDeployment } from '../config/deployments-file.ts'
import { isHarvesterError } from '../errors.ts'
import { harvestAllName } from '../flows/harvest-all.ts'
import { deploymentOfSource } from '../flows/registry.ts'
import type { LocalBackend, PrefectBackend, Standalone, StoredRun } from '../runs/index.ts'
import { isFinal, openStateTypes } from '../runs/index.ts'
import { must } from '../runs/prefect/client.ts'
import { namespaceTag } from '../runs/prefect/namespace.ts'
import { takesAnyRun } from '../runs/standalone/presence.ts'
import type { RunControl, RunView, ScheduleView, TriggerAnswer } from '../serve/ports.ts'
import { findSourceOf } from './sources.ts'

function deploymentFor(declared: readonly DeclaredDeployment[], source: string | null): string | null {
  if (source === null) return declared.find(({ flow }) => flow === harvestAllName)?.name ?? null
  const url = findSourceOf(declared, source)
  return url === null ? null : deploymentOfSource(declared, url)
}

function runViewOf(
  run: Pick<StoredRun, 'id' | 'state' | 'createdAt' | 'startedAt' | 'endedAt' | 'createdBy' | 'parameters'>,
): RunView {
  return {
    runId: run.id,
    state: run.state.name,
    final: isFinal(run.state.type),
    source: typeof run.parameters.source === 'string' ? run.parameters.source : null,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: isFinal(run.state.type) ? run.endedAt : null,
    triggeredBy:
      typeof run.parameters.triggered_by === 'string' ? run.parameters.triggered_by : run.createdBy,
    message: run.state.message || null,
  }
}

/** Runs kept in our database, run by this or another standalone process. */
export function localRunControl(
  backend: LocalBackend,
  declared: readonly DeclaredDeployment[],
  standalone: () => Standalone | null,
): RunControl {
  const { store } = backend
  return {
    async schedules(): Promise<ScheduleView[]> {
      return Promise.all(
        declared.map(async (deployment) => {
          const spec = backend.deployments.get(deployment.name)
          const [last] = await store.runs({ deployment: deployment.name, limit: 1 })
          return {
            name: deployment.name,
            flow: deployment.flow,
            source: deployment.source?.url ?? null,
            cron: spec?.schedule?.cron ?? null,
            timezone: spec?.schedule?.timezone ?? 'UTC',
            paused: false,
            nextRunAt: standalone()?.nextRun(deployment.name) ?? null,
            lastRun: last ? { runId: last.id, startedAt: last.startedAt, state: last.state.name } : null,
          }
        }),
      )
    },
    async trigger(source, { force, user }): Promise<TriggerAnswer> {
      const deployment = deploymentFor(declared, source)
      if (deployment === null) return { outcome: 'unknown-source' }
      const alive =
        standalone() !== null || (await store.workers()).some((worker) => takesAnyRun(worker, new Date()))
      if (!alive)
        return {
          outcome: 'unavailable',
          reason: 'no process is running that would harvest: start `harvester start` or `harvester worker`',
        }
      const open = await store.runs({
        deployment,
        types: openStateTypes,
        limit: 1,
      })
      if (open[0]) return { outcome: 'already-running', runId: open[0].id }
      const run = await backend.submit({
        deployment,
        parameters: { force, triggered_by: user },
        createdBy: user,
      })
      return { outcome: 'accepted', runId: run.id }
    },
    async find(runId) {
      const run = await store.run(runId)
      return run ? runViewOf(run) : null
    },
  }
}

/** Runs kept by a Prefect server. */
export function prefectRunControl(
  backend: PrefectBackend,
  declared: readonly DeclaredDeployment[],
  namespace: string,
): RunControl {
  const { client } = backend
  return {
    async schedules() {
      const found = await must(
        'list the deployments',
        client.once.POST('/deployments/filter', {
          body: {
            deployments: { tags: { all_: [namespaceTag(namespace)] } },
            limit: 200,
            offset: 0,
            sort: 'NAME_ASC',
          },
        }),
      )
      return Promise.all(
        found.map(async (deployment): Promise<ScheduleView> => {
          const runs = (
            sort: 'EXPECTED_START_TIME_ASC' | 'START_TIME_DESC',
            types: ('SCHEDULED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CRASHED' | 'CANCELLED')[],
          ) =>
            must(
              'list the runs of a deployment',
              client.once.POST('/flow_runs/filter', {
                body: {
                  flow_runs: {
                    operator: 'and_',
                    deployment_id: { operator: 'and_', any_: [deployment.id!] },
                    state: { operator: 'and_', type: { any_: types } },
                  },
                  sort,
                  limit: 1,
                  offset: 0,
                },
              }),
            )
          const [[next], [last]] = await Promise.all([
            runs('EXPECTED_START_TIME_ASC', ['SCHEDULED']),
            runs('START_TIME_DESC', ['RUNNING', 'COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED']),
          ])
          const active = deployment.schedules?.find((schedule) => schedule.active)
          const cron = active && 'cron' in active.schedule ? active.schedule : null
          return {
            name: deployment.name,
            flow: declared.find(({ name }) => name === deployment.name)?.flow ?? '',
            source: declared.find(({ name }) => name === deployment.name)?.source?.url ?? null,
            cron: cron?.cron ?? null,
            timezone: cron?.timezone ?? 'UTC',
            paused: deployment.paused ?? false,
            nextRunAt: next?.expected_start_time ? new Date(next.expected_start_time) : null,
            lastRun: last
              ? {
                  runId: last.id!,
                  startedAt: last.start_time ? new Date(last.start_time) : null,
                  state: last.state_name ?? '',
                }
              : null,
          }
        }),
      )
    },
    async trigger(source, { force, user }) {
      const name = deploymentFor(declared, source)
      if (name === null) return { outcome: 'unknown-source' }
      try {
        const deployment = await backend.findDeployment(name)
        const [open] = await must(
          'list open runs',
          client.once.POST('/flow_runs/filter', {
            body: {
              flow_runs: {
                operator: 'and_',
                deployment_id: { operator: 'and_', any_: [deployment.id] },
                state: { operator: 'and_', type: { any_: [...openStateTypes] } },
                // What the schedule has planned is not running yet.
                expected_start_time: { before_: new Date().toISOString() },
              },
              sort: 'EXPECTED_START_TIME_ASC',
              limit: 1,
              offset: 0,
            },
          }),
        )
        if (open) return { outcome: 'already-running', runId: open.id ?? null }
        const run = await backend.submit({
          deployment: name,
          parameters: { force, triggered_by: user },
          createdBy: user,
        })
        return { outcome: 'accepted', runId: run.id }
      } catch (error) {
        if (isHarvesterError(error, 'PREFECT_UNREACHABLE'))
          return { outcome: 'unavailable', reason: error.message }
        if (isHarvesterError(error, 'USAGE')) return { outcome: 'unknown-source' }
        throw error
      }
    },
    async find(runId) {
      const run = await backend.readRun(runId)
      if (!run) return null
      return runViewOf({
        ...run,
        createdAt: run.startedAt ?? run.state.at,
        parameters: { ...run.parameters },
      })
    },
    async check() {
      await must('answer', client.once.GET('/health'))
    },
  }
}
