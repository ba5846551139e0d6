import type { RunProgressState } from '../inventory/run-progress.ts'
import type { HarvestEvent } from '../log/events.ts'

/** What the events of a run say of how far it is. */
export class ProgressTrail {
  #phase = 'list-datasets'
  #done = 0
  #total = 0
  #awaited = 0
  #working = 0
  /** Datasets at work by source, in the order in which they began. */
  readonly #atWork = new Map<string, { source: string; datasetId: string }>()

  get state(): RunProgressState {
    return {
      phase: this.#phase,
      done: this.#done,
      total: this.#awaited > 0 ? null : this.#total,
      now: this.#atWork.values().next().value?.datasetId ?? null,
    }
  }

  /** Whether the event changed the phase or the total: that is worth a word at once. */
  take(event: HarvestEvent): 'phase' | 'count' | null {
    const before = `${this.#phase} ${this.state.total}`
    switch (event.type) {
      case 'run-started':
        this.#awaited = event.sources.length
        this.#working = event.sources.length
        break
      case 'source-listed':
        this.#awaited -= 1
        this.#total += event.datasets
        this.#phase = 'harvest-datasets'
        break
      case 'dataset-started':
        // One that is asked once more goes to the end.
        this.#atWork.delete(keyOf(event.source, event.datasetId))
        this.#atWork.set(keyOf(event.source, event.datasetId), event)
        break
      case 'dataset-attempted':
        this.#done += 1
        this.#atWork.delete(keyOf(event.attempt.erddapUrl, event.attempt.datasetId))
        break
      case 'source-finished':
        for (const [key, { source }] of this.#atWork) if (source === event.source) this.#atWork.delete(key)
        this.#working -= 1
        if (this.#working <= 0) this.#phase = 'merge-and-write'
        break
      case 'folder-written':
      case 'load-started':
        this.#phase = 'load'
        break
      case 'load-finished':
      case 'run-finished':
        this.#phase = 'finished'
        break
      default:
        return null
    }
    if (before !== `${this.#phase} ${this.state.total}`) return 'phase'
    return event.type === 'dataset-attempted' ? 'count' : null
  }
}

function keyOf(source: string, datasetId: string): string {
  return `${source} ${datasetId}`
}
