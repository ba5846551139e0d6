/**
 * The rows and tracks of one platform that moves, of a fleet, or of samples: casts one by one, tracks by cell and
 * month, samples by position and day. The answers are held against each other as those of stations are.
 */

import { HarvesterError, isHarvesterError } from '../../../errors.ts'
import { httpStatusFacts } from '../../../http/types.ts'
import { compareCodePoints } from '../../../inventory/order.ts'
import type { DatasetPlan } from '../../../rules/decisions.ts'
import { believeCount, believeRows, lackingAnswers } from '../../../rules/evidence/index.ts'
import type { Extent } from '../../../rules/extent.ts'
import { parseNumber } from '../../../rules/numbers.ts'
import { normaliseLongitude } from '../../../rules/position.ts'
import type { ProfileFacts } from '../../../rules/profile.ts'
import { actualRange } from '../../../rules/range.ts'
import { fact, type RequestFault, type ValuesOf, type Warning } from '../../../rules/reasons/index.ts'
import type { CoarserRows, UncountedBecause } from '../../../rules/reasons/warnings.ts'
import { namesShown } from '../../../rules/reasons/words.ts'
import { parseTime } from '../../../rules/time.ts'
import { cellsPerDegree } from '../../../rules/tracks/cells.ts'
import { type CellRow, MonthDepths, type Rung } from '../../../rules/tracks/ladder.ts'
import { castFacts, castId, cellFacts, pointFacts } from '../../../rules/tracks/rows.ts'
import { type TrackRow, trackRow } from '../../../rules/tracks/track.ts'
import { requestFault } from '../../fault.ts'
import { isFinalAnswer } from '../answers.ts'
import { isNoMatterOfCounts } from '../counter.ts'
import { numericColumns } from '../identity.ts'
import type { ProfileAnswer, ProfileQuestion } from '../profile-question.ts'
import { RowWriter } from '../profile-writer.ts'
import { promisedByMetadata } from '../promised.ts'
import type { ErddapTable, ListedDataset } from '../types.ts'
import type { GroupedQuestion, TimeSpan } from '../urls.ts'
import { type Collector, collect, type TrackAsker } from './ask.ts'
import {
  type CastCount,
  CastCounts,
  CastDepths,
  type CastKey,
  type CastTime,
  CastTimes,
  CountedCells,
  DayPositions,
  FirstInCells,
  PointDepths,
  TrackDepths,
  type Unplaced,
} from './collectors.ts'
import { type TrackQuestions, trackQuestionsOf } from './questions.ts'

export interface TrackQuestion
  extends Pick<ProfileQuestion, 'plan' | 'metadata' | 'listed' | 'isMirrored' | 'now' | 'signal' | 'onRows'> {
  dataset: ListedDataset
  queries: {
    grouped(question: GroupedQuestion, span: TimeSpan | null): Promise<ErddapTable | null>
    distinct(columns: readonly string[]): Promise<ErddapTable | null>
  }
  /** Whether the dataset is a mirror that answers itself, by a look at where its questions end. */
  answersItself(): Promise<boolean>
  /** Rows of the dataset at most. */
  maxRows: number
}

/** What was made of a dataset's records, for the log and `explain`. */
export interface TrackCounts {
  of: 'casts' | 'cells' | 'positions'
  /** Steps down the ladder of coarser cells. */
  step: number
  rung: Rung | null
  /** Rows of the answer that the rows are made of. */
  groups: number
  rows: number
  /** Records in the rows, and in what was left out; null where nobody could count. */
  records: number | null
  leftOut: number | null
}

export interface TrackAnswer extends ProfileAnswer {
  /** Without casts where these were too many. */
  plan: DatasetPlan
  tracks: TrackRow[]
  counts: TrackCounts
}

/**
 * @throws TooLarge where the server cannot answer, whole or in parts; HarvesterError of the client, BAD_METADATA where
 * two rows read the same, CONTRADICTORY_ANSWERS
 */
export function harvestTracks(question: TrackQuestion): Promise<TrackAnswer> {
  return new TrackHarvest(question).run()
}

class TrackHarvest {
  readonly #question: TrackQuestion
  readonly #questions: TrackQuestions
  readonly #asker: TrackAsker
  readonly #numeric: ReadonlySet<string>
  readonly #warnings: Warning[] = []
  readonly #writer: RowWriter
  /** Of time, as the metadata have it. */
  readonly #range: Extent | null
  readonly #latitudes: Extent | null
  #plan: DatasetPlan
  /** What there was too much of. */
  #tooMany: CoarserRows['of'] = 'rows'
  #agree = true
  #fresh = true
  #complete = true
  #uncounted: { because: UncountedBecause; fault: RequestFault | null } | null = null
  #records: number | null = 0
  #leftOut: number | null = 0

  constructor(question: TrackQuestion) {
    const { plan, metadata, now, dataset } = question
    this.#question = question
    this.#plan = plan
    this.#questions = trackQuestionsOf(plan, metadata)
    this.#numeric = numericColumns(metadata)
    this.#range = actualRange(metadata, 'time', { now })
    this.#latitudes = hullOf(
      actualRange(metadata, 'latitude', { now }),
      numbersOf(dataset.row.minLatitude, dataset.row.maxLatitude),
    )
    this.#writer = new RowWriter(question)
    this.#asker = {
      ask: (asked, span) => question.queries.grouped(asked, span),
      range: listedTime(dataset, now) ?? this.#range,
      mirrored: false,
      signal: question.signal,
    }
  }

  async run(): Promise<TrackAnswer> {
    if (this.#questions.cast !== null) {
      const casts = await this.#casts()
      if (casts !== null) return casts
    } else if (this.#plan.cdmDataType === 'Point') {
      const points = await this.#points()
      if (points !== null) return points
    }
    return this.#cells()
  }

  // Casts

  /** @returns null where there are too many */
  async #casts(): Promise<TrackAnswer | null> {
    const { castTimes, castDepths, castCounts, vertical, readsData } = this.#questions
    const asked = await this.#collect(
      castTimes,
      () => new CastTimes(this.#questions, this.#numeric, this.#question.maxRows),
    )
    if (asked === null) return this.#noRows('casts')
    this.#asker.mirrored = this.#question.isMirrored(asked.url)
    if (asked.found.left) {
      this.#tooMany = 'casts'
      const { trajectoryIdVariable: id } = this.#plan
      const ids = id === null ? [] : [id]
      this.#plan = { ...this.#plan, profileIdVariable: null, identity: ids, roleColumns: ids }
      return null
    }
    const depthsOf = () =>
      this.#collect(castDepths, () => new CastDepths(this.#questions, this.#numeric, vertical!))
    const countsOf = () => this.#countCasts(castCounts)
    let depths = vertical === null ? null : ((await depthsOf())?.found.casts ?? new Map())
    let counts = await countsOf()
    // What an answer lacks is asked once more.
    const lacking = () => this.#lackingOfCasts(asked.found, depths, counts)
    let missing = lacking()
    if (missing.verticals.length > 0) depths = (await depthsOf())?.found.casts ?? depths
    if (missing.counts.length > 0) counts = (await countsOf()) ?? counts
    missing = lacking()
    for (const [answer, ids] of Object.entries(missing) as ['verticals' | 'counts', string[]][])
      if (ids.length > 0) this.#disagree(answer, ids)

    const all = new Map<string, CastKey>([...asked.found.casts, ...(counts ?? []), ...(depths ?? [])])
    const trajectories = new Set([...all.values()].map(({ trajectory }) => trajectory))
    const several = trajectories.size > 1
    this.#tellEmptyId(trajectories)
    const rows: { facts: ProfileFacts; key: string; cast: CastKey & { value: CastTime } }[] = []
    for (const [key, cast] of asked.found.casts) {
      const { position, time } = cast.value
      const facts = castFacts({
        profileId: castId(cast.trajectory, cast.cast, several),
        position,
        time,
        vertical: depths?.get(key)?.value ?? null,
        records: this.#castRecords(counts?.get(key)?.value ?? null, time !== null, readsData(castCounts)),
      })
      rows.push({ facts, key, cast })
    }
    rows.sort((one, other) => compareCodePoints(one.facts.profileId!, other.facts.profileId!))
    const kept: (CastKey & { value: CastTime; records: number | null })[] = []
    await this.#write(
      rows.map(({ facts }) => facts),
      (at) => kept.push({ ...rows[at]!.cast, records: rows[at]!.facts.records }),
    )
    for (const [key, { trajectory, cast }] of all) {
      if (asked.found.casts.has(key)) continue
      this.#writer.drop('no_position', { timeseriesId: null, profileId: castId(trajectory, cast, several) })
      this.#leave(counts?.get(key)?.value.greatest ?? (counts === null ? null : 0))
    }
    return this.#answer('casts', asked.found.casts.size, 0, null, castTracks(kept))
  }

  async #countCasts(question: GroupedQuestion): Promise<CastCounts['casts'] | null> {
    if (this.#asker.mirrored) {
      this.#uncounted ??= { because: 'mirrored', fault: null }
      return null
    }
    try {
      const found = await this.#collect(question, () => new CastCounts(this.#questions, this.#numeric))
      if (found === null) this.#uncounted ??= { because: 'no-rows', fault: null }
      return found?.found.casts ?? null
    } catch (error) {
      const { signal } = this.#question
      if (signal.aborted || isNoMatterOfCounts(error) || !isHarvesterError(error)) throw error
      const status = httpStatusFacts(error)
      if (status === null || !isFinalAnswer(status.status, status.body)) this.#complete = false
      this.#uncounted ??= { because: 'refused', fault: requestFault(error) }
      return null
    }
  }

  #castRecords(count: CastCount | null, hasTimes: boolean, readsData: boolean): number | null {
    if (count === null) {
      this.#uncounted ??= { because: 'no-rows', fault: null }
      return null
    }
    const records = believeCount({
      counts: { time: count.time, greatest: count.greatest },
      hasTimes,
      mirrored: false,
      readsData,
    })
    if (records === null) this.#uncounted ??= { because: readsData ? 'no-times' : 'subset-only', fault: null }
    return records
  }

  /** Ids of positioned casts that another answer lacks; a cast that only positions lack has none. */
  #lackingOfCasts(
    times: CastTimes,
    depths: CastDepths['casts'] | null,
    counts: CastCounts['casts'] | null,
  ): { verticals: string[]; counts: string[] } {
    const lacking = { verticals: [] as string[], counts: [] as string[] }
    for (const [key, { trajectory, cast }] of times.casts) {
      const count = counts?.get(key)?.value
      const found = lackingAnswers({
        positions: true,
        verticals: depths === null ? undefined : depths.has(key),
        counts: counts === null ? undefined : count !== undefined,
        counted: count && { time: count.time, vertical: count.vertical },
      })
      for (const name of found)
        if (name === 'verticals' || name === 'counts') lacking[name].push(castId(trajectory, cast, true))
    }
    return lacking
  }

  // Samples

  /** @returns null where there are too many */
  async #points(): Promise<TrackAnswer | null> {
    const { dayPositions, dayPositionDepths, vertical, constantVertical } = this.#questions
    const settings = { limit: this.#question.maxRows, counting: this.#counting(dayPositions) }
    const ask = () => this.#collect(dayPositions, () => new DayPositions(this.#questions, settings))
    let asked = await ask()
    if (asked === null) return this.#noRows('positions')
    this.#asker.mirrored = this.#question.isMirrored(asked.url)
    if (asked.found.left) {
      this.#tooMany = 'positions'
      return null
    }
    let depths: ReadonlyMap<string, Extent> | null = null
    if (vertical !== null && constantVertical === null) {
      const found = await this.#collect(dayPositionDepths, () => new PointDepths(vertical))
      depths = found?.found.depths ?? new Map()
      const lacks = () => [...depths!.keys()].filter((id) => !asked!.found.points.has(id))
      if (lacks().length > 0) asked = (await ask()) ?? asked
      if (lacks().length > 0) this.#disagree('positions', lacks())
    }
    const { points, unplaced } = asked.found
    const facts = [...points].map(([id, point]) =>
      pointFacts(
        { ...point, records: this.#asker.mirrored ? null : point.records },
        { vertical: this.#constant() ?? depths?.get(id) ?? null, range: this.#range },
      ),
    )
    this.#tellUncounted(dayPositions, facts)
    facts.sort((one, other) => compareCodePoints(one.profileId!, other.profileId!))
    await this.#write(facts)
    this.#tellUnplaced({ ...unplaced, records: this.#asker.mirrored ? null : unplaced.records })
    return this.#answer('positions', points.size, 0, null, [])
  }

  // Tracks

  async #cells(): Promise<TrackAnswer> {
    const { monthDepths, vertical, constantVertical } = this.#questions
    this.#asker.mirrored ||= await this.#question.answersItself()
    let asked = await this.#askCells()
    if (asked !== null && !this.#asker.mirrored && this.#question.isMirrored(asked.url)) {
      this.#asker.mirrored = true
      asked = await this.#askCells()
    }
    if (asked === null) return this.#noRows('cells')
    let depths = new MonthDepths()
    if (vertical !== null && constantVertical === null) {
      const found = await this.#collect(monthDepths, () => new TrackDepths(this.#questions, this.#numeric))
      depths = found?.found.depths ?? depths
      const lacks = () => [...depths.trajectories].filter((id) => !asked!.found.trajectories.has(id))
      if (lacks().length > 0) asked = (await this.#askCells()) ?? asked
      if (lacks().length > 0) this.#disagree('positions', lacks())
    }
    const { rows, vertices, unplaced, trajectories } = asked.found
    const { rung, step, days } = rows
    if (this.#questions.trajectory !== null) this.#tellEmptyId(trajectories)
    if (step > 0 || this.#tooMany !== 'rows') this.#tellCoarser(rung)
    const made: { facts: ProfileFacts; row: CellRow }[] = []
    for (const row of rows.rows())
      made.push({
        row,
        facts: cellFacts(row, rung, {
          vertical: this.#constant() ?? depths.of(row, rung),
          range: this.#range,
        }),
      })
    made.sort((one, other) => compareCodePoints(one.facts.profileId!, other.facts.profileId!))
    const facts = made.map((one) => one.facts)
    this.#tellUncounted(this.#cellQuestion, facts)
    const rowsOf = new Map<string, number>()
    await this.#write(facts, (at) => {
      const { trajectory } = made[at]!.row
      if (rung.byTrajectory) rowsOf.set(trajectory, (rowsOf.get(trajectory) ?? 0) + 1)
    })
    this.#tellUnplaced(unplaced)
    // Samples are no track.
    const tracks = this.#plan.cdmDataType === 'Point' ? [] : vertices.tracks(rowsOf, this.#range)
    return this.#answer('cells', days, step, rung, tracks)
  }

  get #cellQuestion(): GroupedQuestion {
    return this.#asker.mirrored ? this.#questions.firstInCells : this.#questions.dayCells
  }

  #askCells() {
    const question = this.#cellQuestion
    const settings = {
      numeric: this.#numeric,
      limit: this.#question.maxRows,
      latitudes: this.#latitudes,
      counting: this.#counting(question),
    }
    return this.#collect<CountedCells | FirstInCells>(question, () =>
      this.#asker.mirrored
        ? new FirstInCells(this.#questions, settings)
        : new CountedCells(this.#questions, settings),
    )
  }

  // What all share

  async #collect<C extends Collector>(
    question: GroupedQuestion,
    make: () => C,
  ): Promise<{ found: C; url: string | undefined } | null> {
    if (!this.#questions.readsData(question)) this.#fresh = false
    return collect(this.#asker, question, make)
  }

  #counting(question: GroupedQuestion): boolean {
    return !this.#asker.mirrored && this.#questions.data !== null && this.#questions.readsData(question)
  }

  #constant(): Extent | null {
    const { constantVertical } = this.#questions
    return constantVertical === null ? null : { min: constantVertical, max: constantVertical }
  }

  /** Hands on rows in the order of their ids. @param kept told of each row that is written */
  async #write(facts: readonly ProfileFacts[], kept: (at: number) => void = () => {}): Promise<void> {
    let last: string | null = null
    // Before a row is handed on: two that read the same must not become one.
    for (const { profileId } of facts) {
      if (profileId === last)
        throw new HarvesterError(
          'ERDDAP_BAD_METADATA',
          `two rows of ${this.#plan.identity.join(' and ') || 'the dataset'} have the same id "${profileId}"`,
          { facts: { repeated: { variables: this.#plan.identity, id: profileId ?? '' } } },
        )
      last = profileId
    }
    for (const [at, row] of facts.entries()) {
      if (this.#writer.take(row)) {
        kept(at)
        this.#records = this.#records === null || row.records === null ? null : this.#records + row.records
        if (this.#writer.full) await this.#writer.flush()
      } else this.#leave(row.records)
    }
    await this.#writer.flush()
  }

  #leave(records: number | null): void {
    this.#leftOut = this.#leftOut === null || records === null ? null : this.#leftOut + records
  }

  #disagree(answer: ValuesOf<'ANSWERS_DISAGREE'>['answer'], ids: readonly string[]): void {
    this.#agree = false
    const shown = ids.slice(0, namesShown).map((id) => (id === '' ? '(no id)' : id))
    this.#warnings.push(fact('ANSWERS_DISAGREE', { answer, count: ids.length, ids: shown }))
  }

  #tellEmptyId(trajectories: { has(id: string): boolean; size: number }): void {
    const { trajectory: variable } = this.#questions
    if (variable !== null && trajectories.size > 1 && trajectories.has(''))
      this.#warnings.push(fact('TRACK_ID_EMPTY', { variable }))
  }

  #tellCoarser({ period, size, byTrajectory }: Rung): void {
    const degrees = size < cellsPerDegree ? `1/${cellsPerDegree / size}` : String(size / cellsPerDegree)
    this.#warnings.push(
      fact('TRACK_COARSER', {
        limit: this.#question.maxRows,
        of: this.#tooMany,
        period,
        degrees,
        byTrajectory,
      }),
    )
  }

  #tellUnplaced({ groups, records }: Unplaced): void {
    if (groups === 0) return
    this.#warnings.push(fact('TRACK_UNPLACED', { groups, records }))
    this.#leave(records)
  }

  #tellUncounted(question: GroupedQuestion, facts: readonly ProfileFacts[]): void {
    if (!facts.some(({ records }) => records === null)) return
    const because = this.#asker.mirrored
      ? 'mirrored'
      : this.#counting(question)
        ? 'no-values'
        : this.#questions.data === null
          ? 'all-grouped'
          : 'subset-only'
    this.#uncounted ??= { because, fault: null }
  }

  /** The server says that there are no rows: a sign of rows elsewhere contradicts it. */
  async #noRows(of: TrackCounts['of']): Promise<TrackAnswer> {
    const { metadata, listed, now, queries } = this.#question
    const ids = of === 'positions' ? [] : this.#plan.identity
    const distinct = ids.length === 0 ? null : await queries.distinct(ids)
    distinct?.cancel?.()
    // Asked for records with a position only, a dataset without any has none; a place that is promised is a sign.
    const positioned = of === 'casts' || this.#asker.mirrored
    if (distinct === null) {
      const belief = believeRows({
        counts: 'no-rows',
        distinct: 'no-rows',
        listRow: listed,
        metadata: promisedByMetadata(metadata, now),
      })
      if (belief.belief === 'contradictory') throw contradictory(belief.contradiction)
    } else if (!positioned || this.#latitudes !== null) throw contradictory({ kind: 'ids-only' })
    return { ...this.#answer(of, 0, 0, null, []), empty: { step: 'positions', dropped: [] } }
  }

  #answer(
    of: TrackCounts['of'],
    groups: number,
    step: number,
    rung: Rung | null,
    tracks: TrackRow[],
  ): TrackAnswer {
    const { rows, uncounted, dropped } = this.#writer
    if (uncounted > 0 && this.#uncounted !== null)
      this.#warnings.push(fact('RECORDS_UNCOUNTED', { ...this.#uncounted, count: uncounted, total: rows }))
    this.#warnings.push(...dropped.map((left) => fact('ROWS_DROPPED', left)))
    return {
      rows,
      warnings: this.#warnings,
      complete: this.#complete,
      agree: this.#agree,
      fresh: this.#fresh,
      empty: { step: dropped.length > 0 ? 'dropped' : 'positions', dropped },
      plan: this.#plan,
      tracks: tracks.sort((one, other) =>
        compareCodePoints(one.trajectory_id ?? '', other.trajectory_id ?? ''),
      ),
      counts: { of, step, rung, groups, rows, records: this.#records, leftOut: this.#leftOut },
    }
  }
}

/** Casts in order of time, by trajectory. */
function castTracks(casts: readonly (CastKey & { value: CastTime; records: number | null })[]): TrackRow[] {
  const trajectories = new Map<string, typeof casts extends readonly (infer C)[] ? C[] : never>()
  for (const cast of casts) {
    const known = trajectories.get(cast.trajectory)
    if (known) known.push(cast)
    else trajectories.set(cast.trajectory, [cast])
  }
  return [...trajectories].map(([trajectory, own]) => {
    const vertices = own
      .map(({ value }) => ({ time: value.at ?? value.time!.min, ...normalised(value.position!) }))
      .sort((one, other) => one.time - other.time)
    return trackRow({
      trajectory,
      vertices,
      time: {
        min: own.reduce((least, { value }) => Math.min(least, value.time!.min), Infinity),
        max: own.reduce((most, { value }) => Math.max(most, value.time!.max), -Infinity),
      },
      records: own.reduce<number | null>(
        (sum, { records }) => (sum === null || records === null ? null : sum + records),
        0,
      ),
      rows: own.length,
    })
  })
}

function normalised({ latitude, longitude }: { latitude: number; longitude: number }) {
  return { latitude, longitude: normaliseLongitude(longitude) }
}

function contradictory(contradiction: ValuesOf<'CONTRADICTORY_ANSWERS'>['contradiction']): HarvesterError {
  return new HarvesterError('CONTRADICTORY_ANSWERS', 'the answers of the server contradict each other', {
    remedy: 'See whether its source files can be read, and let the server load the dataset again.',
    facts: { contradiction },
  })
}

/** The list's range of time, until now where it is open. */
function listedTime({ minTime, maxTime }: ListedDataset, now: number): Extent | null {
  const min = parseTime(minTime)
  if (min === null) return null
  const max = parseTime(maxTime) ?? now
  return max < min ? null : { min, max }
}

function numbersOf(least: string | undefined, most: string | undefined): Extent | null {
  const [min, max] = [parseNumber(least ?? ''), parseNumber(most ?? '')]
  return min === null || max === null ? null : { min, max }
}

function hullOf(one: Extent | null, other: Extent | null): Extent | null {
  if (one === null || other === null) return one ?? other
  return { min: Math.min(one.min, other.min), max: Math.max(one.max, other.max) }
}
