import { type Orchestrator, orchestrators } from '../../runs/index.ts'
import { type Finding, failure, fine } from './types.ts'

/** Of our own database, which is looked at by itself, only that there is no server. */
export function* unsetServers(): Generator<Finding> {
  for (const { title, unset } of orchestrators)
    if (unset !== null) yield fine(title, `${unset}: flows run standalone`)
}

/** All that a server needs which keeps the runs. */
export async function* checkOrchestrator(orchestrator: Orchestrator): AsyncGenerator<Finding> {
  for await (const { level, what, text, remedy } of orchestrator.examine())
    yield level === 'fail' ? failure(what, text, remedy) : { level, what, text: String(text), remedy }
}
