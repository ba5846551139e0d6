import cliProgress from 'cli-progress'
import type { HarvestEvent } from './events.ts'

/** Bars on a terminal: one a source, with counts and the time left. Lines of the log are printed above them. */
export class ProgressBars {
  readonly #bars: cliProgress.MultiBar
  readonly #sources = new Map<
    string,
    { bar: cliProgress.SingleBar; ok: number; skipped: number; failed: number }
  >()

  #counts = 0

  constructor(stream: NodeJS.WriteStream) {
    this.#bars = new cliProgress.MultiBar(
      {
        stream,
        clearOnComplete: true,
        hideCursor: true,
        etaBuffer: 50,
        format: '{bar} {value}/{total} | {eta_formatted} left | ✓ {ok} · {skipped} ✗ {failed} | {source}',
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
      { format: '{bar} {value}/{total} | {running} at work · ✗ {failed} | {text}' },
    )
    this.#counts += 1
    return { update: (done, told) => bar.update(done, told) }
  }

  /** Prints a line above the bars. */
  print(line: string): void {
    if (this.#sources.size + this.#counts === 0 || !this.#bars.isActive) process.stderr.write(line)
    else this.#bars.log(line.endsWith('\n') ? line : `${line}\n`)
  }

  stop(): void {
    this.#bars.stop()
  }
}
