/** A kind of orchestrator as small as can be: runs in memory behind an address. What a new kind costs is what stands here. */
import { HarvesterError } from '../../src/errors.ts'
import type { Orchestrator } from '../../src/runs/orchestrator.ts'
import type { ChosenOrchestrator, OrchestratorKind, PortParts } from '../../src/runs/orchestrator-kind.ts'
import { createLocalBackend } from '../../src/runs/standalone/backend.ts'
import { memoryStore } from '../../src/runs/standalone/memory-store.ts'
import { localOrchestrator } from '../../src/runs/standalone/orchestrator.ts'
import { startStandalone } from '../../src/runs/standalone/schedule.ts'

export const toy: OrchestratorKind = {
  name: 'toy',
  title: 'Toy',
  unset: 'TOY_URL is not set',
  faults: { unreachable: 'HTTP_CONNECT', refused: 'HTTP_STATUS', remedy: 'Wind it up.' },
  choose: ({ TOY_URL: url }) => (url === undefined ? null : chosen(url)),
  pages: ({ TOY_URL: url }) => (url === undefined ? null : (runId) => `${url}/run/${runId}`),
}

function chosen(url: string): ChosenOrchestrator {
  const store = memoryStore()
  const pageOfRun = (runId: string) => `${url}/run/${runId}`
  const backendOf = ({ declaration, namespace, worker }: PortParts) =>
    createLocalBackend({ store, ...declaration, namespace, worker: worker ?? 'toy-worker' })
  const port = (backend: ReturnType<typeof backendOf>): Orchestrator => ({
    ...localOrchestrator({ backend }),
    kind: 'toy',
    url,
    inDatabase: false,
    isAttended: async () => true,
    async submit(request) {
      if (url.includes('broken')) throw new HarvesterError('HTTP_CONNECT', 'the spring is broken')
      return backend.submit(request)
    },
    health: async () => ({ version: '1.0' }),
    async *examine() {
      yield { level: 'ok', what: 'Toy', text: `${url} is wound up`, remedy: null }
    },
    pageOf: (what) => ('run' in what ? pageOfRun(what.run) : null),
  })
  return {
    kind: toy,
    inDatabase: false,
    pageOfRun,
    open: (parts) => port(backendOf(parts)),
    async work(parts) {
      const backend = backendOf(parts)
      const { stop, force } = await startStandalone({ ...parts, backend, outboxFolder: null })
      return {
        orchestrator: port(backend),
        backend,
        describe: `toy of ${url}`,
        running: () => 0,
        stop,
        force,
      }
    },
  }
}
