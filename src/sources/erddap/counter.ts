/** Asks for counts, which a profile can do without: what nobody knows stays unknown, with one warning a dataset. */

import { isHarvesterError } from '../../errors.ts'
import { httpStatusFacts } from '../../http/types.ts'
import { believeCount, lacksCounting } from '../../rules/evidence/index.ts'
import type { Extent } from '../../rules/extent.ts'
import { parseNumber } from '../../rules/numbers.ts'
import type { RequestFault } from '../../rules/reasons/index.ts'
import type { UncountedBecause } from '../../rules/reasons/warnings.ts'
import { isSampled, recordsFromResolution, recordsFromSample, sampleEnd } from '../../rules/records.ts'
import { requestFault } from '../fault.ts'
import { isFinalAnswer } from './answers.ts'
import { type CountsOf, collectCounts } from './counts.ts'
import type { IdentityColumns } from './identity.ts'
import type { KeyedValues } from './keyed-values.ts'
import type { ProfileQuestion } from './profile-question.ts'
import type { DatasetQuestions } from './questions.ts'
import type { ErddapTable } from './types.ts'

/**
 * What must not be taken for a count that is not to be had: it concerns the dataset, or the whole run. A table that is
 * too long would be so in any other form.
 */
export function isNoMatterOfCounts(error: unknown): boolean {
  if (isHarvesterError(error, 'HTTP_TIMEOUT')) return error.facts.phase === 'total'
  return isHarvesterError(
    error,
    'CANCELLED',
    'HOST_UNAVAILABLE',
    'WRITE_FAILED',
    'ERDDAP_UNKNOWN_DATASET',
    'CONTRADICTORY_ANSWERS',
    'TABLE_TOO_LONG',
  )
}

interface Uncounted {
  because: UncountedBecause
  fault: RequestFault | null
}

interface TimeWindow {
  from: number
  to: number
}

export class Counter {
  /** False once a count failed that the server might give another time. */
  complete = true
  /** Why records of some row are not known. */
  unknown: Uncounted | null = null
  readonly #question: ProfileQuestion
  readonly #questions: DatasetQuestions
  readonly #identity: IdentityColumns
  /** Whether orderByCount is there: a federated dataset is counted by another server than the one that lists it. */
  #able: boolean
  #told = false

  constructor(question: ProfileQuestion, questions: DatasetQuestions, identity: IdentityColumns) {
    this.#question = question
    this.#questions = questions
    this.#identity = identity
    this.#able = !lacksCounting(question.abilities)
  }

  /** Whether a question that counts may be tried. */
  get able(): boolean {
    return this.#able
  }

  /** Nothing is to be counted. */
  giveUp(because: UncountedBecause): void {
    this.#able = false
    this.unknown = { because, fault: null }
  }

  #isUnknown(because: UncountedBecause): null {
    this.unknown ??= { because, fault: null }
    return null
  }

  /** Tries a question that counts; a dataset whose server has no such function is not asked again. */
  async attempt<T>(ask: () => Promise<T>): Promise<{ ok: true; value: T } | { ok: false; error: unknown }> {
    const { signal, abilities } = this.#question
    const isLearnt = () => abilities.counted > 0 || lacksCounting(abilities)
    // One dataset at a time: which of them are refused must not depend on who is the quickest.
    while (!isLearnt() && abilities.learning) await abilities.learning
    if (lacksCounting(abilities)) {
      this.giveUp('unsupported')
      return { ok: false, error: null }
    }
    let learnt = () => {}
    if (!isLearnt())
      abilities.learning = new Promise<void>((resolve) => {
        learnt = () => {
          abilities.learning = null
          resolve()
        }
      })
    try {
      const value = await ask()
      if (value !== null && !this.#told) {
        this.#told = true
        abilities.counted += 1
      }
      return { ok: true, value }
    } catch (error) {
      if (signal.aborted || isNoMatterOfCounts(error)) throw error
      if (isHarvesterError(error, 'ERDDAP_UNSUPPORTED')) {
        this.#able = false
        if (error.facts.elsewhere !== true) abilities.refused += 1
      } else if (!isRefusal(error)) this.complete = false
      this.unknown ??= { because: 'refused', fault: requestFault(error) }
      return { ok: false, error }
    } finally {
      learnt()
    }
  }

  /** Counts of every identity; null where they are not to be had. */
  async byIdentity(): Promise<KeyedValues<CountsOf> | null> {
    const { plan, folder } = this.#question
    return this.#ask((table) =>
      collectCounts(table, this.#identity, { counted: this.#counted, vertical: plan.vertical }, folder),
    )
  }

  /** The records of a row, by what was counted of it. */
  believed(counts: CountsOf | null, hasTimes: boolean, table: { url?: string | undefined }): number | null {
    const mirrored = this.#question.isMirrored(table.url)
    const readsData = this.#questions.readsData(this.#columns)
    if (counts === null) return this.#isUnknown(this.#hindrance() ?? 'no-rows')
    const records = believeCount({ counts, hasTimes, mirrored, readsData })
    if (records === null) this.#isUnknown(mirrored ? 'mirrored' : readsData ? 'no-times' : 'subset-only')
    return records
  }

  /** Records of the only identity, by resolution, by the first days or by counting all. */
  async ofSingle(
    time: Extent,
    resolution: number | null,
    counted: { counts: CountsOf | null; url: string | undefined },
  ): Promise<number | null> {
    if (resolution !== null) return recordsFromResolution(resolution, time.min, time.max)
    // A mirror fails on constraints, and does not count records.
    if (isSampled(time.min, time.max) && !this.#question.isMirrored(counted.url)) {
      const sample = await this.#sum({ from: time.min, to: sampleEnd(time.min) })
      if (sample !== null && sample > 0) return recordsFromSample(sample, time.min, time.max)
    }
    if (counted.counts !== null) return this.believed(counted.counts, true, counted)
    const all = await this.#counts()
    return this.believed(all?.counts ?? null, true, { url: all?.url })
  }

  /** The believed count of a window; 0 where it is empty. */
  async #sum(window: TimeWindow): Promise<number | null> {
    const found = await this.#counts(window)
    if (found === null) return null
    return found.counts.greatest === 0 ? 0 : this.believed(found.counts, true, found)
  }

  async #counts(window?: TimeWindow): Promise<{ counts: CountsOf; url: string | undefined } | null> {
    return this.#ask(
      async (table) => {
        const counts: Record<string, number> = {}
        const indexes = this.#counted.map((column) => [column, table.columns.indexOf(column)] as const)
        for await (const row of table.rows)
          for (const [column, index] of indexes)
            counts[column] = (counts[column] ?? 0) + (parseNumber(row[index] ?? '') ?? 0)
        return { counts: this.#countsOf(counts), url: table.url }
      },
      window,
      () => ({ counts: this.#countsOf({}), url: undefined }),
    )
  }

  #countsOf(sums: Readonly<Record<string, number>>): CountsOf {
    const { vertical } = this.#question.plan
    const of = (column: string | null) =>
      column !== null && this.#counted.includes(column) ? (sums[column] ?? 0) : null
    return { greatest: Math.max(0, ...Object.values(sums)), time: of('time'), vertical: of(vertical) }
  }

  /** Asks by identity; where the server says that there are none, once more with a variable that has data. */
  async #ask<T>(
    read: (table: ErddapTable) => Promise<T>,
    window?: TimeWindow,
    nothing?: () => T,
  ): Promise<T | null> {
    const { plan, queries } = this.#question
    const hindrance = this.#hindrance()
    if (hindrance !== null) return this.#isUnknown(hindrance)
    const columns = this.#columns
    const more = window ? null : this.#questions.withData(columns)
    const answer = await this.attempt(async () => {
      const table =
        (await queries.count(columns, plan.identity, window)) ??
        (more && (await queries.count(more, plan.identity)))
      return table && (await read(table))
    })
    if (!answer.ok) return null
    return answer.value ?? nothing?.() ?? null
  }

  get #counted(): readonly string[] {
    return this.#questions.counted
  }

  get #columns(): string[] {
    return this.#questions.counting([...this.#question.plan.identity, ...this.#counted])
  }

  /** Why nothing can be counted; null if it can. */
  #hindrance(): UncountedBecause | null {
    if (!this.#able) return 'unsupported'
    return this.#counted.length === 0 ? 'all-grouped' : null
  }
}

/** Whether the server said what is wrong: it would say the same again. */
function isRefusal(error: unknown): boolean {
  const facts = httpStatusFacts(error)
  return facts !== null && isFinalAnswer(facts.status, facts.body)
}
