import cliProgress from 'cli-progress'
import type { HarvestEvent } from './events.ts'
import { barLine, shortened } from './terminal.ts'

/** Bars on a terminal: one a source, with counts and the time left. Lines of the log are printed above them. */
export class ProgressBars {
  readonly #bars: cliProgress.MultiBar
  readonly #sources = new Map<
    string,
    { bar: cliProgress.SingleBar; ok: number; skipped: number; failed: number }
  >()

  #counts = 0
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    this.#bars = new cliProgress.MultiBar(
      {
        stream,
        clearOnComplete: true,
        hideCursor: true,
        etaBuffer: 50,
        // Otherwise lines of the log that are printed above the bars would be cut at the edge.
        linewrap: true,
        format: (
          _options,
          params,
          payload: { source: string; ok: number; skipped: number; failed: number },
        ) =>
          barLine(
            {
              name: payload.source,
              done: params.value,
              total: params.total,
              ok: payload.ok,
              skipped: payload.skipped,
              failed: payload.failed,
              secondsLeft: secondsLeft(params),
            },
            stream.columns ?? 80,
          ),
      },
      cliProgress.Presets.rect,
    )
  }

  readonly listen = (event: HarvestEvent): void => {
    if (event.type === 'source-listed') {
      const payload = { source: event.source, ok: 0, skipped: 0, failed: 0 }
      this.#sources.set(event.source, {
        bar: this.#bars.create(Math.max(1, event.datasets), 0, payload),
        ok: 0,
        skipped: 0,
        failed: 0,
      })
      return
    }
    if (event.type !== 'dataset-attempted') return
    const source = this.#sources.get(event.attempt.erddapUrl)
    if (!source) return
    const { status } = event.attempt
    if (status === 'success') source.ok += 1
    else if (status === 'skipped') source.skipped += 1
    else source.failed += 1
    source.bar.increment(1, { ok: source.ok, skipped: source.skipped, failed: source.failed })
  }

  /** One bar over so many runs. */
  count(total: number): {
    update(done: number, told: { failed: number; running: number; text: string }): void
  } {
    const bar = this.#bars.create(
      Math.max(1, total),
      0,
      { failed: 0, running: 0, text: '' },
      {
        format: (_options, params, payload: { failed: number; running: number; text: string }) =>
          shortened(
            `${params.value}/${params.total} | ${payload.running} at work · ✗ ${payload.failed} | ${payload.text}`,
            (this.#stream.columns ?? 80) - 1,
          ),
      },
    )
    this.#counts += 1
    return { update: (done, told) => bar.update(done, told) }
  }

  /** Prints a line above the bars. */
  print(line: string): void {
    if (this.#sources.size + this.#counts === 0 || !this.#bars.isActive) process.stderr.write(line)
    else {
      this.#bars.log(line.endsWith('\n') ? line : `${line}\n`)
      // It would be kept for the next drawing, and lost where an end comes first.
      this.#bars.update()
    }
  }

  stop(): void {
    this.#bars.stop()
  }
}

/** At the pace since the start: a few datasets say nothing yet. */
function secondsLeft({
  value,
  total,
  startTime,
}: {
  value: number
  total: number
  startTime: number
}): number | null {
  if (value < 3 || value >= total) return null
  return ((Date.now() - startTime) / 1000 / value) * (total - value)
}
