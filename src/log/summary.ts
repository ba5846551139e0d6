import { stripVTControlCharacters } from 'node:util'
import type { ErrorReason } from '../rules/attempt.ts'
import { type AttemptCounts, countAttempt, noAttempts, totalAttempts } from '../rules/verdict.ts'
import { amount, cut, visible } from '../text.ts'
import type { HarvestEvent } from './events.ts'
import { TextTable } from './table.ts'

interface SourceSummary {
  counts: AttemptCounts
  profiles: number
  requests: number
  ms: number
  message: string
  ok: boolean
}

const rowsRejected: ErrorReason = 'ROWS_REJECTED'

/** Gathers what a run came to, for the table that a command prints at its end. */
export class RunSummary {
  readonly #sources = new Map<string, SourceSummary>()
  readonly #reasons = new Map<string, number>()
  readonly #errors: string[] = []
  readonly #waits: string[] = []
  folder: string | null = null
  loaded: { ms: number; changed: Readonly<Record<string, number>> } | null = null

  readonly listen = (event: HarvestEvent): void => {
    switch (event.type) {
      case 'run-started':
        for (const source of event.sources) this.#source(source)
        return
      case 'dataset-attempted': {
        const { attempt } = event
        const source = this.#source(attempt.erddapUrl)
        countAttempt(source.counts, attempt)
        source.profiles += event.rows
        source.requests += event.requests
        if (attempt.reason !== null)
          this.#reasons.set(attempt.reason, (this.#reasons.get(attempt.reason) ?? 0) + 1)
        if (attempt.status === 'error' && this.#errors.length < 20)
          this.#errors.push(visible(cut(`${attempt.datasetId}: ${attempt.reason}: ${attempt.message}`)))
        return
      }
      case 'source-finished': {
        Object.assign(this.#source(event.source), { ms: event.ms, ok: event.ok, message: event.message })
        for (const wait of event.waits) {
          const why = Object.entries(wait.waitedMs).filter(([reason, ms]) => reason !== 'busy' && ms >= 1000)
          if (why.length > 0)
            this.#waits.push(
              `${wait.host}: waited ${why.map(([reason, ms]) => `${(ms / 1000).toFixed(1)} s (${reason})`).join(', ')}`,
            )
        }
        return
      }
      case 'folder-written':
        this.folder = event.folder
        return
      case 'load-finished':
        this.loaded = { ms: event.ms, changed: event.changed }
        for (const { erddapUrl, datasetId, message } of event.rejected) {
          // It was harvested, and the load found that it was not.
          const { counts } = this.#source(erddapUrl)
          counts.success -= 1
          counts.error += 1
          this.#reasons.set(rowsRejected, (this.#reasons.get(rowsRejected) ?? 0) + 1)
          if (this.#errors.length < 20)
            this.#errors.push(visible(cut(`${datasetId}: ${rowsRejected}: ${message}; it keeps what it had`)))
        }
    }
  }

  get errorCount(): number {
    return [...this.#sources.values()].reduce((sum, { counts }) => sum + counts.error, 0)
  }

  /** The whole as text for people: a table where it fits into so many columns, else a list. */
  render(columns = 80): string {
    const table = new TextTable({
      head: ['Source', 'Datasets', 'Harvested', 'Unchanged', 'Skipped', 'Failed', 'Rows', 'Requests', 'Time'],
      colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
      style: { head: [], border: [] },
    })
    for (const [source, { counts, profiles, requests, ms }] of this.#sources) {
      table.push([
        source,
        totalAttempts(counts),
        counts.success,
        counts.unchanged,
        counts.skipped,
        counts.error,
        profiles,
        requests,
        `${(ms / 1000).toFixed(1)} s`,
      ])
    }
    const drawn = table.toString()
    const widest = Math.max(
      ...stripVTControlCharacters(drawn)
        .split('\n')
        .map((line) => [...line].length),
    )
    const lines = [widest <= columns ? drawn : this.#list()]
    const reasons = [...this.#reasons].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    if (reasons.length > 0)
      lines.push(`Not harvested, by reason: ${reasons.map(([reason, n]) => `${reason} ${n}`).join(', ')}`)
    if (this.#errors.length > 0) lines.push(`Failed:\n  ${this.#errors.join('\n  ')}`)
    lines.push(...this.#waits)
    if (this.folder) lines.push(`CSVs: ${this.folder}`)
    if (this.loaded) {
      const changed = Object.entries(this.loaded.changed)
        .map(([what, n]) => `${what} ${n}`)
        .join(', ')
      lines.push(`Loaded in ${(this.loaded.ms / 1000).toFixed(1)} s: ${changed || 'nothing changed'}`)
    }
    return lines.join('\n')
  }

  /** A source in two lines: its address, and its numbers. */
  #list(): string {
    return [...this.#sources]
      .map(([source, { counts, profiles, requests, ms }]) => {
        const numbers = [
          `${amount(totalAttempts(counts), 'dataset')}`,
          `${counts.success} harvested`,
          `${counts.unchanged} unchanged`,
          `${counts.skipped} skipped`,
          `${counts.error} failed`,
          `${amount(profiles, 'row')}`,
          `${amount(requests, 'request')}`,
          `${(ms / 1000).toFixed(1)} s`,
        ]
        return `${visible(cut(source))}\n${folded(numbers, 78)}`
      })
      .join('\n')
  }

  #source(url: string): SourceSummary {
    let source = this.#sources.get(url)
    if (!source) {
      source = { counts: { ...noAttempts }, profiles: 0, requests: 0, ms: 0, message: '', ok: true }
      this.#sources.set(url, source)
    }
    return source
  }
}

/** Parts joined by commas in lines of at most so many characters, indented. */
function folded(parts: readonly string[], width: number): string {
  const lines: string[] = []
  let line = ' '
  for (const [index, part] of parts.entries()) {
    const piece = index === parts.length - 1 ? part : `${part},`
    if (line.trim() !== '' && line.length + piece.length + 1 > width) {
      lines.push(line)
      line = ' '
    }
    line += ` ${piece}`
  }
  return [...lines, line].join('\n')
}
