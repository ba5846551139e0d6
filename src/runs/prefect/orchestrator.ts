/** A Prefect server, as commands and the API see it. */
import { HarvesterError } from '../../errors.ts'
import { type LimitDeclaration, poolsOf } from '../limits.ts'
import type { Attendance, Orchestrator } from '../orchestrator.ts'
import { isFinal } from '../states.ts'
import type { PrefectBackend } from './backend.ts'
import { must, serverVersion } from './client.ts'
import { examinePrefect } from './examine.ts'
import { keptDeployment, listSchedules, ourDeployments } from './kept-deployments.ts'
import { listPools, listWorkers } from './kept-pools.ts'
import { followLog, lastLog, listArtifacts, listRuns, listTasks } from './kept-runs.ts'
import { prefectLimits } from './limits.ts'
import { setState } from './set-state.ts'
import { runPage, taggedPage, uiAddress } from './ui.ts'

export interface PrefectOrchestratorOptions {
  readonly backend: PrefectBackend
  readonly namespace: string
  readonly declaration: LimitDeclaration
  /** Of the user interface, where it is not beside the API. */
  readonly uiUrl?: string | undefined
}

/** Workers execute what is due, also when this process has ended. */
const elsewhere: Attendance = { executing: false, look: async () => {}, close: async () => {} }

export function prefectOrchestrator(options: PrefectOrchestratorOptions): Orchestrator {
  const { backend, namespace, declaration } = options
  const { client } = backend
  const url = client.settings.apiUrl
  const ui = uiAddress({ uiUrl: options.uiUrl, apiUrl: url })
  return {
    kind: 'prefect',
    url,
    inDatabase: false,
    submit: (request) => backend.submit(request),
    find: (id) => backend.readRun(id),
    list: (query) => listRuns(backend, namespace, query),
    tasks: (ids, types) => listTasks(client, ids, types),
    artifacts: (ids, type) => listArtifacts(client, ids, type),
    lastLog: (id, lines) => lastLog(client, id, lines),
    follow: (id) => followLog(client, id),
    cancel: (id) => backend.cancelRun(id),
    async retry({ id, name }) {
      const before = await backend.readRun(id)
      if (before && !isFinal(before.state.type)) throw new HarvesterError('USAGE', `${name} has not ended`)
      const answer = await setState(
        client,
        id,
        {
          type: 'SCHEDULED',
          name: 'AwaitingRetry',
          message: 'Asked for by hand',
          scheduledAt: client.serverNow(),
        },
        { patience: 'normal' },
      )
      if (answer.kind !== 'accepted')
        throw new HarvesterError(
          'USAGE',
          `Prefect does not retry ${name}${'reason' in answer ? `: ${answer.reason}` : ''}`,
        )
    },
    async deployment(name) {
      const { id } = await backend.findDeployment(name)
      return keptDeployment(
        backend,
        await must('read a deployment', client.normal.GET('/deployments/{id}', { params: { path: { id } } })),
      )
    },
    async deployments() {
      const found = await ourDeployments(backend, namespace)
      return Promise.all(found.map((deployment) => keptDeployment(backend, deployment)))
    },
    schedules: () => listSchedules(backend, namespace),
    limits: prefectLimits(backend, declaration, namespace),
    pools: () => listPools(backend, declaration),
    workers: () => listWorkers(backend, declaration),
    isAttended: async () => true,
    attend: () => elsewhere,
    health: async () => ({ version: await serverVersion(client) }),
    examine: () =>
      examinePrefect(
        backend,
        poolsOf(declaration).map(({ name }) => name),
      ),
    pageOf(what) {
      if (ui === null) return null
      return 'run' in what ? runPage(ui, what.run) : taggedPage(ui, what.tag)
    },
    close: () => backend.close(),
  }
}
