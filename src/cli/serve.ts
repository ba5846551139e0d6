import { Command } from 'commander'
import { runService } from '../app/service.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve the dashboard and its API alone')
    .option('-f, --file <path>', 'harvest configuration (YAML)')
    .action(async (flags: { file?: string }) => {
      process.exitCode = await runService({
        file: flags.file,
        work: false,
        serve: true,
        onStop: 'reschedule',
      })
    })
}
