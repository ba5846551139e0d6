import type { z } from 'zod'
import { HarvesterError } from '../errors.ts'
import { aborted } from './abort.ts'
import type { Backend, FlowRun } from './backend.ts'
import { type Ended, type EngineOptions, executeRun } from './engine.ts'
import { newInstance } from './instance.ts'
import { startRunner } from './runner.ts'
import type { Flow } from './types.ts'

export interface RunFlowOptions extends EngineOptions {
  /** Aborting it cancels the run. */
  readonly signal?: AbortSignal
  /** @default 'cli' */
  readonly createdBy?: string
  readonly tags?: readonly string[]
  /** Child runs at once. @default 4 */
  readonly childLimit?: number
}

export interface FlowResult {
  readonly id: string
  readonly name: string
  readonly state: Ended['type']
  readonly message: string
  /** What a failed run threw; null for a completed one. */
  readonly error: unknown
}

/**
 * Runs a flow once, in this process, to its end; never throws for what the flow does.
 * Throws PARAMETERS_INVALID before anything is recorded. Where no worker would, its child runs are run here as well.
 */
export async function runFlow<S extends z.ZodObject>(
  backend: Backend,
  flow: Flow<S>,
  parameters: z.input<S>,
  options: RunFlowOptions = {},
): Promise<FlowResult> {
  const parsed = flow.parameters.safeParse(parameters)
  if (!parsed.success)
    throw new HarvesterError(
      'PARAMETERS_INVALID',
      `The parameters of "${flow.name}" do not fit: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`).join('; ')}`,
    )
  const name = flow.runName(parsed.data)
  const recorder = await backend.openRun({
    flow: flow.name,
    flowTags: flow.tags,
    name,
    parameters: parameters as Record<string, unknown>,
    createdBy: options.createdBy ?? 'cli',
    tags: options.tags ?? [],
  })
  const controller = new AbortController()
  const onAbort = () => controller.abort(aborted('cancelled'))
  if (options.signal?.aborted) onAbort()
  else options.signal?.addEventListener('abort', onAbort, { once: true })
  const unwatch = watchCancellation(backend, recorder.run, controller)
  const runner = await childRunner(backend, recorder.run.id, options)
  try {
    const ended = await executeRun(flow as unknown as Flow, recorder, backend, {
      ...options,
      signal: controller.signal,
      onStop: 'crash',
    })
    return { id: recorder.run.id, name, state: ended.type, message: ended.message, error: ended.error }
  } finally {
    unwatch()
    options.signal?.removeEventListener('abort', onAbort)
    await runner?.stop()
  }
}

/** Executes the children of a run in this process. */
async function childRunner(backend: Backend, parent: string, options: RunFlowOptions) {
  const children = backend.childrenOf?.(parent)
  if (!children) return null
  return startRunner({
    ...options,
    runs: backend,
    queue: children.queue,
    instance: newInstance(children.worker),
    flows: children.flows,
    limit: options.childLimit ?? 4,
    graceSeconds: 60,
    onStop: 'crash',
  })
}

/** A run that is executed here may be cancelled from elsewhere. */
function watchCancellation(backend: Backend, run: FlowRun, controller: AbortController): () => void {
  const timer = setInterval(async () => {
    const known = await backend.readRun(run.id).catch(() => null)
    if (known?.state.type === 'CANCELLING' || known?.state.type === 'CANCELLED')
      controller.abort(aborted('cancelled'))
  }, 2000)
  timer.unref()
  return () => clearInterval(timer)
}
