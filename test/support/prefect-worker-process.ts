import { type ChildProcess, spawn } from 'node:child_process'
import { waitUntil } from './prefect.ts'
import { testProgram } from './program.ts'

/** `test/support/prefect-worker.ts` as a process. */
export interface WorkerProcess {
  readonly name: string
  readonly output: () => string
  kill(signal: NodeJS.Signals): Promise<void>
}

export async function startWorkerProcess(
  apiUrl: string,
  environment: Record<string, string>,
): Promise<WorkerProcess> {
  const child: ChildProcess = spawn(process.execPath, testProgram('prefect-worker'), {
    env: { PATH: process.env.PATH, PREFECT_API_URL: apiUrl, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data: Buffer) => {
      output = (output + data).slice(-200_000)
    })
  await waitUntil('the worker process', () => {
    if (child.exitCode !== null) throw new Error(`The worker ended: ${output}`)
    return output.includes('READY')
  })
  return {
    name: /READY (\S+)/.exec(output)?.[1] ?? '',
    output: () => output,
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((done) => child.once('exit', done))
      child.kill(signal)
      await gone
    },
  }
}
