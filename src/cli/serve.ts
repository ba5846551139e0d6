import { Command } from 'commander'
import { runService } from '../app/service.ts'
import { fileOption } from './options.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve the dashboard and its API alone')
    .addOption(fileOption())
    .action(async (flags: { file?: string }) => {
      process.exitCode = await runService({
        file: flags.file,
        work: false,
        serve: true,
        onStop: 'reschedule',
      })
    })
}
