import { Command } from 'commander'
import { fileOption, onStopOption, text } from './options.ts'

interface Flags {
  file?: string
  serve: boolean
  check: boolean
  name?: string
  onStop: 'reschedule' | 'crash'
}

export function workerCommand(): Command {
  return new Command('worker')
    .description(
      'poll a Prefect server (PREFECT_API_URL) and run flows in this process; without one, run by our own schedule',
    )
    .addOption(fileOption())
    .option('--serve', 'serve the API and the dashboard too', false)
    .option('--check', 'say whether a worker is alive on this host, and exit: for health checks', false)
    .option(
      '--name <worker>',
      'with --check: the worker of this name, also one of another host that shares the data folder',
      text,
    )
    .addOption(onStopOption())
    .action(async (flags: Flags) => {
      process.exitCode = flags.check
        ? (await import('../operate/workers/check.ts')).checkWorker(flags.name)
        : await (await import('../app/service.ts')).runService({
            file: flags.file,
            work: true,
            serve: flags.serve,
            onStop: flags.onStop,
          })
    })
}
