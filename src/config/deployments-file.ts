/** Reads `config/deployments.yaml`: which deployments there are, in the form of Prefect's own prefect.yaml. */

import { resolve } from 'node:path'
import { z } from 'zod'
import { HarvesterError } from '../errors.ts'
import { packageFile } from '../package.ts'
import { type Environment, environmentVariables } from './environment.ts'
import { inNamespace } from './namespace.ts'
import type { Source } from './source.ts'
import { readTextFile } from './text-file.ts'
import { type Fault, faultsOf, readYaml, type YamlDocument } from './yaml.ts'

/** A deployment as the file declares it, variables filled in; cron and zone are still as they were written. */
export interface DeclaredDeployment {
  name: string
  /** Name of the flow, as `Harvest Source`. */
  flow: string
  description: string
  /** Null where there is none, or where its cron is blank. `named` says where the cron came from, for messages. */
  schedule: { cron: string; timezone: string; active: boolean; named: string } | null
  parameters: Record<string, unknown>
  workPool: string
  /** Null: the queue `default` of the pool. */
  workQueue: string | null
  /** Runs at the same time; null: no limit. */
  concurrencyLimit: number | null
  /** What happens to a run beyond the limit. */
  collisionStrategy: 'ENQUEUE' | 'CANCEL_NEW'
  tags: readonly string[]
  /** The source that a per-source entry was made for. */
  source: Source | null
}

export interface DeclaredQueue {
  name: string
  /** Runs at the same time; null: no limit. */
  concurrencyLimit: number | null
  /** The lower number is served first; null: as the server decides. */
  priority: number | null
}

export interface DeclaredPool {
  name: string
  /** Runs at the same time in all its queues; null: no limit. */
  concurrencyLimit: number | null
  /** Empty: none is declared. */
  description: string
  queues: readonly DeclaredQueue[]
}

/** The whole file. */
export interface Declaration {
  deployments: readonly DeclaredDeployment[]
  workPools: readonly DeclaredPool[]
  /** Task runs at the same time by tag. */
  tagLimits: Readonly<Record<string, number>>
}

export interface DeploymentsRequest {
  text: string
  /** Where the text came from, for people. */
  origin: string
  environment: Environment
  sources: readonly Source[]
}

/** The file that ships with the package. */
export const shippedDeploymentsFile = packageFile('config/deployments.yaml')

const entrypointPrefix = 'erddap-harvester:'
const sourceMark = /\{\{\s*source\.slug\s*\}\}/

/** Loads at the same time, where the file does not speak of it. */
export const defaultTagLimits = { database: 3 }

const limitSchema = z.number().int().min(1, 'must be 1 or more; to stop all runs, pause instead')
/** Without the characters that Prefect forbids in names. */
const nameSchema = z
  .string()
  .min(1)
  .regex(/^[^/%&><]+$/, 'must not hold / % & > <')

const queueSchema = z.strictObject({
  name: nameSchema,
  concurrency_limit: limitSchema.optional(),
  priority: z.number().int().min(1).optional(),
})

const poolSchema = z.strictObject({
  name: nameSchema,
  description: z.string().default(''),
  concurrency_limit: limitSchema.optional(),
  queues: z.array(queueSchema).default([]),
})

const entrySchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(''),
  entrypoint: z
    .string()
    .refine(
      (text) => text.startsWith(entrypointPrefix) && text.length > entrypointPrefix.length,
      `must be \`${entrypointPrefix}\` and the name of a flow, as ${entrypointPrefix}Harvest Source`,
    ),
  schedules: z
    .array(
      z.strictObject({
        // A schedule that lost its cron (an empty value is removed) is none.
        cron: z.string().default(''),
        timezone: z.string().default('{{ $HARVESTER_TZ }}'),
        active: z.boolean().default(true),
      }),
    )
    .max(1, 'one deployment has one schedule here; declare another deployment for another')
    .default([]),
  parameters: z.record(z.string(), z.unknown()).default({}),
  work_pool: z.strictObject({ name: nameSchema, work_queue_name: nameSchema.optional() }),
  concurrency_limit: z
    .union([
      z
        .number()
        .int()
        .min(1)
        .transform((limit) => ({ limit, collision_strategy: 'ENQUEUE' as const })),
      z.strictObject({
        limit: z.number().int().min(1),
        collision_strategy: z.enum(['ENQUEUE', 'CANCEL_NEW']).default('ENQUEUE'),
      }),
    ])
    .optional(),
  tags: z.array(z.string().min(1)).default([]),
})

const fileSchema = z.strictObject({
  // A prefect.yaml has these too; `definitions` is where anchors are kept.
  name: z.string().optional(),
  'prefect-version': z.string().optional(),
  definitions: z.unknown().optional(),
  deployments: z.array(entrySchema).min(1),
  work_pools: z.array(poolSchema).default([]),
  tag_limits: z.record(nameSchema, limitSchema).default(defaultTagLimits),
})

type Entry = z.output<typeof entrySchema>

/** The deployments of {@link loadDeclaration}. */
export function loadDeployments(
  environment: Environment,
  sources: readonly Source[],
  folder = process.cwd(),
): DeclaredDeployment[] {
  return [...loadDeclaration(environment, sources, folder).deployments]
}

/**
 * Finds and reads the file: `HARVEST_DEPLOYMENTS_FILE`, else the one that ships.
 * @throws HarvesterError CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export function loadDeclaration(
  environment: Environment,
  sources: readonly Source[],
  folder = process.cwd(),
): Declaration {
  const named = environment.HARVEST_DEPLOYMENTS_FILE
  const origin = named === undefined ? shippedDeploymentsFile : resolve(folder, named)
  const text = readTextFile(
    origin,
    'Check HARVEST_DEPLOYMENTS_FILE; left empty, the file that ships is used.',
  )
  return readDeclaration({ text, origin, environment, sources })
}

/**
 * Reads a file of deployments; an entry whose name holds `{{ source.slug }}` becomes one for every source.
 * @throws HarvesterError CONFIG_INVALID naming every fault with its line
 */
export function readDeclaration(request: DeploymentsRequest): Declaration {
  const { text, origin, environment, sources } = request
  const document = readYaml(text)
  const faults: Fault[] = [...document.faults]
  const found: DeclaredDeployment[] = []
  let workPools: DeclaredPool[] = []
  let tagLimits: Readonly<Record<string, number>> = defaultTagLimits
  if (faults.length === 0) {
    const result = fileSchema.safeParse(document.value ?? {})
    if (!result.success) faults.push(...faultsOf(result.error, document))
    else {
      for (const [index, entry] of result.data.deployments.entries())
        found.push(...declared(entry, index, environment, sources, document, faults))
      workPools = declaredPools(result.data.work_pools, environment, document, faults)
      tagLimits = result.data.tag_limits
    }
  }
  const names = new Set<string>()
  for (const { name } of found) {
    if (names.has(name)) faults.push({ line: null, message: `two deployments are named ${name}` })
    names.add(name)
  }
  if (faults.length > 0) {
    const lines = faults.map(({ line, message }) => (line === null ? message : `line ${line}: ${message}`))
    throw new HarvesterError(
      'CONFIG_INVALID',
      `${origin} is not usable:\n  ${[...new Set(lines)].join('\n  ')}`,
      {
        remedy: 'Correct it; docs/deployment.md describes the file.',
      },
    )
  }
  return { deployments: found, workPools, tagLimits }
}

function declaredPools(
  entries: readonly z.output<typeof poolSchema>[],
  environment: Environment,
  document: YamlDocument,
  faults: Fault[],
): DeclaredPool[] {
  const names = new Set<string>()
  return entries.map((entry, index) => {
    const fault = (message: string, ...path: PropertyKey[]) =>
      faults.push({ line: document.lineOf(['work_pools', index, ...path]), message })
    const filled = fill(entry, { environment, source: null, template: false }, (message) =>
      fault(`work_pools.${index}: ${message}`),
    ) as typeof entry
    if (names.has(filled.name)) fault(`two work pools are named ${filled.name}`, 'name')
    names.add(filled.name)
    const queues = new Set<string>()
    for (const [at, { name }] of filled.queues.entries()) {
      if (queues.has(name)) fault(`two queues of ${filled.name} are named ${name}`, 'queues', at, 'name')
      queues.add(name)
    }
    return {
      name: filled.name,
      concurrencyLimit: filled.concurrency_limit ?? null,
      description: filled.description,
      queues: filled.queues.map((queue) => ({
        name: queue.name,
        concurrencyLimit: queue.concurrency_limit ?? null,
        priority: queue.priority ?? null,
      })),
    }
  })
}

function declared(
  entry: Entry,
  index: number,
  environment: Environment,
  sources: readonly Source[],
  document: YamlDocument,
  faults: Fault[],
): DeclaredDeployment[] {
  const owners: readonly (Source | null)[] = sourceMark.test(entry.name) ? sources : [null]
  const line = document.lineOf(['deployments', index])
  // Without a source, a per-source entry makes nothing; its variables are checked all the same.
  if (owners.length === 0) {
    fill(entry, { environment, source: null, template: true }, (message) => faults.push({ line, message }))
    return []
  }
  return owners.map((source) => {
    const filled = fill(entry, { environment, source, template: source !== null }, (message) =>
      faults.push({ line, message: `${entry.name}: ${message}` }),
    ) as Entry
    const written = entry.schedules[0]
    const schedule = filled.schedules[0]
    const cron = schedule === undefined ? '' : String(schedule.cron)
    return {
      name: inNamespace(filled.name, environment.HARVESTER_NAMESPACE),
      flow: filled.entrypoint.slice(entrypointPrefix.length).trim(),
      description: filled.description,
      schedule:
        schedule === undefined || cron.trim() === ''
          ? null
          : {
              cron,
              timezone: String(schedule.timezone),
              active: schedule.active,
              named: cronName(written?.cron ?? '', filled.name),
            },
      parameters: filled.parameters,
      workPool: filled.work_pool.name,
      workQueue: filled.work_pool.work_queue_name ?? null,
      concurrencyLimit: filled.concurrency_limit?.limit ?? null,
      collisionStrategy: filled.concurrency_limit?.collision_strategy ?? 'ENQUEUE',
      tags: filled.tags,
      source,
    }
  })
}

/** What a person should look at when the cron is wrong: the variable, else the entry. */
function cronName(written: string, deployment: string): string {
  return /^\{\{\s*\$(\w+)\s*\}\}$/.exec(written.trim())?.[1] ?? `the cron of ${deployment}`
}

interface Scope {
  environment: Environment
  source: Source | null
  /** Whether the entry is made for each source, so that `source` may be named. */
  template: boolean
}

const whole = /^\s*\{\{([^{}]*)\}\}\s*$/
const within = /\{\{([^{}]*)\}\}/g

/** Fills in variables at any depth; a text that is one variable becomes that variable's value, whatever its type. */
function fill(value: unknown, scope: Scope, onFault: (message: string) => void): unknown {
  if (typeof value === 'string') {
    const only = whole.exec(value)
    if (only) return lookUp(only[1]!.trim(), scope, onFault) ?? ''
    return value.replace(within, (_, name: string) => {
      const found = lookUp(name.trim(), scope, onFault) ?? ''
      return typeof found === 'object' ? JSON.stringify(found) : String(found)
    })
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, scope, onFault))
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, scope, onFault)]))
  return value
}

function lookUp(name: string, { environment, source, template }: Scope, onFault: (message: string) => void) {
  if (name.startsWith('$')) {
    const variable = name.slice(1)
    if (!Object.hasOwn(environmentVariables, variable)) {
      onFault(`{{ ${name} }} is no variable of this program`)
      return null
    }
    if ('secret' in environmentVariables[variable as keyof Environment]) {
      // What is registered can be read by everyone who sees the Prefect server.
      onFault(`{{ ${name} }} is a secret, and deployments are public on the server`)
      return null
    }
    return environment[variable as keyof Environment] ?? null
  }
  const property = /^source\.(slug|url|cron|options)$/.exec(name)?.[1]
  if (property === undefined) {
    onFault(`{{ ${name} }} is unknown; there are {{ $VARIABLE }} and {{ source.slug|url|cron|options }}`)
    return null
  }
  if (!template) {
    onFault(`{{ ${name} }} needs {{ source.slug }} in the name of the deployment`)
    return null
  }
  if (source === null) return null
  if (property === 'options') return source
  if (property === 'cron') return 'cron' in source ? source.cron : null
  return property === 'slug' ? source.slug : source.url
}
