/** The steps of `after_success`, each with the name by which runs, logs and parameters know it. */
import { basename } from 'node:path'
import { isSet } from './given.ts'
import type { HarvestSettings } from './harvest-schema.ts'
import type { AfterSuccessStep } from './operations-schema.ts'

export interface NamedStep {
  readonly name: string
  readonly step: AfterSuccessStep
}

type StepSettings = Pick<HarvestSettings, 'after_success' | 'flush_redis'>

/**
 * In the order in which they run. A step without a name is called after what it does, with a number where that name
 * is taken. `flush_redis: true` is one more step, the last, unless there is such a step already.
 */
export function namedSteps(settings: StepSettings): NamedStep[] {
  const steps: AfterSuccessStep[] = [...settings.after_success]
  if (settings.flush_redis && !steps.some((step) => step.flush_redis)) steps.push({ flush_redis: true })
  const taken = new Set(steps.flatMap(({ name }) => (name === undefined ? [] : [name])))
  return steps.map((step) => {
    if (step.name !== undefined) return { name: step.name, step }
    const name = free(whatItDoes(step), taken)
    taken.add(name)
    return { name, step }
  })
}

function free(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let number = 2; ; number++) if (!taken.has(`${name} ${number}`)) return `${name} ${number}`
}

function whatItDoes(step: AfterSuccessStep): string {
  if (step.refresh_views) return 'refresh-views'
  if (step.webhook) return 'webhook'
  if (step.deployment) return `deployment ${step.deployment.name}`
  if (step.command) return `command ${basename(step.command.run[0] ?? '').replaceAll(/[%&><]/g, '-')}`
  return 'flush-redis'
}

/** What the environment lacks for the steps to work, a sentence each. */
export function stepWarnings(
  settings: StepSettings,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  return namedSteps(settings).flatMap(({ name, step }) =>
    variablesOf(step)
      .filter((variable) => !isSet(env[variable]))
      .map((variable) => `after_success: the step ${name} will fail: ${variable} is not set`),
  )
}

function variablesOf(step: AfterSuccessStep): string[] {
  if (step.flush_redis) return ['REDIS_URL']
  return [step.webhook?.url_env, step.webhook?.token_env].filter((name) => name !== undefined)
}
