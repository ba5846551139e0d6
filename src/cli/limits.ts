import { Command } from 'commander'
import { withParts } from '../app/open.ts'
import { openOperator } from '../app/orchestrator.ts'
import { exitCodes } from '../errors.ts'
import { TextTable } from '../log/table.ts'
import { ago } from '../operate/status/report.ts'
import { type LimitControl, type LimitView, parseLimit, showLimit } from '../runs/index.ts'
import { sayJson, sayLine, sayLines } from './console.ts'
import { fileOption } from './options.ts'

interface Flags {
  file?: string
  json?: boolean
}

export function limitsCommand(): Command {
  return new Command('limits')
    .description('show how much may run at once (tags, pools, queues, deployments); change it with `set`')
    .addOption(fileOption())
    .option('--json', 'as JSON', false)
    .action(async (flags: Flags) => {
      await withLimits(flags, async (control) => {
        const limits = await control.list()
        if (flags.json) sayJson(limits)
        else sayLines(renderLimits(limits, new Date()))
      })
    })
    .addCommand(
      new Command('set')
        .description('set a limit at once; it holds until it is set again, or reset with `default`')
        .argument('<name>', 'tag:database, pool:harvest, queue:harvest/default, deployment:harvest-all')
        .argument('<value>', 'a whole number from 1, `none`, or `default` for what the file declares')
        .addOption(fileOption())
        .action(async (name: string, value: string, _: Flags, command: Command) => {
          await withLimits(command.optsWithGlobals<Flags>(), async (limits) => {
            sayLine(await setLimit(limits, name, value))
          })
        }),
    )
}

/**
 * Changes one limit and says from what to what.
 * @throws HarvesterError USAGE, CONFIG_INVALID where parents and children could then wait for ever
 */
export async function setLimit(limits: LimitControl, name: string, value: string): Promise<string> {
  const limit = parseLimit(value)
  const find = async () => (await limits.list()).find((view) => view.name === name)
  const before = await find()
  if (limit === 'default') await limits.reset(name)
  else await limits.set(name, limit)
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

async function withLimits(flags: Flags, work: (limits: LimitControl) => Promise<void>): Promise<void> {
  process.exitCode = await withParts(async (parts) => {
    const { log } = parts.console({ level: 'warn' })
    const { variables: env, signal } = parts
    const open = await openOperator({ file: flags.file, work: false, env, log, signal })
    parts.closing.add(() => open.close())
    await work(open.orchestrator.limits)
    return exitCodes.done
  })
}
