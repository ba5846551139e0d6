/**
 * What the harvest configuration says of operating: whom to tell of failures, what follows a harvest, what a harvest
 * waits for. Addresses that hold secrets are named by the environment, never written here.
 */
import { z } from 'zod'
import { webAddress } from './address.ts'
import { seconds } from './timers.ts'

const variableName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of an environment variable, as PORTAL_HOOK_URL')

const alertKinds = ['failed', 'crashed', 'errors', 'stale'] as const
export type AlertKind = (typeof alertKinds)[number]

export const alertsSchema = z.strictObject({
  on: z
    .array(z.enum(alertKinds))
    .default([...alertKinds])
    .describe(
      'What is told: runs that failed, that crashed, that completed with `errors`, sources that are `stale`.',
    ),
  errors_share: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe('A completed run is told of when a larger share of its datasets failed.'),
  quiet_hours: z
    .number()
    .min(0)
    .default(12)
    .describe('Hours in which the same trouble of one source is not told again; 0 tells of each run.'),
  digest_seconds: z
    .number()
    .min(0)
    .max(3600)
    // Half a minute, so that an operator still hears within one.
    .default(30)
    .describe('Alerts that come within so many seconds are sent as one message.'),
  stale_hours: z
    .number()
    .min(0)
    .default(48)
    .describe('Hours without a success after which a source is stale; 0 switches that off.'),
  recovery: z.boolean().default(true).describe('Tell when a source is well again.'),
})
export type AlertSettings = z.output<typeof alertsSchema>

const stepKinds = ['refresh_views', 'flush_redis', 'webhook', 'deployment', 'command'] as const
export type StepKind = (typeof stepKinds)[number]

export const stepSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[^/%&><]+$/, 'must be a name without / % & > <')
      .optional()
      .describe('Name of the task; default: what the step does.'),
    refresh_views: z
      .array(z.string().regex(/^[\w$]+(\.[\w$]+)?$/, 'must be `view` or `schema.view`'))
      .min(1)
      .optional()
      .describe('Materialized views to refresh, in this order.'),
    flush_redis: z.literal(true).optional().describe('Empty the Redis database of REDIS_URL.'),
    webhook: z
      .strictObject({
        url: webAddress.optional().describe('The address, if it holds no secret.'),
        url_env: variableName.optional().describe('The environment variable that holds the address.'),
        method: z.enum(['POST', 'PUT', 'GET']).default('POST').describe('The method.'),
        token_env: variableName
          .optional()
          .describe('The environment variable that holds a bearer token to send.'),
        timeout_seconds: seconds.default(30).describe('Time limit of one attempt.'),
      })
      .refine((hook) => (hook.url === undefined) !== (hook.url_env === undefined), {
        message: 'needs either `url` or `url_env`',
      })
      .optional()
      .describe('Call an address; the body is the summary of the harvest as JSON.'),
    deployment: z
      .strictObject({
        name: z.string().min(1).describe('`flow name/deployment`, or the deployment alone.'),
        parameters: z.record(z.string(), z.unknown()).default({}).describe('Its parameters.'),
        wait: z.boolean().default(true).describe('Wait for its end; a failed run then fails this one.'),
      })
      .optional()
      .describe('Run another deployment.'),
    command: z
      .strictObject({
        run: z.array(z.string().min(1)).min(1).describe('Program and arguments; no shell reads them.'),
        folder: z.string().default('.').describe('Working folder.'),
        timeout_seconds: seconds.default(3600).describe('Time limit.'),
      })
      .optional()
      .describe('Run a program; its output goes to the log, its exit code decides.'),
  })
  .refine((step) => stepKinds.filter((kind) => step[kind] !== undefined).length === 1, {
    message: `needs exactly one of ${stepKinds.join(', ')}`,
  })
export type AfterSuccessStep = z.output<typeof stepSchema>

/** Steps are named in parameters and logs, so that a name must mean one of them. */
export const stepsSchema = z.array(stepSchema).superRefine((steps, context) => {
  const seen = new Set<string>()
  for (const [index, { name }] of steps.entries()) {
    if (name === undefined) continue
    if (seen.has(name))
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `"${name}" names another step already`,
      })
    seen.add(name)
  }
})

const isoTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/

const newerThan = z.string().refine((text) => isoTime.test(text) || /^\d+\s*(min|h|d)$/.test(text), {
  message: 'must be a time as 2026-11-21T05:00:00Z, or an age as 90min, 6h or 2d',
})
/** Seconds of a wait that says nothing else. */
export const waitDefaults = { timeout: 600, interval: 30 } as const

const waitForFields = {
  dataset_id: z
    .string()
    .min(1)
    .optional()
    .describe('This dataset must be listed; without, the server must answer.'),
  newer_than: newerThan
    .optional()
    .describe(
      'The newest time of the dataset must be later: a time, or an age as `6h` before the start of the run.',
    ),
  timeout_seconds: seconds.default(waitDefaults.timeout).describe('How long to wait at most.'),
  interval_seconds: seconds.min(1).default(waitDefaults.interval).describe('Time between two looks.'),
}

export const waitForSchema = z
  .strictObject(waitForFields)
  .refine((wait) => wait.newer_than === undefined || wait.dataset_id !== undefined, {
    message: '`newer_than` needs a `dataset_id`',
  })
export type WaitFor = z.output<typeof waitForSchema>

/** As a source carries it to workers, among them older ones: what a newer version adds is left out, not refused. */
export const carriedWaitForSchema = z.object(waitForFields)

/** As a run is told: what it leaves out is the source's, or the default. See `mergeWaitFor`. */
export const waitForParameter = z.object({
  dataset_id: z.string().min(1).nullish().describe('This dataset must be listed'),
  newer_than: newerThan
    .nullish()
    .describe('Its newest time must be later: a time, or an age as 6h before the start of the run'),
  timeout_seconds: seconds.nullish().describe('How long to wait at most'),
  interval_seconds: seconds.min(1).nullish().describe('Time between two looks'),
})
export type WaitForParameter = z.output<typeof waitForParameter>
