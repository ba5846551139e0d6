import { Command } from 'commander'
import { action, type Parts } from '../app/open.ts'
import { openOperator } from '../app/orchestrator.ts'
import { describeSettings } from '../database/settings.ts'
import { describeError, exitCodes } from '../errors.ts'
import { databaseBytes, sourceSuccesses } from '../inventory/queries/source-successes.ts'
import { scrub } from '../log/secrets.ts'
import { engineStatus } from '../operate/status/engine-status.ts'
import { renderStatus, type StatusReport } from '../operate/status/report.ts'
import { version } from '../package.ts'
import { pause, sayJson, sayLines } from './console.ts'
import { fileOption, seconds } from './options.ts'

interface Flags {
  file?: string
  json: boolean
  watch: boolean
  interval: number
}

export function statusCommand(): Command {
  return (
    new Command('status')
      .description(
        'show everything at a glance: engine, workers, running and next runs, limits, age of each source',
      )
      .addOption(fileOption())
      .option('--json', 'as JSON; with --watch, a line each time', false)
      .option('--watch', 'repeat until Ctrl-C', false)
      .option('--interval <seconds>', 'time between two looks', seconds({ most: 86_400 }), 5)
      // Ctrl-C is how --watch ends, and no failure.
      .action(action(status, { judges: true, onStop: 'ask' }))
  )
}

async function status(parts: Parts, flags: Flags): Promise<number> {
  const look = await openStatus(parts, flags.file)
  for (;;) {
    const report = await look()
    if (flags.watch && parts.signal.aborted) return exitCodes.done
    if (flags.json) sayJson(report, flags.watch ? 0 : 2)
    else {
      if (flags.watch && process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H')
      sayLines(renderStatus(report))
    }
    if (!flags.watch) return report.problems.length > 0 ? exitCodes.failed : exitCodes.done
    await pause(flags.interval * 1000, parts.signal)
    if (parts.signal.aborted) return exitCodes.done
  }
}

/** Opens what is asked for reports; what cannot be reached becomes a problem of the report. */
export async function openStatus(
  parts: Parts,
  file: string | undefined,
): Promise<() => Promise<StatusReport>> {
  const { variables: env, signal, databaseSettings: settings } = parts
  const { log } = parts.console({ level: 'warn' })
  const database = parts.database(log)
  const open = await openOperator({ file, work: false, env, log, signal, database })
  parts.closing.add(() => open.close())
  const { orchestrator, declared, config } = open
  return async () => {
    const at = new Date()
    const report: StatusReport = {
      at,
      version,
      engine: {
        kind: orchestrator.kind,
        url: orchestrator.url,
        version: null,
      },
      state: null,
      database: null,
      sources: [],
      problems: [],
    }
    const attempt = async (work: () => Promise<void>) => {
      try {
        await work()
      } catch (error) {
        report.problems.push(scrub(describeError(error)))
      }
    }
    await attempt(async () => {
      // A database that was away may be back at the next look.
      const opened = await database()
      report.database = { description: describeSettings(settings), bytes: await databaseBytes(opened) }
      const rows = await sourceSuccesses(
        opened,
        config.sources.map(({ url }) => url),
      )
      report.sources = rows.map(({ erddap_url, datasets, succeeded_at }) => ({
        url: erddap_url,
        datasets,
        succeededAt: succeeded_at,
        ageHours:
          succeeded_at === null ? null : Math.round((at.getTime() - succeeded_at.getTime()) / 360_000) / 10,
      }))
    })
    await attempt(async () => {
      // Runs that are in the database cannot be asked for where it is away, which was said.
      if (orchestrator.inDatabase && report.database === null) return
      report.engine.version = (await orchestrator.health()).version
      report.state = await engineStatus(orchestrator, declared)
    })
    return report
  }
}
