/**
 * The work on one platform that moves, of a fleet, or of samples, that is the same for casts, samples and tracks: what is
 * known of the dataset, the questions, the rows that are handed on, and what is to be said of them.
 */

import { HarvesterError } from '../../../errors.ts'
import { compareCodePoints } from '../../../inventory/order.ts'
import type { DatasetPlan } from '../../../rules/decisions.ts'
import { believeRows } from '../../../rules/evidence/index.ts'
import type { Extent } from '../../../rules/extent.ts'
import { fillValues } from '../../../rules/fill.ts'
import { isStorableTime } from '../../../rules/limits.ts'
import { parseNumber } from '../../../rules/numbers.ts'
import type { ProfileFacts } from '../../../rules/profile.ts'
import { actualRange } from '../../../rules/range.ts'
import { fact, type RequestFault, type ValuesOf, type Warning } from '../../../rules/reasons/index.ts'
import type { CoarserRows, UncountedBecause } from '../../../rules/reasons/warnings.ts'
import { namesShown } from '../../../rules/reasons/words.ts'
import { parseTime } from '../../../rules/time.ts'
import { cellsPerDegree, type OwnCoordinates } from '../../../rules/tracks/cells.ts'
import type { Rung } from '../../../rules/tracks/ladder.ts'
import type { TrackRow } from '../../../rules/tracks/track.ts'
import { numericColumns } from '../identity.ts'
import { RowWriter } from '../profile-writer.ts'
import { promisedByMetadata } from '../promised.ts'
import type { DatasetMetadata, ListedDataset } from '../types.ts'
import type { GroupedQuestion } from '../urls.ts'
import type { TrackAnswer, TrackCounts, TrackQuestion } from './answer.ts'
import { collect, type TrackAsker } from './ask.ts'
import type { Collector, Unplaced } from './collector.ts'
import { type TrackQuestions, trackQuestionsOf } from './questions.ts'

export class TrackWork {
  readonly question: TrackQuestion
  readonly questions: TrackQuestions
  readonly asker: TrackAsker
  readonly numeric: ReadonlySet<string>
  readonly warnings: Warning[] = []
  readonly writer: RowWriter
  /** Of time, as the metadata have it. */
  readonly range: Extent | null
  readonly latitude: OwnCoordinates
  readonly longitude: OwnCoordinates
  plan: DatasetPlan
  /** What there was too much of. */
  tooMany: CoarserRows['of'] = 'rows'
  agree = true
  fresh = true
  complete = true
  uncounted: { because: UncountedBecause; fault: RequestFault | null } | null = null
  #records: number | null = 0
  #leftOut: number | null = 0

  constructor(question: TrackQuestion) {
    const { plan, metadata, now, dataset } = question
    this.question = question
    this.plan = plan
    this.questions = trackQuestionsOf(plan, metadata)
    this.numeric = numericColumns(metadata)
    this.range = actualRange(metadata, 'time', { now })
    const { minLatitude, maxLatitude, minLongitude, maxLongitude } = dataset.row
    this.latitude = ownCoordinates(metadata, 'latitude', numbersOf(minLatitude, maxLatitude))
    this.longitude = ownCoordinates(metadata, 'longitude', numbersOf(minLongitude, maxLongitude))
    this.writer = new RowWriter(question)
    this.asker = {
      ask: (asked, span) => question.queries.grouped(asked, span),
      range: listedTime(dataset, now) ?? this.range,
      mirrored: false,
      signal: question.signal,
    }
  }

  async collect<C extends Collector>(
    question: GroupedQuestion,
    make: () => C,
  ): Promise<{ found: C; url: string | undefined } | null> {
    if (!this.questions.readsData(question)) this.fresh = false
    return collect(this.asker, question, make)
  }

  counting(question: GroupedQuestion): boolean {
    return !this.asker.mirrored && this.questions.data !== null && this.questions.readsData(question)
  }

  constant(): Extent | null {
    const { constantVertical } = this.questions
    return constantVertical === null ? null : { min: constantVertical, max: constantVertical }
  }

  /** Hands on rows in the order of their ids. @param kept told of each row that is written */
  async write(facts: readonly ProfileFacts[], kept: (at: number) => void = () => {}): Promise<void> {
    let last: string | null = null
    // Before a row is handed on: two that read the same must not become one.
    for (const { profileId } of facts) {
      if (profileId === last)
        throw new HarvesterError(
          'ERDDAP_BAD_METADATA',
          `two rows of ${this.plan.identity.join(' and ') || 'the dataset'} have the same id "${profileId}"`,
          { facts: { repeated: { variables: this.plan.identity, id: profileId ?? '' } } },
        )
      last = profileId
    }
    for (const [at, row] of facts.entries()) {
      if (this.writer.take(row)) {
        kept(at)
        this.#records = this.#records === null || row.records === null ? null : this.#records + row.records
        if (this.writer.full) await this.writer.flush()
      } else this.leave(row.records)
    }
    await this.writer.flush()
  }

  leave(records: number | null): void {
    this.#leftOut = this.#leftOut === null || records === null ? null : this.#leftOut + records
  }

  disagree(answer: ValuesOf<'ANSWERS_DISAGREE'>['answer'], ids: readonly string[]): void {
    this.agree = false
    const shown = ids.slice(0, namesShown).map((id) => (id === '' ? '(no id)' : id))
    this.warnings.push(fact('ANSWERS_DISAGREE', { answer, count: ids.length, ids: shown }))
  }

  tellEmptyId(trajectories: { has(id: string): boolean; size: number }): void {
    const { trajectory: variable } = this.questions
    if (variable !== null && trajectories.size > 1 && trajectories.has(''))
      this.warnings.push(fact('TRACK_ID_EMPTY', { variable }))
  }

  tellCoarser({ period, size, byTrajectory }: Rung): void {
    const degrees = size < cellsPerDegree ? `1/${cellsPerDegree / size}` : String(size / cellsPerDegree)
    this.warnings.push(
      fact('TRACK_COARSER', {
        limit: this.question.maxRows,
        of: this.tooMany,
        period,
        degrees,
        byTrajectory,
      }),
    )
  }

  tellUnplaced({ groups, records }: Unplaced): void {
    if (groups === 0) return
    this.warnings.push(fact('TRACK_UNPLACED', { groups, records }))
    this.leave(records)
  }

  tellUncounted(question: GroupedQuestion, facts: readonly ProfileFacts[]): void {
    if (!facts.some(({ records }) => records === null)) return
    const because = this.asker.mirrored
      ? 'mirrored'
      : this.counting(question)
        ? 'no-values'
        : this.questions.data === null
          ? 'all-grouped'
          : 'subset-only'
    this.uncounted ??= { because, fault: null }
  }

  /** The server says that there are no rows: a sign of rows elsewhere contradicts it. */
  async noRows(of: TrackCounts['of']): Promise<TrackAnswer> {
    const { metadata, listed, now, queries } = this.question
    const ids = of === 'positions' ? [] : this.plan.identity
    const distinct = ids.length === 0 ? null : await queries.distinct(ids)
    distinct?.cancel?.()
    // Asked for records with a position only, a dataset without any has none; a place that is promised is a sign.
    const positioned = of === 'casts' || this.asker.mirrored
    if (distinct === null) {
      const belief = believeRows({
        counts: 'no-rows',
        distinct: 'no-rows',
        listRow: listed,
        metadata: promisedByMetadata(metadata, now),
      })
      if (belief.belief === 'contradictory') throw contradictory(belief.contradiction)
    } else if (!positioned || this.latitude.range !== null) throw contradictory({ kind: 'ids-only' })
    return { ...this.answer(of, 0, 0, null, []), empty: { step: 'positions', dropped: [] } }
  }

  answer(
    of: TrackCounts['of'],
    groups: number,
    step: number,
    rung: Rung | null,
    tracks: TrackRow[],
  ): TrackAnswer {
    const { rows, uncounted, dropped } = this.writer
    if (uncounted > 0 && this.uncounted !== null)
      this.warnings.push(fact('RECORDS_UNCOUNTED', { ...this.uncounted, count: uncounted, total: rows }))
    this.warnings.push(...dropped.map((left) => fact('ROWS_DROPPED', left)))
    return {
      rows,
      warnings: this.warnings,
      complete: this.complete,
      agree: this.agree,
      fresh: this.fresh,
      empty: { step: dropped.length > 0 ? 'dropped' : 'positions', dropped },
      plan: this.plan,
      tracks: tracks.sort((one, other) =>
        compareCodePoints(one.trajectory_id ?? '', other.trajectory_id ?? ''),
      ),
      counts: { of, step, rung, groups, rows, records: this.#records, leftOut: this.#leftOut },
    }
  }
}

function contradictory(contradiction: ValuesOf<'CONTRADICTORY_ANSWERS'>['contradiction']): HarvesterError {
  return new HarvesterError('CONTRADICTORY_ANSWERS', 'the answers of the server contradict each other', {
    remedy: 'See whether its source files can be read, and let the server load the dataset again.',
    facts: { contradiction },
  })
}

/** The list's range of time, until now where it is open. What nothing can hold is no end of it. */
function listedTime({ minTime, maxTime }: ListedDataset, now: number): Extent | null {
  const min = parseTime(minTime)
  if (min === null || !isStorableTime(min)) return null
  const last = parseTime(maxTime)
  const max = last === null || !isStorableTime(last) ? now : last
  return max < min ? null : { min, max }
}

/** @param listed the list's range */
function ownCoordinates(
  metadata: DatasetMetadata,
  variable: 'latitude' | 'longitude',
  listed: Extent | null,
): OwnCoordinates {
  return {
    range: hullOf(actualRange(metadata, variable, { now: 0 }), listed),
    fills: fillValues(metadata, variable),
  }
}

function numbersOf(least: string | undefined, most: string | undefined): Extent | null {
  const [min, max] = [parseNumber(least ?? ''), parseNumber(most ?? '')]
  return min === null || max === null ? null : { min, max }
}

function hullOf(one: Extent | null, other: Extent | null): Extent | null {
  if (one === null || other === null) return one ?? other
  return { min: Math.min(one.min, other.min), max: Math.max(one.max, other.max) }
}
