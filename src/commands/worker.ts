import { Command, Option } from 'commander'
import { checkWorker, runService } from './service.ts'

interface Flags {
  file?: string
  serve: boolean
  check: boolean
  onStop: 'reschedule' | 'crash'
}

export function workerCommand(): Command {
  return new Command('worker')
    .description(
      'poll a Prefect server (PREFECT_API_URL) and run flows in this process; without one, run by our own schedule',
    )
    .option('-f, --file <path>', 'harvest configuration (YAML)')
    .option('--serve', 'serve the API and the dashboard too', false)
    .option('--check', 'say whether a worker runs here, and end: for health checks', false)
    .addOption(
      new Option('--on-stop <what>', 'what becomes of runs that are unfinished when the grace time ends')
        .choices(['reschedule', 'crash'])
        .default('reschedule'),
    )
    .action(async (flags: Flags) => {
      process.exitCode = flags.check
        ? checkWorker()
        : await runService({ file: flags.file, work: true, serve: flags.serve, onStop: flags.onStop })
    })
}
