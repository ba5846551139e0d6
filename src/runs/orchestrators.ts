/** The kinds of orchestrator. A new one is its folder and its line here. */
import type { OrchestratorKind } from './orchestrator-kind.ts'
import { prefect } from './prefect/kind.ts'
import { standalone } from './standalone/kind.ts'

/** The first that the environment chooses keeps and executes the runs; the last is chosen where no other is. */
export const orchestrators: readonly OrchestratorKind[] = [prefect, standalone]
