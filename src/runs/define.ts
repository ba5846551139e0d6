import type { z } from 'zod'
import { HarvesterError } from '../errors.ts'
import type { Flow, FlowDefinition, FlowOutcome, Task, TaskDefinition } from './types.ts'

/** Characters that Prefect forbids in the names of flows, deployments, pools and limits. */
const forbidden = /[/%&><]/

export function checkName(kind: string, name: string): void {
  if (name.trim() === '' || forbidden.test(name))
    throw new HarvesterError('CONFIG_INVALID', `The ${kind} name "${name}" is not usable`, {
      remedy: 'Give it a name without / % & > <.',
    })
}

/** Defines a flow. Throws CONFIG_INVALID for a name that no back end takes. */
export function flow<S extends z.ZodObject>(definition: FlowDefinition<S>): Flow<S> {
  checkName('flow', definition.name)
  return {
    ...definition,
    kind: 'flow',
    retries: definition.retries ?? 0,
    retryDelaySeconds: definition.retryDelaySeconds ?? 10,
    tags: definition.tags ?? [],
  }
}

/** Defines a task. */
export function task<I, O>(definition: TaskDefinition<I, O>): Task<I, O> {
  checkName('task', definition.name)
  return {
    ...definition,
    kind: 'task',
    retries: definition.retries ?? 0,
    retryDelaySeconds: definition.retryDelaySeconds ?? 5,
    tags: definition.tags ?? [],
  }
}

/** The run is Completed, and says this. */
export function completed(message: string): FlowOutcome {
  return { type: 'COMPLETED', message }
}

/** The run is Failed by its counts; it is not retried by itself. */
export function failed(message: string): FlowOutcome {
  return { type: 'FAILED', message }
}
