/** What is asked of all kinds of orchestrator: which one is chosen, and whose an error or a page is. */
import { HarvesterError, isHarvesterError } from '../errors.ts'
import type { ChosenOrchestrator, OrchestratorKind, Variables } from './orchestrator-kind.ts'
import { orchestrators } from './orchestrators.ts'

/** @throws HarvesterError CONFIG_INVALID */
export function chooseOrchestrator(variables: Variables): ChosenOrchestrator {
  for (const kind of orchestrators) {
    const chosen = kind.choose(variables)
    if (chosen !== null) return chosen
  }
  throw new HarvesterError('INTERNAL', 'no orchestrator is chosen where none is configured')
}

/** How people call the orchestrator that programs call `name`. */
export function titleOf(name: string): string {
  return orchestrators.find((kind) => kind.name === name)?.title ?? name
}

interface ServerFault {
  readonly kind: OrchestratorKind
  readonly type: 'unreachable' | 'refused'
  readonly error: HarvesterError
}

/** Which server an error is of; null where it is of none. */
export function faultOf(error: unknown): ServerFault | null {
  for (const kind of orchestrators) {
    if (kind.faults === null) continue
    for (const type of ['unreachable', 'refused'] as const)
      if (isHarvesterError(error, kind.faults[type])) return { kind, type, error }
  }
  return null
}

/** Where a person sees runs that a server keeps, or kept before; null where no address is known. */
export function pagesOfRuns(variables: Variables): ((runId: string) => string) | null {
  for (const kind of orchestrators) {
    const pages = kind.pages?.(variables) ?? null
    if (pages !== null) return pages
  }
  return null
}
