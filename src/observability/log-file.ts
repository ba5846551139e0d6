import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { scrub, scrubFacts } from './secrets.ts'

/** How much of the end of a log goes into the log artifact. */
const tailBytes = 200 * 1024

/** The log file of one run, `harvest_{time}_{slug}.log`. Lines are gathered and written every half second. */
export class RunLogFile {
  readonly name: string
  readonly path: string
  #waiting: string[] = []
  #timer: NodeJS.Timeout | undefined
  #failed: string | null = null

  constructor(folder: string, slug: string, startedAt: Date) {
    const stamp = startedAt.toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15)
    this.name = `harvest_${stamp}_${slug}.log`
    this.path = join(folder, this.name)
    try {
      mkdirSync(folder, { recursive: true })
    } catch (error) {
      this.#failed = (error as Error).message
    }
  }

  /** Why the file cannot be written, if it cannot: a log that is lost must not cost the run. */
  get failure(): string | null {
    return this.#failed
  }

  write(level: string, text: string, facts: Record<string, unknown>, at: Date): void {
    const entries = Object.keys(facts).length > 0 ? ` ${JSON.stringify(scrubFacts(facts))}` : ''
    this.#waiting.push(`${at.toISOString()} ${level.toUpperCase().padEnd(5)} ${scrub(text)}${entries}\n`)
    this.#timer ??= setTimeout(() => this.flush(), 500).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#waiting
    this.#waiting = []
    if (lines.length === 0 || this.#failed !== null) return
    try {
      appendFileSync(this.path, lines.join(''))
    } catch (error) {
      this.#failed = (error as Error).message
    }
  }

  /** The end of the file, from the beginning of a line. */
  async tail(): Promise<string> {
    this.flush()
    try {
      const file = await open(this.path, 'r')
      try {
        const { size } = await file.stat()
        const length = Math.min(size, tailBytes)
        const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
        const text = buffer.toString('utf8')
        return length < size ? text.slice(text.indexOf('\n') + 1) : text
      } finally {
        await file.close()
      }
    } catch {
      return ''
    }
  }
}

/** Removes log files of runs older than the retention. Returns their number. */
export function removeOldLogs(folder: string, days: number, now: Date): number {
  let removed = 0
  for (const name of listFiles(folder)) {
    if (!/^harvest_\d{8}_\d{6}_.+\.log$/.test(name)) continue
    const path = join(folder, name)
    try {
      if (now.getTime() - statSync(path).mtimeMs > days * 86_400_000) {
        rmSync(path)
        removed += 1
      }
    } catch {
      // Another process removed it first.
    }
  }
  return removed
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
