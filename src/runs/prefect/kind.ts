/** Prefect among the kinds of orchestrator: chosen by the address of its API. */
import { given } from '../../config/given.ts'
import type {
  ChosenOrchestrator,
  OrchestratorKind,
  PortParts,
  Work,
  WorkParts,
} from '../orchestrator-kind.ts'
import { createPrefectBackend } from './backend.ts'
import { namespaceTag } from './namespace.ts'
import { prefectOrchestrator } from './orchestrator.ts'
import { type PrefectSettings, prefectSettings } from './settings.ts'
import { runPage, uiAddress } from './ui.ts'
import { startWorker } from './worker.ts'

export const prefect: OrchestratorKind = {
  name: 'prefect',
  title: 'Prefect',
  unset: 'PREFECT_API_URL is not set',
  faults: {
    unreachable: 'PREFECT_UNREACHABLE',
    refused: 'PREFECT_REFUSED',
    remedy: 'Check PREFECT_API_URL and that the server runs.',
  },
  choose(variables) {
    const settings = prefectSettings(variables)
    return settings && chosen({ settings, uiUrl: given(variables, 'PREFECT_UI_URL') })
  },
  pages(variables) {
    const apiUrl = prefectSettings(variables)?.apiUrl
    return pagesAt(uiAddress({ uiUrl: given(variables, 'PREFECT_UI_URL'), apiUrl }))
  },
}

interface Server {
  readonly settings: PrefectSettings
  /** Of the user interface, where it is not beside the API. */
  readonly uiUrl: string | undefined
}

function pagesAt(ui: string | null): ((runId: string) => string) | null {
  return ui === null ? null : (runId) => runPage(ui, runId)
}

function chosen(server: Server): ChosenOrchestrator {
  const pages = pagesAt(uiAddress({ uiUrl: server.uiUrl, apiUrl: server.settings.apiUrl }))
  return {
    kind: prefect,
    inDatabase: false,
    pageOfRun: (runId) => pages?.(runId) ?? null,
    open: ({ signal, ...parts }) =>
      prefectOrchestrator({
        backend: createPrefectBackend({
          settings: server.settings,
          ...(signal && { transport: { interruption: () => signal } }),
          namespaceTag: namespaceTag(parts.namespace),
          ...(parts.onProblem && { onProblem: parts.onProblem }),
        }),
        ...ported(server, parts),
      }),
    work: (parts) => work(server, parts),
  }
}

function ported({ uiUrl }: Server, { namespace, declaration }: PortParts) {
  return { namespace, declaration, uiUrl }
}

async function work(server: Server, parts: WorkParts): Promise<Work> {
  const { namespace, declaration, onProblem, registers } = parts
  // A process that works has runs to end and to give back when it is to stop; one that starts has nothing to lose.
  let starting: AbortSignal | null = parts.signal
  const backend = createPrefectBackend({
    settings: server.settings,
    namespaceTag: namespaceTag(namespace),
    limitedTags: Object.entries(declaration.tagLimits).flatMap(([tag, limit]) =>
      limit === null ? [] : [tag],
    ),
    transport: { interruption: () => starting },
    ...(onProblem && { onProblem }),
  })
  try {
    const worker = await startWorker({
      ...parts,
      backend,
      name: parts.worker ?? null,
      slotFolder: parts.folder,
      registration: registers ? { namespace, ...declaration } : null,
      runOnDeploy: registers ? parts.runOnDeploy : null,
    })
    return {
      orchestrator: prefectOrchestrator({ backend, ...ported(server, parts) }),
      backend,
      describe: `worker ${worker.name} of ${server.settings.apiUrl}`,
      running: () => worker.running,
      async stop() {
        await worker.stop()
        await backend.close()
      },
      force: () => worker.force(),
    }
  } catch (error) {
    await backend.close()
    throw error
  } finally {
    starting = null
  }
}
