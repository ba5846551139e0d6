/** Runs the steps after a harvest, each as a task (or a child run) of the run, one after the other. */
import type { NamedStep } from '../../config/after-success.ts'
import type { AfterSuccessStep } from '../../config/operations-schema.ts'
import { describeError, isHarvesterError } from '../../errors.ts'
import { type FlowContext, type GraphNode, task } from '../../runs/index.ts'
import { runCommand } from './command.ts'
import { flushRedis } from './flush-redis.ts'
import { refreshViews } from './refresh-views.ts'
import { isTransientFailure, type StepContext, type StepInput, stepFailed } from './step.ts'
import { withoutFlow } from './summary.ts'
import { callWebhook } from './webhook.ts'

export interface StepsEnd {
  readonly done: readonly string[]
  readonly failed: { readonly name: string; readonly error: unknown } | null
  /** Those behind the one that failed. */
  readonly notRun: readonly string[]
}

/**
 * Runs steps until one fails. Rejects only when the run itself is ended.
 * @param after what the first step comes after in the graph
 */
export async function runSteps(
  steps: readonly NamedStep[],
  input: StepInput,
  run: FlowContext,
  after: readonly GraphNode[],
): Promise<StepsEnd> {
  const done: string[] = []
  let previous = after
  for (const { name, step } of steps) {
    try {
      previous = [await runStep(name, step, input, run, previous)]
      done.push(name)
    } catch (error) {
      run.signal.throwIfAborted()
      const remedy = isHarvesterError(error) ? error.remedy : undefined
      const notRun = steps.slice(done.length + 1).map((later) => later.name)
      run.log.error(
        { step: name, code: isHarvesterError(error) ? error.code : 'INTERNAL', remedy, not_run: notRun },
        `the step ${name} failed: ${describeError(error)}`,
      )
      return { done, failed: { name, error }, notRun }
    }
  }
  return { done, failed: null, notRun: [] }
}

async function runStep(
  name: string,
  step: AfterSuccessStep,
  input: StepInput,
  run: FlowContext,
  after: readonly GraphNode[],
): Promise<GraphNode> {
  // A run that waits for another one must hold no slot, so this step is the child run itself.
  if (step.deployment) return runOther(name, step.deployment, run, after)
  const started = run.task(definitionOf(name, step), input, { after })
  await started
  // Not the handle: it is awaited like a promise.
  return { id: started.id }
}

/** The first delay; it doubles. */
const retryDelaySeconds = 5

function definitionOf(name: string, step: AfterSuccessStep) {
  const body = bodyOf(step)
  return task({
    name,
    ...(step.refresh_views && { tags: ['database'] }),
    // A program is not run twice: nobody here knows what half of it did.
    retries: step.command ? 0 : 2,
    retryDelaySeconds,
    retryIf: isTransientFailure,
    run: body,
  })
}

function bodyOf(step: AfterSuccessStep): (input: StepInput, context: StepContext) => Promise<void> {
  const { refresh_views: views, webhook, command } = step
  if (views) return ({ services }, context) => refreshViews(views, services, context)
  if (webhook) return (input, context) => callWebhook(webhook, input, context)
  if (command) return (input, context) => runCommand(command, input, context)
  return ({ services }, context) => flushRedis(services, context)
}

async function runOther(
  name: string,
  other: NonNullable<AfterSuccessStep['deployment']>,
  run: FlowContext,
  after: readonly GraphNode[],
): Promise<GraphNode> {
  if (run.deployment !== null && withoutFlow(other.name) === withoutFlow(run.deployment))
    throw stepFailed(
      `${other.name} is the deployment of this run: it would start itself again and again`,
      'Name another deployment.',
    )
  const child = await run
    .runDeployment(other.name, other.parameters, { key: name, after, ...(!other.wait && { detached: true }) })
    .catch((error: unknown) => {
      run.signal.throwIfAborted()
      throw stepFailed(
        `${other.name} could not be started: ${describeError(error)}`,
        isHarvesterError(error, 'USAGE')
          ? `${error.remedy ?? ''} Without a Prefect server there are only the deployments of this harvester.`.trim()
          : ((isHarvesterError(error) ? error.remedy : undefined) ??
              'Check the deployment and its parameters.'),
        { cause: error },
      )
    })
  if (!other.wait) return child
  const result = await child.wait()
  if (result.type !== 'COMPLETED')
    throw stepFailed(
      `the run ${result.name} of ${other.name} ended as ${result.stateName}${result.message && `: ${result.message}`}`,
      'Look at that run; its log says why.',
    )
  run.log.info({ step: name, child: result.name }, `${other.name} completed`)
  return child
}
