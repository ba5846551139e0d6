/**
 * The profile rows of one dataset: which questions the server is asked, and the rows that its answers give.
 *
 * Few questions are asked. One answer of orderByCount over identity, cast and position gives positions, casts and
 * counts: its groups are the rows that distinct() would give, in the same order (ERDDAP sorts both by the same
 * columns), and the counts of an identity are the sums over its groups. Extents of time and depth are asked by
 * themselves, unless the metadata give them for the only identity. The answers are held against each other before a
 * row is written; what is believed of them is decided in `rules/evidence`.
 */

import { HarvesterError } from '../../errors.ts'
import type { DatasetPlan } from '../../rules/decisions.ts'
import { readingsPerDay } from '../../rules/duration.ts'
import {
  type AnswerName,
  believeRows,
  hasOneTime,
  isSingle,
  type PromisedExtent,
  type RowsEvidence,
} from '../../rules/evidence/index.ts'
import { parseNumber } from '../../rules/numbers.ts'
import { normaliseLongitude } from '../../rules/position.ts'
import { type Extent, type ProfileFacts, type ProfileRow, profileRow } from '../../rules/profile.ts'
import { actualRange } from '../../rules/range.ts'
import type { DroppedRows, DropReason } from '../../rules/reasons/drops.ts'
import { fact, type ValuesOf, type Warning } from '../../rules/reasons/index.ts'
import { namesShown } from '../../rules/reasons/words.ts'
import { formatTime } from '../../rules/time.ts'
import { type Answers, compareAnswers } from './agreement.ts'
import { Counter, isNoMatterOfCounts, type ServerAbilities } from './counter.ts'
import {
  type CastEnds,
  type CountsOf,
  collectCastEnds,
  collectExtents,
  collectPositions,
  type IdentityColumns,
  identityColumns,
  idsOfKey,
  type KeyedValues,
  type PositionGroup,
  type PositionTable,
} from './identities.ts'
import { type DatasetQuestions, questionsOf, unique } from './questions.ts'
import type { DatasetMetadata, ErddapTable } from './types.ts'

/** The questions about one dataset; null answers "no rows". */
export interface DatasetQueries {
  distinct(columns: readonly string[]): Promise<ErddapTable | null>
  /** @param also columns that are named beside the groups and the variable */
  minMax(groupBy: readonly string[], variable: string, also: readonly string[]): Promise<ErddapTable | null>
  count(
    columns: readonly string[],
    groupBy: readonly string[],
    window?: { from: number; to: number },
  ): Promise<ErddapTable | null>
}

export interface ProfileQuestion {
  plan: DatasetPlan
  metadata: DatasetMetadata
  queries: DatasetQueries
  abilities: ServerAbilities
  /** What the list says of an extent of time or place; null where it says nothing. */
  listed: PromisedExtent | null
  /** Whether an answer from this address is that of a mirror, and not of the origin of the data. */
  isMirrored(url: string | undefined): boolean
  /** Start of the run, epoch milliseconds. */
  now: number
  /** For answers that do not fit in memory. */
  folder: string
  signal: AbortSignal
  onRows(rows: readonly ProfileRow[]): Promise<void>
}

export interface ProfileAnswer {
  rows: number
  warnings: Warning[]
  /** Whether the server answered every question: a count that it could not give is none. */
  complete: boolean
  /** No answer contradicts another. */
  agree: boolean
  /** All answers come from data, none from a table that the server made when it last read the dataset. */
  fresh: boolean
  /** Why there are no rows, if there are none. */
  empty: ValuesOf<'NO_PROFILES_FOUND'>
}

/** Rows handed on together. */
const rowsAtOnce = 500

/**
 * @throws HarvesterError of the client, for an answer that the profiles cannot do without; CONTRADICTORY_ANSWERS where
 * the server says that there are no rows and something else shows rows
 */
export function harvestProfiles(question: ProfileQuestion): Promise<ProfileAnswer> {
  return new ProfileHarvest(question).run()
}

/** The positions, with what was seen on the way to them. */
interface Positions {
  positions: PositionTable
  times: KeyedValues<Extent> | null
}

/** The state of the work on one dataset: what was answered, and what is odd about it. */
class ProfileHarvest {
  readonly #question: ProfileQuestion
  readonly #questions: DatasetQuestions
  readonly #identity: IdentityColumns
  readonly #counter: Counter
  readonly #warnings: Warning[] = []
  readonly #closing: { close(): Promise<void> }[] = []
  #agree = true
  #fresh = true
  /** Rows whose records are not known. */
  #uncounted = 0
  #positionsAgain: (() => Promise<PositionTable | null>) | null = null

  constructor(question: ProfileQuestion) {
    const { plan, metadata } = question
    this.#question = question
    this.#questions = questionsOf(plan, metadata)
    this.#identity = identityColumns(plan, metadata)
    this.#counter = new Counter(question, this.#questions, this.#identity)
  }

  async run(): Promise<ProfileAnswer> {
    try {
      const found = await this.#positions()
      if (found === null) return this.#nothing('positions')
      const answers: Answers = { ...found, verticals: null, counts: null }
      if (await this.#isSingle(answers)) {
        const only = await firstGroup(answers.positions)
        if (only && this.#isCondemned(only)) return await this.#write(answers, async () => this.#facts(only))
        await this.#askForSingle(answers)
        if (answers.positions.single) return await this.#writeSingle(answers)
      }
      if (!(await this.#askForSeveral(answers))) return this.#nothing('times')
      return await this.#writeSeveral(answers)
    } finally {
      for (const part of this.#closing) await part.close()
    }
  }

  // Positions

  async #positions(): Promise<Positions | null> {
    const { groups, countedWithPositions, reading, withData } = this.#questions
    const columns = [...groups, ...countedWithPositions]
    const first = this.#counter.able ? await this.#countPositions(reading(columns)) : 'failed'
    if (typeof first === 'object') return { positions: first, times: null }
    const distinct = await this.#distinctPositions()
    if (distinct === null) {
      this.#believeRows({ counts: first, distinct: 'no-rows' })
      return null
    }
    if (first === 'failed') return { positions: distinct, times: null }
    // It has positions, but says that there is nothing to count: some file types need a variable with data.
    const more = withData(reading(columns))
    const counted = more && (await this.#countPositions(more))
    if (counted !== null && typeof counted === 'object') {
      const { lacking } = await compareAnswers({
        positions: distinct,
        times: null,
        verticals: null,
        counts: entriesOf(counted),
      })
      if (lacking.size === 0) {
        this.#fresh = true
        return { positions: counted, times: null }
      }
      return { positions: distinct, times: null }
    }
    this.#counter.giveUp('no-rows')
    const probe = distinct.timed ? this.#questions.probe : 'time'
    const times = probe === null ? null : await this.#extents(probe)
    this.#believeRows({ counts: 'no-rows', distinct: 'rows', times: times === null ? 'no-rows' : 'rows' })
    return { positions: distinct, times: probe === 'time' ? times : null }
  }

  async #countPositions(columns: readonly string[]): Promise<PositionTable | 'no-rows' | 'failed'> {
    const { groups } = this.#questions
    const ask = async () => {
      const table = await this.#question.queries.count(columns, groups)
      return table && this.#collect(table, true)
    }
    const answer = await this.#counter.attempt(ask)
    if (!answer.ok) return 'failed'
    if (answer.value === null) return 'no-rows'
    if (!this.#questions.readsData(columns)) this.#fresh = false
    this.#positionsAgain = ask
    return answer.value
  }

  async #distinctPositions(): Promise<PositionTable | null> {
    const { groups } = this.#questions
    const ask = async () => {
      const table = await this.#question.queries.distinct(groups)
      return table && this.#collect(table, false)
    }
    const found = await ask()
    if (!this.#questions.readsData(groups)) this.#fresh = false
    this.#positionsAgain = ask
    return found
  }

  async #collect(table: ErddapTable, counting: boolean): Promise<PositionTable> {
    const { groups, countedWithPositions } = this.#questions
    const { plan, folder } = this.#question
    // Where a cast is known by its time, the records of a station are counted by themselves: grouped by, time is not.
    const counts = counting && (countedWithPositions.includes('time') || plan.identity.includes('time'))
    const positions = await collectPositions(
      table,
      this.#identity,
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

  #believeRows(evidence: RowsEvidence): void {
    const { metadata, listed, now } = this.#question
    const belief = believeRows({ ...evidence, listRow: listed, metadata: promisedBy(metadata, now) })
    if (belief.belief !== 'contradictory') return
    throw new HarvesterError('CONTRADICTORY_ANSWERS', 'the answers of the server contradict each other', {
      remedy: 'See whether its source files can be read, and let the server load the dataset again.',
      facts: { contradiction: belief.contradiction },
    })
  }

  // One identity

  async #isSingle(answers: Answers): Promise<boolean> {
    const { positions } = answers
    if (!positions.single) return false
    const evidence = {
      identities: 1,
      seen: positions.places,
      metadata: { latitude: this.#range('latitude', 'lat'), longitude: this.#range('longitude', 'lon') },
    }
    if (isSingle(evidence)) return true
    // Other places are known of than those of its answer: a second one tells whether there are other ids.
    const again = positions.timed ? await this.#positionsAgain?.() : null
    if (again) return isSingle({ ...evidence, again: again.single ? 1 : 2 })
    answers.times ??= await this.#extents('time')
    return answers.times !== null && isSingle({ ...evidence, again: await countKeys(answers.times) })
  }

  /** Degrees, as positions are compared: longitudes from −180 to 180. */
  #range(variable: 'latitude' | 'longitude', short: 'lat' | 'lon'): Extent | null {
    const { metadata, now } = this.#question
    const said = (end: 'min' | 'max') => parseNumber(metadata.globals.get(`geospatial_${short}_${end}`) ?? '')
    const range = actualRange(metadata, variable, { now })
    const min = range?.min ?? said('min')
    const max = range?.max ?? said('max')
    if (min === null || max === null) return null
    if (variable === 'latitude' || max <= 180) return { min, max }
    return min > 180 ? { min: normaliseLongitude(min), max: normaliseLongitude(max) } : null
  }

  /** A row that its position condemns needs no further questions. */
  #isCondemned(group: PositionGroup): boolean {
    const facts = this.#facts(group, { min: 0, max: 0 })
    return profileRow(facts, this.#question.plan).kind === 'dropped'
  }

  #stated(variable: string | null): Extent | null {
    const { metadata, now } = this.#question
    return variable === null ? null : actualRange(metadata, variable, { now })
  }

  /** Its ranges may stand in the metadata. */
  async #askForSingle(answers: Answers): Promise<void> {
    const { vertical } = this.#question.plan
    const time = this.#stated('time')
    if (time === null && !answers.positions.timed) answers.times ??= await this.#extents('time')
    const startsAfterEnd = time !== null && time.min > time.max
    if (vertical !== null && !startsAfterEnd && this.#stated(vertical) === null)
      answers.verticals = await this.#extents(vertical)
    await this.#settle(answers)
  }

  #writeSingle(answers: Answers): Promise<ProfileAnswer> {
    const { plan, metadata } = this.#question
    const resolution = readingsPerDay(metadata.globals.get('time_coverage_resolution') ?? '')
    return this.#write(answers, async (group) => {
      const time = this.#stated('time') ?? group.time ?? (await answers.times?.at(group.key)) ?? null
      const vertical = this.#stated(plan.vertical) ?? (await answers.verticals?.at(group.key)) ?? null
      const facts = this.#facts(group, time, vertical, 0)
      if (time === null || profileRow(facts, plan).kind === 'dropped') return facts
      const counted = { counts: group.counts, url: answers.positions.url }
      facts.records = await this.#counter.ofSingle(time, resolution, counted)
      return facts
    })
  }

  // Several identities

  /** @returns false where no row has a time */
  async #askForSeveral(answers: Answers): Promise<boolean> {
    const { vertical } = this.#question.plan
    const { positions } = answers
    const ends = answers.times === null && !positions.timed ? await this.#castEnds(positions) : null
    if (ends) {
      answers.times = ends.time
      answers.verticals = ends.vertical
      const { wholeDepths } = await compareAnswers(answers)
      const oneTime = hasOneTime({
        declared: true,
        endsAgree: ends.agree,
        countsAgree: wholeDepths,
        rangeAgrees: sameTimes(ends.times, this.#stated('time')),
      })
      if (!oneTime) answers.times = null
    }
    if (!positions.timed) {
      answers.times ??= await this.#extents('time')
      if (answers.times === null) return false
    }
    if (vertical !== null) answers.verticals ??= await this.#extents(vertical)
    if (!positions.counted) {
      answers.counts = await this.#counter.byIdentity()
      if (answers.counts) this.#closing.push(answers.counts)
    }
    await this.#settle(answers)
    return true
  }

  #writeSeveral({ positions, times, verticals, counts }: Answers): Promise<ProfileAnswer> {
    return this.#write({ positions }, (group) => {
      const time = times === null ? group.time : times.at(group.key)
      const depth = verticals?.at(group.key) ?? null
      const count = positions.counted ? group.counts : (counts?.at(group.key) ?? null)
      const facts = (time: Extent | null, vertical: Extent | null, counted: CountsOf | null) =>
        this.#facts(
          group,
          time,
          vertical,
          time === null ? 0 : this.#counter.believed(counted, true, positions),
        )
      // Mostly all is at hand: a promise for each of a million rows would cost more than the rows.
      if (time instanceof Promise || depth instanceof Promise || count instanceof Promise)
        return Promise.all([time, depth, count]).then((parts) => facts(...parts))
      return facts(time, depth, count)
    })
  }

  /** Depths of casts with the times of their ends, where these may be all the times that casts have. */
  async #castEnds(positions: PositionTable): Promise<CastEnds | null> {
    const { plan, queries, folder, signal } = this.#question
    const { castEnds: casts, countedWithPositions, reading, readsData } = this.#questions
    const stated = this.#stated('time')
    if (casts === null || plan.vertical === null || stated === null || !positions.counted) return null
    if (!countedWithPositions.includes('time') || !countedWithPositions.includes(plan.vertical)) return null
    const columns = reading([...casts, 'time', plan.vertical])
    try {
      const table = await queries.minMax(casts, plan.vertical, besides(columns, [...casts, plan.vertical]))
      if (table === null) return null
      const ends = await collectCastEnds(table, this.#identity, { casts, variable: plan.vertical }, folder)
      this.#closing.push(ends.vertical, ends.time)
      if (!readsData(columns)) this.#fresh = false
      return ends
    } catch (error) {
      if (signal.aborted || isNoMatterOfCounts(error)) throw error
      return null
    }
  }

  // What all share

  /** Least and greatest value by identity; null where the server has none. */
  async #extents(variable: string): Promise<KeyedValues<Extent> | null> {
    const { plan, queries, folder } = this.#question
    const { reading, withData, readsData } = this.#questions
    const named = unique([...plan.identity, variable])
    let columns = reading(named)
    const ask = () => {
      // What tells the profiles apart has one value in each.
      if (plan.identity.includes(variable)) return queries.distinct(plan.identity)
      return queries.minMax(plan.identity, variable, besides(columns, named))
    }
    let table = await ask()
    const more = withData(columns)
    if (table === null && more !== null) {
      columns = more
      table = await ask()
    }
    if (!readsData(columns)) this.#fresh = false
    if (table === null) return null
    const extents = await collectExtents(table, this.#identity, variable, folder)
    this.#closing.push(extents)
    return extents
  }

  /** Holds the answers against each other; what one of them lacks is asked once more. */
  async #settle(answers: Answers): Promise<void> {
    const found = await compareAnswers(answers)
    if (found.lacking.size === 0) return
    for (const name of found.lacking.keys()) await this.#askAgain(name, answers)
    const { lacking } = await compareAnswers(answers)
    if (lacking.size === 0) return
    this.#agree = false
    for (const [answer, { count, keys }] of lacking)
      this.#warnings.push(
        fact('ANSWERS_DISAGREE', { answer, count, ids: keys.map((key) => this.#nameOf(key)) }),
      )
  }

  async #askAgain(name: AnswerName, answers: Answers): Promise<void> {
    const { plan, signal } = this.#question
    try {
      switch (name) {
        case 'positions':
          answers.positions = (await this.#positionsAgain?.()) ?? answers.positions
          break
        case 'times':
          answers.times = (await this.#extents('time')) ?? answers.times
          break
        case 'verticals':
          answers.verticals = (await this.#extents(plan.vertical!)) ?? answers.verticals
          break
        case 'counts': {
          const counts = await this.#counter.byIdentity()
          if (counts) this.#closing.push(counts)
          answers.counts = counts ?? answers.counts
        }
      }
    } catch (error) {
      // The first answer is there still, and the contradiction with it.
      if (signal.aborted || isNoMatterOfCounts(error)) throw error
    }
  }

  /** Written out, not spread: this is done for every row. */
  #facts(
    group: PositionGroup,
    time: Extent | null = null,
    vertical: Extent | null = null,
    records: number | null = 0,
  ): ProfileFacts {
    const { timeseriesId, profileId } = idsOfKey(group.key, this.#identity)
    return {
      timeseriesId,
      profileId,
      position: group.position,
      time,
      vertical,
      records,
      casts: this.#identity.cast === null ? null : group.casts,
    }
  }

  async #write(
    { positions }: Pick<Answers, 'positions'>,
    factsFor: (group: PositionGroup) => ProfileFacts | Promise<ProfileFacts>,
  ): Promise<ProfileAnswer> {
    const { plan, signal, onRows } = this.#question
    const drops = new Map<DropReason, { reason: DropReason; count: number; ids: string[] }>()
    const moving = { count: 0, ids: [] as string[] }
    const note = (to: { count: number; ids: string[] }, facts: ProfileFacts) => {
      to.count += 1
      if (to.ids.length < namesShown) to.ids.push(nameOf(facts))
    }
    let rows = 0
    let waiting: ProfileRow[] = []
    for await (const groups of positions.groups()) {
      signal.throwIfAborted()
      for (const group of groups) {
        const given = factsFor(group)
        const facts = given instanceof Promise ? await given : given
        const result = profileRow(facts, plan)
        if (result.kind === 'dropped') {
          const { reason } = result
          const dropped = drops.get(reason) ?? { reason, count: 0, ids: [] }
          drops.set(reason, dropped)
          note(dropped, facts)
          continue
        }
        if (group.severalPositions) note(moving, facts)
        if (result.row.n_records === null) this.#uncounted += 1
        rows += 1
        waiting.push(result.row)
        if (waiting.length >= rowsAtOnce) {
          await onRows(waiting)
          waiting = []
        }
      }
    }
    if (waiting.length > 0) await onRows(waiting)
    const { unknown } = this.#counter
    if (this.#uncounted > 0 && unknown)
      this.#warnings.push(fact('RECORDS_UNCOUNTED', { ...unknown, count: this.#uncounted, total: rows }))
    if (moving.count > 0) this.#warnings.push(fact('POSITIONS_SEVERAL', moving))
    const dropped = [...drops.values()]
    this.#warnings.push(...dropped.map((left) => fact('ROWS_DROPPED', left)))
    return { ...this.#nothing(dropped.length > 0 ? 'dropped' : 'dataset', dropped), rows }
  }

  #nothing(step: ValuesOf<'NO_PROFILES_FOUND'>['step'], dropped: readonly DroppedRows[] = []): ProfileAnswer {
    return {
      rows: 0,
      warnings: this.#warnings,
      complete: this.#counter.complete,
      agree: this.#agree,
      fresh: this.#fresh,
      empty: { step, dropped },
    }
  }

  #nameOf(key: string): string {
    return nameOf(idsOfKey(key, this.#identity))
  }
}

/** An extent of time or place that the metadata give. */
function promisedBy(metadata: DatasetMetadata, now: number): PromisedExtent | null {
  const by = 'metadata'
  const time = actualRange(metadata, 'time', { now })
  if (time) return { by, what: 'time', from: formatTime(time.min), to: formatTime(time.max) }
  for (const what of ['latitude', 'longitude'] as const) {
    const range = actualRange(metadata, what, { now })
    if (range) return { by, what, from: String(range.min), to: String(range.max) }
  }
  return null
}

function sameTimes(seen: Extent | null, stated: Extent | null): boolean {
  // Metadata may leave out fractions of a second.
  const near = (one: number, other: number) => Math.abs(one - other) < 1000
  return seen !== null && stated !== null && near(seen.min, stated.min) && near(seen.max, stated.max)
}

/** The ids and counts of an answer that gives positions too. */
function entriesOf(positions: PositionTable): KeyedValues<CountsOf> {
  const unknown: CountsOf = { greatest: 0, time: null, vertical: null }
  return {
    at: () => null,
    async *entries() {
      for await (const groups of positions.groups())
        yield groups.map(({ key, counts }) => [key, counts ?? unknown] as const)
    },
    close: async () => {},
  }
}

async function firstGroup(positions: PositionTable): Promise<PositionGroup | undefined> {
  for await (const [group] of positions.groups()) return group
  return undefined
}

/** Distinct keys, but no further than it takes to know that there are several. */
async function countKeys(values: KeyedValues<unknown>): Promise<number> {
  let first: string | undefined
  for await (const block of values.entries()) {
    for (const [key] of block) {
      first ??= key
      if (key !== first) return 2
    }
  }
  return first === undefined ? 0 : 1
}

function besides(columns: readonly string[], named: readonly string[]): string[] {
  return columns.filter((column) => !named.includes(column))
}

function nameOf(facts: Pick<ProfileFacts, 'timeseriesId' | 'profileId'>): string {
  return [facts.timeseriesId, facts.profileId].filter((id) => id !== null).join('/') || '(no id)'
}
