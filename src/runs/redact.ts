import { scrub, scrubError, scrubFacts, scrubJson } from '../secrets.ts'
import { cut, visible, visibleJson, visibleLines } from '../text.ts'
import type { Artifact, RunRecorder, TaskRun } from './backend.ts'
import type { LogLine } from './types.ts'

/**
 * A recorder that is handed no secrets: log lines, messages of states and artifacts are kept by a server or a
 * database, where everybody may read them.
 */
export function redacting(recorder: RunRecorder): RunRecorder {
  return {
    ...recorder,
    // Not copied: a recorder may look it up anew.
    get run() {
      return recorder.run
    },
    log: (line) => recorder.log(redactLine(line)),
    finish: (final) => recorder.finish({ ...final, message: visible(scrub(cut(final.message))) }),
    reschedule: (message) => recorder.reschedule(visible(scrub(cut(message)))),
    taskChanged: (task) => recorder.taskChanged(redactTask(task)),
    createArtifact: (artifact, taskRunId) => recorder.createArtifact(redactArtifact(artifact), taskRunId),
    updateArtifact: (id, artifact) => recorder.updateArtifact(id, redactArtifact(artifact)),
  }
}

/** A line as it may leave the process. Errors stay errors, so that their stacks are written as such. */
function redactLine(line: LogLine): LogLine {
  const facts = Object.entries(line.facts).map(([key, value]) =>
    value instanceof Error ? { [key]: scrubError(value) } : visibleJson(scrubFacts({ [key]: value })),
  )
  return {
    ...line,
    text: visible(scrub(cut(line.text))),
    facts: Object.assign({}, ...facts) as Record<string, unknown>,
  }
}

function redactTask(task: TaskRun): TaskRun {
  return { ...task, state: { ...task.state, message: visible(scrub(cut(task.state.message))) } }
}

function redactArtifact(artifact: Artifact): Artifact {
  const description = artifact.description === null ? null : visibleLines(scrub(cut(artifact.description)))
  if (artifact.type === 'progress') return { ...artifact, description }
  const data = artifact.type === 'table' ? redactJson(artifact.data) : visibleLines(scrub(artifact.data))
  return { ...artifact, description, data }
}

/** Within the texts of the JSON, so that it stays JSON. */
function redactJson(json: string): string {
  try {
    return JSON.stringify(visibleJson(scrubJson(JSON.parse(json))))
  } catch {
    return scrub(json)
  }
}
