import { describeError, HarvesterError } from '../errors.ts'
import type { Backend, RunRecorder } from './backend.ts'
import type { Attempt } from './engine.ts'
import { isFinal } from './states.ts'
import type { ChildResult, ChildRun, RunDeploymentOptions, WaitOptions } from './types.ts'

/** The runs of other deployments that one attempt of a flow run started. */
export interface Children {
  run(
    deployment: string,
    parameters: Record<string, unknown>,
    options?: RunDeploymentOptions,
  ): Promise<ChildRun>
  waitFor(children: readonly ChildRun[], options?: WaitOptions): Promise<ChildResult[]>
  /** How many waits are going on now. */
  readonly waiting: number
  /** Cancels those that have not been seen to end. Never rejects. */
  cancelOpen(): Promise<void>
}

export function children(
  attempt: Attempt,
  backend: Pick<Backend, 'readRun' | 'cancelRun'>,
  recorder: RunRecorder,
  onActivity: () => void,
  onEnded: (child: ChildResult) => void,
): Children {
  const open = new Map<string, ChildRun>()
  let waiting = 0
  const log = attempt.log(null)

  const poll = async (child: ChildRun, options: WaitOptions): Promise<ChildResult> => {
    const pollMs = (options.pollSeconds ?? 5) * 1000
    const outageMs = (options.outageSeconds ?? 300) * 1000
    let lostSince: number | null = null
    for (;;) {
      attempt.signal.throwIfAborted()
      try {
        const run = await backend.readRun(child.id)
        if (run === null)
          throw new HarvesterError('CHILD_LOST', `The run ${child.name} (${child.id}) no longer exists`, {
            remedy: 'Somebody deleted it; start the parent again if its work is needed.',
          })
        lostSince = null
        if (isFinal(run.state.type)) {
          open.delete(child.id)
          return {
            id: run.id,
            name: run.name,
            deployment: child.deployment,
            type: run.state.type,
            stateName: run.state.name,
            message: run.state.message,
          }
        }
      } catch (error) {
        if (error instanceof HarvesterError && error.code === 'CHILD_LOST') throw error
        const now = attempt.runtime.now().getTime()
        lostSince ??= now
        if (now - lostSince >= outageMs)
          throw new HarvesterError(
            'CHILD_LOST',
            `The state of ${child.name} (${child.id}) could not be read for ${Math.round(outageMs / 1000)} s; it may have finished`,
            { remedy: 'Look at the run in the UI once the server is back.', cause: error },
          )
        log.warn(
          { child: child.name, error: describeError(error) },
          'The state of a child run could not be read',
        )
      }
      await attempt.runtime.sleep(pollMs, attempt.signal)
    }
  }

  return {
    get waiting() {
      return waiting
    },
    async run(deployment, parameters, options = {}) {
      attempt.signal.throwIfAborted()
      const suffix = options.key === undefined ? '' : `:${options.key}`
      const submitted = await recorder.submitChild({
        deployment,
        parameters,
        tags: options.tags ?? [],
        idempotencyKey: `${recorder.run.id}:${attempt.runCount}:${deployment}${suffix}`,
        after: (options.after ?? []).map((node) => node.id),
      })
      const child: ChildRun = {
        id: submitted.id,
        name: submitted.name,
        deployment,
        wait: async (wait = {}) => {
          waiting++
          onActivity()
          try {
            const result = await poll(child, wait)
            onEnded(result)
            return result
          } finally {
            waiting--
            onActivity()
          }
        },
        cancel: () => backend.cancelRun(submitted.id),
      }
      if (!options.detached) open.set(child.id, child)
      log.info({ child: child.name, childId: child.id, deployment }, 'Child run submitted')
      return child
    },
    async waitFor(runs, options) {
      const results = await Promise.allSettled(runs.map((child) => child.wait(options)))
      return results.map((result) => {
        if (result.status === 'rejected') throw result.reason
        return result.value
      })
    },
    async cancelOpen() {
      await Promise.all(
        [...open.values()].map((child) =>
          child
            .cancel()
            .catch((error: unknown) =>
              log.warn(
                { child: child.name, error: describeError(error) },
                'A child run could not be cancelled',
              ),
            ),
        ),
      )
    },
  }
}
