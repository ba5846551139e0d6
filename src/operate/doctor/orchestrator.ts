import type { Orchestrator } from '../../runs/index.ts'
import { type Finding, failure, fine } from './types.ts'

/** All that whoever keeps the runs needs; null where that is our own database, which is looked at by itself. */
export async function* checkOrchestrator(orchestrator: Orchestrator | null): AsyncGenerator<Finding> {
  if (orchestrator === null) {
    yield fine('Prefect', 'PREFECT_API_URL is not set: flows run standalone')
    return
  }
  for await (const { level, what, text, remedy } of orchestrator.examine())
    yield level === 'fail' ? failure(what, text, remedy) : { level, what, text: String(text), remedy }
}
