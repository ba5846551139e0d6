import type { ProgressBar } from '../runs/index.ts'
import { amount } from '../text.ts'

/** Lists arrive one after the other: nothing is complete before all are there. */
export class Progress {
  readonly #bar: ProgressBar
  #awaited: number
  #total = 0
  #done = 0

  constructor(bar: ProgressBar, awaited: number) {
    this.#bar = bar
    this.#awaited = awaited
  }

  listed(datasets: number): void {
    this.#awaited -= 1
    this.#total += datasets
  }

  step(): void {
    this.#done += 1
    this.#bar.update(this.#percent, `${this.#done} of ${amount(this.#total, 'dataset')}`)
  }

  /** Says what is waited for, until the next step. */
  note(text: string): void {
    this.#bar.update(this.#percent, `${this.#done} of ${amount(this.#total, 'dataset')}; ${text}`)
  }

  get #percent(): number {
    return this.#awaited === 0 && this.#total > 0 ? (100 * this.#done) / this.#total : 0
  }
}
