import { userInfo } from 'node:os'
import { Command } from 'commander'
import { lazyDatabase } from '../app/database.ts'
import { serviceConfig } from '../app/service-config.ts'
import { createProcess } from '../app/services.ts'
import { readEnvironment } from '../config/environment.ts'
import { databaseSettings } from '../database/settings.ts'
import { exitCodes } from '../errors.ts'
import { databaseRunStore } from '../inventory/run-store.ts'
import { TextTable } from '../log/table.ts'
import { ago } from '../operate/status/report.ts'
import {
  createPrefectBackend,
  type LimitDesk,
  type LimitView,
  localLimitDesk,
  namespaceTag,
  parseLimit,
  prefectLimitDesk,
  prefectSettings,
  showLimit,
} from '../runs/index.ts'
import { createConsole, interruptible, sayJson, sayLine, sayLines } from './console.ts'
import { limitDeclaration } from './declaration.ts'
import { fileOption } from './options.ts'

interface Flags {
  file?: string
  json?: boolean
}

export function limitsCommand(): Command {
  return new Command('limits')
    .description('what may run at once: tags, pools, queues, deployments; with `set` another number')
    .addOption(fileOption())
    .option('--json', 'as JSON', false)
    .action(async (flags: Flags) => {
      process.exitCode = await withDesk(flags, async (desk) => {
        const limits = await desk.list()
        if (flags.json) sayJson(limits)
        else sayLines(renderLimits(limits, new Date()))
      })
    })
    .addCommand(
      new Command('set')
        .description('put a limit in force at once; it stays until it is set again, or by `default`')
        .argument('<name>', 'tag:database, pool:harvest, queue:harvest/default, deployment:harvest-all')
        .argument('<value>', 'a whole number from 1, `none`, or `default` for what the file declares')
        .addOption(fileOption())
        .action(async (name: string, value: string, _: Flags, command: Command) => {
          process.exitCode = await withDesk(command.optsWithGlobals<Flags>(), async (desk) => {
            sayLine(await setLimit(desk, name, value))
          })
        }),
    )
}

/**
 * Changes one limit and says from what to what.
 * @throws HarvesterError USAGE, CONFIG_INVALID where parents and children could then wait for ever
 */
export async function setLimit(desk: LimitDesk, name: string, value: string): Promise<string> {
  const limit = parseLimit(value)
  const find = async () => (await desk.list()).find((view) => view.name === name)
  const before = await find()
  if (limit === 'default') await desk.reset(name)
  else await desk.set(name, limit)
  const after = await find()
  return `limit ${name} ${showLimit(before?.inForce ?? null)} → ${showLimit(after?.inForce ?? null)}`
}

export function renderLimits(limits: readonly LimitView[], now: Date): string {
  const table = new TextTable({
    head: ['Limit', 'Declared', 'In force', 'Active', 'From'],
    style: { head: [], border: [] },
  })
  for (const { name, declared, inForce, active, from, setBy, setAt } of limits)
    table.push([
      name,
      showLimit(declared),
      from === 'missing' ? '–' : showLimit(inForce),
      active,
      from === 'missing'
        ? 'missing on the server'
        : from === 'declaration'
          ? 'declaration'
          : ['set', ` by ${setBy ?? 'hand'}`, setAt === null ? '' : ` ${ago(now, setAt)}`].join(''),
    ])
  return table.toString()
}

async function withDesk(flags: Flags, work: (desk: LimitDesk) => Promise<void>): Promise<number> {
  const stop = interruptible()
  const open = await openLimits(flags.file, process.env, stop.signal)
  try {
    await work(open.desk)
    return exitCodes.done
  } finally {
    await open.close()
    stop.dispose()
  }
}

/** The limits of the Prefect server, or of the database where there is none. */
export async function openLimits(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<{ desk: LimitDesk; close(): Promise<void> }> {
  const environment = readEnvironment(env)
  const prefect = prefectSettings(env)
  const config = serviceConfig({ file, work: false }, environment, env)
  const { log } = createConsole({ level: 'warn', time: true, progress: false })
  const parts = await createProcess({
    environment,
    config: { ...config, settings: { ...config.settings, cache: false } },
    log,
    database: null,
    orchestrator: prefect ? 'prefect' : 'local',
    listeners: [],
  })
  const declaration = limitDeclaration(environment, parts.services)
  if (prefect) {
    const namespace = environment.HARVESTER_NAMESPACE
    const backend = createPrefectBackend({ settings: prefect, namespaceTag: namespaceTag(namespace) })
    return {
      desk: prefectLimitDesk(backend, declaration, namespace),
      async close() {
        await backend.close()
        await parts.close()
      },
    }
  }
  const database = lazyDatabase(databaseSettings(env), log, signal)
  try {
    const store = databaseRunStore(await database.open())
    return {
      desk: localLimitDesk(store, declaration, userName()),
      async close() {
        await parts.close()
        await database.close()
      },
    }
  } catch (error) {
    await parts.close()
    await database.close()
    throw error
  }
}

function userName(): string | null {
  try {
    return userInfo().username
  } catch {
    return null // a container may run as a user without a name
  }
}
