/** `harvester worker` (or `start`) as a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { waitUntil } from './prefect.ts'
import { harvesterProgram } from './program.ts'

export interface WorkerCommand {
  output(): string
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Resolves when it runs. */
export async function startWorkerCommand(
  args: readonly string[],
  options: { folder: string; env: Record<string, string> },
): Promise<WorkerCommand> {
  const { folder } = options
  const child: ChildProcess = spawn(process.execPath, [...harvesterProgram, ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      HARVESTER_DATA_DIR: folder,
      HARVESTER_CACHE_DIR: folder,
      HARVESTER_LOG_DIR: folder,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data: Buffer) => {
      output = (output + data).slice(-100_000)
    })
  const worker: WorkerCommand = {
    output: () => output,
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((done) => child.once('exit', done))
      child.kill(signal)
      await gone
    },
  }
  try {
    await waitUntil('the worker', () => {
      if (child.exitCode !== null) throw new Error(`It ended: ${output}`)
      return output.includes('is running')
    })
  } catch (error) {
    await worker.kill('SIGKILL')
    throw error
  }
  return worker
}
