import type { AfterSuccessStep } from '../../config/operations-schema.ts'
import { amount } from '../../text.ts'
import { runProgram } from './process.ts'
import { type StepContext, type StepInput, stepFailed } from './step.ts'

/** Of the beginning and of the end of what a program says; a log is no place for more. */
const mostLines = 2000
const lastLines = 200

type Command = NonNullable<AfterSuccessStep['command']>

/**
 * Runs a program of the operator's, its output as lines of the log: what it writes to stderr as warnings. It gets the
 * whole environment of this process, since what follows a harvest mostly works on the same database, and HARVESTER_RUN_ID.
 * @throws HarvesterError STEP_FAILED unless it ends with 0
 */
export async function runCommand(command: Command, input: StepInput, context: StepContext): Promise<void> {
  let lastWords = ''
  let said = 0
  const latest: string[] = []
  const [program = ''] = command.run
  const end = await runProgram({
    command: command.run,
    folder: command.folder,
    env: { ...input.services.variables, HARVESTER_RUN_ID: input.summary.run_id },
    timeoutMs: command.timeout_seconds * 1000,
    signal: context.signal,
    onLine(stream, line) {
      lastWords = line
      said += 1
      if (said > mostLines) {
        latest.push(line)
        if (latest.length > lastLines) latest.shift()
        return
      }
      context.log[stream === 'stderr' ? 'warn' : 'info']({}, line)
    },
  })
  if (said > mostLines) {
    const leftOut = said - mostLines - latest.length
    if (leftOut > 0) context.log.warn({}, `${amount(leftOut, 'line')} left out`)
    for (const line of latest) context.log.info({}, line)
  }
  const words = lastWords === '' ? '' : `: ${lastWords.slice(0, 300)}`
  switch (end.kind) {
    case 'exited':
      if (end.code === 0) return
      throw stepFailed(
        `${program} ended with exit code ${end.code}${words}`,
        'Its output is in the log of this step.',
      )
    case 'killed':
      throw stepFailed(
        `${program} was ended by ${end.signal}${words}`,
        'SIGKILL by nobody means that memory ran out, mostly.',
      )
    case 'timed-out':
      throw stepFailed(
        `${program} took longer than ${command.timeout_seconds} s and was ended${words}`,
        'Raise timeout_seconds of the command, or make it quicker.',
      )
    case 'not-started':
      throw stepFailed(
        end.reason,
        'Write the program as a path or put its folder into PATH of this worker; `folder` must exist. No shell reads the words.',
      )
    case 'aborted':
      throw context.signal.reason
  }
}
