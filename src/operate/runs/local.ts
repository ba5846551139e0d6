import { HarvesterError } from '../../errors.ts'
import { createLocalBackend, type RunStore, stateTypes } from '../../runs/index.ts'
import { flowRunOf } from '../../runs/standalone/recorder.ts'
import { state } from '../../runs/states.ts'
import { isWholeId, type Ledger, type LogEntry, onlyMatch } from './ledger.ts'

/** Runs of the standalone engine. */
export function localLedger(store: RunStore): Ledger {
  const backend = createLocalBackend({ store })
  const logs = async (id: string, options: { last?: number; skip?: number }): Promise<LogEntry[]> =>
    (await store.logs(id, options)).map(({ at, level, message }) => ({ at, level, message }))
  return {
    list: async (options) => (await store.runs(options)).map(flowRunOf),
    async find(id) {
      const whole = isWholeId(id) ? await store.run(id.toLowerCase()) : null
      if (whole) return flowRunOf(whole)
      return onlyMatch((await store.runs({ types: [...stateTypes], limit: 200 })).map(flowRunOf), id)
    },
    tasks: (id) => store.taskRuns(id),
    artifacts: async (id) =>
      (await store.artifacts(id)).map(({ artifact: { type, key, description } }) => ({
        type,
        key,
        description,
      })),
    lastLog: (id, lines) => logs(id, { last: lines }),
    follow(id) {
      let told = 0
      return async () => {
        const more = await logs(id, { skip: told })
        told += more.length
        return more
      }
    },
    cancel: (id) => backend.cancelRun(id),
    async retry(run) {
      const now = new Date()
      const to = state('SCHEDULED', now, { name: 'AwaitingRetry', scheduledAt: now })
      const changed = await store.transition(run.id, ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'], to, {
        scheduledAt: now,
        endedAt: null,
        worker: null,
      })
      if (!changed) throw new HarvesterError('USAGE', `${run.name} has not ended`)
    },
  }
}
