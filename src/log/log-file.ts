import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { insideFolder } from '../inside.ts'
import { scrub, scrubFacts } from '../secrets.ts'
import { cut, visible, visibleJson } from '../text.ts'

/** How much of the end of a log goes into the log artifact. */
const tailBytes = 200 * 1024

/** Largest size of a run's log, over both of its files. */
const longestBytes = 100 * 1024 * 1024
/** Beside the file: what came before, once a run wrote more than half of that. */
const earlier = '.1'

/**
 * The log file of one run, `harvest_{time}_{slug}.log`. Lines are gathered and written every half second. A run that
 * writes more than 50 MB goes on in a new file; the one before is kept as `.log.1`, what was before that is gone.
 */
export class RunLogFile {
  readonly name: string
  readonly path: string
  #waiting: string[] = []
  #timer: NodeJS.Timeout | undefined
  #failed: string | null = null
  #bytes = 0
  readonly #limitBytes: number

  constructor(folder: string, slug: string, startedAt: Date, limits: { longestBytes?: number } = {}) {
    this.#limitBytes = (limits.longestBytes ?? longestBytes) / 2
    const stamp = startedAt.toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15)
    this.name = `harvest_${stamp}_${slug}.log`
    this.path = insideFolder(folder, this.name)
    try {
      mkdirSync(folder, { recursive: true })
      // A run that is resumed within the second it began in goes on in its file.
      this.#bytes = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
    } catch (error) {
      this.#failed = (error as Error).message
    }
  }

  /** Why the file cannot be written, if it cannot: a log that is lost must not cost the run. */
  get failure(): string | null {
    return this.#failed
  }

  write(level: string, text: string, facts: Record<string, unknown>, at: Date): void {
    const entries = Object.keys(facts).length > 0 ? ` ${JSON.stringify(visibleJson(scrubFacts(facts)))}` : ''
    this.#waiting.push(
      `${at.toISOString()} ${level.toUpperCase().padEnd(5)} ${visible(scrub(cut(text)))}${entries}\n`,
    )
    this.#timer ??= setTimeout(() => this.flush(), 500).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#waiting
    this.#waiting = []
    if (lines.length === 0 || this.#failed !== null) return
    try {
      let block = ''
      for (const line of lines) {
        const bytes = Buffer.byteLength(line)
        if (this.#bytes > 0 && this.#bytes + bytes > this.#limitBytes) {
          appendFileSync(this.path, block)
          block = this.#rotate()
        }
        block += line
        this.#bytes += bytes
      }
      appendFileSync(this.path, block)
    } catch (error) {
      this.#failed = (error as Error).message
    }
  }

  /** Begins a new file, and gives its first line. */
  #rotate(): string {
    renameSync(this.path, `${this.path}${earlier}`)
    const marker = `… the log goes on here: what came before is in ${this.name}${earlier}, and nothing older is kept\n`
    this.#bytes = Buffer.byteLength(marker)
    return marker
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

export interface LogRetention {
  days: number
  /** All log files of runs together; beyond it the oldest go first. */
  megabytes: number
}

/** A file that was written to so lately belongs to a run of this or another process: it stays in any case. */
const inUseMs = 3_600_000

/**
 * Removes log files of runs that the retention does not keep. Returns their number.
 *
 * @param now by default the time of the youngest file, which is the log of the run that asks: the clock of the disk,
 * so that a process whose clock is ahead removes no log
 */
export function removeOldLogs(folder: string, retention: LogRetention, now?: Date): number {
  const files = listFiles(folder)
    .filter((name) => /^harvest_\d{8}_\d{6}_.+\.log(\.1)?$/.test(name))
    .flatMap((name) => {
      const path = join(folder, name)
      const found = statSync(path, { throwIfNoEntry: false })
      return found ? [{ path, bytes: found.size, writtenMs: found.mtimeMs }] : []
    })
    .sort((a, b) => a.writtenMs - b.writtenMs || (a.path < b.path ? -1 : 1))
  const nowMs = now?.getTime() ?? files.at(-1)?.writtenMs ?? 0
  let sum = files.reduce((bytes, file) => bytes + file.bytes, 0)
  let removed = 0
  for (const { path, bytes, writtenMs } of files) {
    const ageMs = nowMs - writtenMs
    const tooOld = ageMs > retention.days * 86_400_000
    const tooMuch = sum > retention.megabytes * 1024 * 1024
    if (ageMs < inUseMs || (!tooOld && !tooMuch)) continue
    try {
      rmSync(path)
      removed += 1
    } catch {
      // Another process removed it first.
    }
    sum -= bytes
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
