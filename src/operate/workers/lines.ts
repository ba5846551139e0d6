/** The lines of several workers, made one log. */
import { StringDecoder } from 'node:string_decoder'

/** Cuts a stream into whole lines, however its pieces come: characters and lines are never torn. */
export function lineSplitter(onLine: (line: string) => void): { write(piece: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const take = (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line.replace(/\r$/, ''))
  }
  return {
    write: (piece) => take(decoder.write(piece)),
    end() {
      take(decoder.end())
      if (rest !== '') onLine(rest)
      rest = ''
    },
  }
}

/** Whether a line is a record of the log. */
export function logRecordOf(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{') || !line.endsWith('}')) return null
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return null
  }
}

/**
 * A line of a worker as a line of JSON that names the worker. Records pass as they are; what else a process writes (a
 * stack, a warning of Node) becomes the text of a record.
 */
export function labelledJson(line: string, worker: string, now: Date): string {
  const record = logRecordOf(line)
  if (record === null) {
    const level = line.startsWith('harvester: ') ? 'error' : 'info'
    return JSON.stringify({ level, time: now.toISOString(), worker, msg: line })
  }
  if ('worker' in record) return line
  const inner = line.slice(1, -1).trim()
  return `{${inner}${inner === '' ? '' : ','}"worker":${JSON.stringify(worker)}}`
}
