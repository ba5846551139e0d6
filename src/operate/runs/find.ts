import { HarvesterError } from '../../errors.ts'
import type { KeptRun, Orchestrator } from '../../runs/index.ts'

/** Runs among which a beginning of an id is looked for. */
const newest = 200

/** One run, by its whole id or its beginning. @throws USAGE when none or several match */
export async function findRun(
  orchestrator: Pick<Orchestrator, 'find' | 'list'>,
  id: string,
): Promise<KeptRun> {
  const isWholeId = /^[0-9a-f-]{36}$/i.test(id)
  const whole = isWholeId ? await orchestrator.find(id.toLowerCase()) : null
  return whole ?? onlyMatch(await orchestrator.list({ limit: newest }), id)
}

/** The one run among `candidates` whose id begins so. */
function onlyMatch(candidates: readonly KeptRun[], id: string): KeptRun {
  const found = candidates.filter((run) => run.id.startsWith(id.toLowerCase()))
  if (found.length === 1) return found[0]!
  throw new HarvesterError(
    'USAGE',
    found.length === 0 ? `there is no run ${id}` : `${id} is the beginning of ${found.length} runs`,
    { remedy: '`harvester runs` lists the newest.' },
  )
}
