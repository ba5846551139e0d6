/** The questions that one dataset is asked, and its answers by identity as they come. */

import type { Extent } from '../../rules/extent.ts'
import { Counter, isNoMatterOfCounts } from './counter.ts'
import type { CountsOf } from './counts.ts'
import { type CastEnds, collectCastEnds, collectExtents, type SeenExtent } from './extents.ts'
import { type IdentityColumns, identityColumns } from './identity.ts'
import type { KeyedValues } from './keyed-values.ts'
import { collectPositions, type PositionTable } from './positions.ts'
import type { ProfileQuestion } from './profile-question.ts'
import { type DatasetQuestions, questionsOf, unique } from './questions.ts'
import type { ErddapTable } from './types.ts'

export class Inquiry {
  readonly questions: DatasetQuestions
  readonly identity: IdentityColumns
  readonly counter: Counter
  /** All answers came from data, none from a table that the server made when it last read the dataset. */
  fresh = true
  /** Casts of stations in the last answer with the times; null where it does not name them. */
  castsWithTimes: number | null = null
  readonly #question: ProfileQuestion
  readonly #closing: { close(): Promise<void> }[] = []
  #positionsAgain: (() => Promise<PositionTable | null>) | null = null

  constructor(question: ProfileQuestion) {
    const { plan, metadata } = question
    this.#question = question
    this.questions = questionsOf(plan, metadata)
    this.identity = identityColumns(plan, metadata)
    this.counter = new Counter(question, this.questions, this.identity)
  }

  /** Asks for the positions as they were asked for last; null as well where they never were. */
  async positionsAgain(): Promise<PositionTable | null> {
    return (await this.#positionsAgain?.()) ?? null
  }

  async countPositions(columns: readonly string[]): Promise<PositionTable | 'no-rows' | 'failed'> {
    const { groups } = this.questions
    const ask = async () => {
      const table = await this.#question.queries.count(columns, groups)
      return table && this.#collect(table, true)
    }
    const answer = await this.counter.attempt(ask)
    if (!answer.ok) return 'failed'
    if (answer.value === null) return 'no-rows'
    if (!this.questions.readsData(columns)) this.fresh = false
    this.#positionsAgain = ask
    return answer.value
  }

  async distinctPositions(): Promise<PositionTable | null> {
    const { groups } = this.questions
    const ask = async () => {
      const table = await this.#question.queries.distinct(groups)
      return table && this.#collect(table, false)
    }
    const found = await ask()
    if (!this.questions.readsData(groups)) this.fresh = false
    this.#positionsAgain = ask
    return found
  }

  async #collect(table: ErddapTable, counting: boolean): Promise<PositionTable> {
    const { groups, countedWithPositions } = this.questions
    const { plan, folder } = this.#question
    // Where a cast is known by its time, the records of a station are counted by themselves: grouped by, time is not.
    const counts = counting && (countedWithPositions.includes('time') || plan.identity.includes('time'))
    const positions = await collectPositions(
      table,
      this.identity,
      {
        counted: counts ? countedWithPositions : [],
        vertical: plan.vertical,
        timed: groups.includes('time'),
      },
      folder,
    )
    this.#closing.push(positions)
    return positions
  }

  /** Depths of casts with the times of their ends, where these may be all the times that casts have. */
  async castEnds(positions: PositionTable, stated: Extent | null): Promise<CastEnds | null> {
    const { plan, queries, folder, signal } = this.#question
    const { castEnds: casts, countedWithPositions, reading, readsData } = this.questions
    if (casts === null || plan.vertical === null || stated === null || !positions.counted) return null
    if (!countedWithPositions.includes('time') || !countedWithPositions.includes(plan.vertical)) return null
    const columns = reading([...casts, 'time', plan.vertical])
    try {
      const table = await queries.minMax(casts, plan.vertical, besides(columns, [...casts, plan.vertical]))
      if (table === null) return null
      const ends = await collectCastEnds(table, this.identity, { casts, variable: plan.vertical }, folder)
      this.#closing.push(ends.vertical, ends.time)
      if (!readsData(columns)) this.fresh = false
      return ends
    } catch (error) {
      if (signal.aborted || isNoMatterOfCounts(error)) throw error
      return null
    }
  }

  /**
   * Least and greatest value by identity; null where the server has none. Times of stations are asked by cast: then
   * their casts can be held against those of the positions, and an answer that ends too early shows.
   */
  async extents(variable: string): Promise<KeyedValues<SeenExtent> | null> {
    const { plan, queries, folder } = this.#question
    const { reading, withData, readsData } = this.questions
    const byCast = variable === 'time' && this.identity.cast !== null && !plan.roleColumns.includes('time')
    const groupBy = byCast ? plan.roleColumns : plan.identity
    const named = unique([...groupBy, variable])
    // What tells the profiles apart has one value in each.
    const isIdentity = plan.identity.includes(variable)
    let columns = isIdentity ? named : reading(named)
    const ask = () =>
      isIdentity
        ? queries.distinct(plan.identity)
        : queries.minMax(groupBy, variable, besides(columns, named))
    let table = await ask()
    const more = isIdentity ? null : withData(columns)
    if (table === null && more !== null) {
      columns = more
      table = await ask()
    }
    if (!readsData(columns)) this.fresh = false
    if (table === null) return null
    const extents = await collectExtents(table, this.identity, { groupBy, variable }, folder)
    this.#closing.push(extents)
    if (byCast) this.castsWithTimes = extents.groups
    return extents
  }

  /** Null where the server does not count. */
  async countsByIdentity(): Promise<KeyedValues<CountsOf> | null> {
    const counts = await this.counter.byIdentity()
    if (counts) this.#closing.push(counts)
    return counts
  }

  /** Lets go of what answers have on disk. */
  async close(): Promise<void> {
    for (const part of this.#closing) await part.close()
  }
}

function besides(columns: readonly string[], named: readonly string[]): string[] {
  return columns.filter((column) => !named.includes(column))
}
