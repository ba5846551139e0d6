/** Runs of a command where no process lives that would execute them. */
import { goneAfterMs } from '../decide.ts'
import { newInstance } from '../instance.ts'
import type { Attendance, AttendOptions } from '../orchestrator.ts'
import { type Runner, startRunner } from '../runner.ts'
import { heldStateTypes, state } from '../states.ts'
import type { LocalBackend } from './backend.ts'
import { hasEnded, takesAnyRun } from './presence.ts'
import { localQueue } from './queue.ts'
import type { StoredRun } from './store.ts'

/**
 * A live `start` or `worker` executes the runs; where none lives, or the last one ended, this process does, and gives
 * back what is unfinished when it is closed.
 */
export function attendHere(backend: LocalBackend, options: AttendOptions): Attendance {
  const { store, runtime } = backend
  let runner: Runner | null = null
  return {
    async look() {
      const now = runtime.now()
      await settleDead(backend, options.tag, now)
      if (runner || (await store.workers()).some((worker) => takesAnyRun(worker, now))) return
      options.onExecuting?.()
      runner = await startRunner({
        ...options.engine,
        runs: backend,
        queue: localQueue({ backend, runtime, onlyTagged: options.tag }),
        instance: newInstance(backend.worker),
        watchMs: options.engine?.pollMs ?? 1000,
        graceSeconds: 0,
        flows: options.flows,
        limit: options.limit,
        onStop: 'reschedule',
        ...(options.onProblem && { onProblem: options.onProblem }),
      })
    },
    get executing() {
      return runner !== null
    },
    async close() {
      await runner?.stop()
    },
  }
}

/** Nobody else will: a run of a process that ended would be waited for in vain, and hold the place of others. */
async function settleDead({ store, worker: own }: LocalBackend, tag: string, now: Date): Promise<void> {
  const held = await store.runs({ types: heldStateTypes, limit: 1000 })
  const others = held.filter(({ worker }) => worker !== own)
  if (others.length === 0) return
  const seen = new Map((await store.workers()).map(({ name, seenAt }) => [name, seenAt.getTime()]))
  const isGone = ({ worker }: StoredRun) =>
    worker === null || now.getTime() - (seen.get(worker) ?? 0) >= goneAfterMs
  for (const run of others) {
    const ended = run.worker !== null && hasEnded(run.worker)
    const ours = run.tags.includes(tag)
    if (!ended && !(ours && isGone(run))) continue
    const type = run.state.type
    if (ended && ours && type !== 'CANCELLING')
      // The command was killed and is here again: it goes on with what it had begun.
      await store.transition(
        run.id,
        [type],
        state('SCHEDULED', now, {
          name: 'AwaitingRetry',
          message: 'The process that ran it ended; it is run again',
          scheduledAt: now,
        }),
        { scheduledAt: now, worker: null, instance: null },
      )
    else
      await store.transition(
        run.id,
        [type],
        state(type === 'CANCELLING' ? 'CANCELLED' : 'CRASHED', now, {
          message: `The process ${run.worker ?? ''} ended before the run did`,
        }),
        { endedAt: now },
      )
  }
}
