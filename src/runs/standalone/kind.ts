/** Our own database among the kinds of orchestrator: chosen where no server is. */
import { checkParents, declaredLimits } from '../limits.ts'
import type {
  ChosenOrchestrator,
  OrchestratorKind,
  PortParts,
  Work,
  WorkParts,
} from '../orchestrator-kind.ts'
import { createLocalBackend, type LocalBackend } from './backend.ts'
import { lazyStore } from './lazy-store.ts'
import { localOrchestrator } from './orchestrator.ts'
import { startStandalone } from './schedule.ts'
import type { RunStore } from './store.ts'

export const standalone: OrchestratorKind = {
  name: 'standalone',
  title: 'standalone',
  unset: null,
  faults: null,
  choose: () => chosen,
}

const chosen: ChosenOrchestrator = {
  kind: standalone,
  inDatabase: true,
  pageOfRun: () => null,
  open: (parts) =>
    localOrchestrator({ backend: backendOf(parts, lazyStore(parts.store)), by: parts.by ?? null }),
  work,
}

function backendOf({ declaration, namespace, worker, onProblem }: PortParts, store: RunStore): LocalBackend {
  return createLocalBackend({
    store,
    ...declaration,
    namespace,
    ...(worker !== undefined && worker !== null && { worker }),
    ...(onProblem && { onProblem }),
  })
}

async function work(parts: WorkParts): Promise<Work> {
  const store = await parts.store()
  checkParents(parts.declaration.deployments, declaredLimits(parts.declaration))
  const backend = backendOf(parts, store)
  const process = await startStandalone({ ...parts, backend, outboxFolder: `${parts.folder}/ends` })
  return {
    orchestrator: localOrchestrator({ backend }),
    backend,
    describe: 'standalone',
    running: () => process.running,
    async stop() {
      await process.stop()
      await backend.close()
    },
    force: () => process.force(),
  }
}
