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
import { readingsPerDay } from '../../rules/duration.ts'
import {
  type AnswerName,
  believeNoTimes,
  believeRows,
  hasOneTime,
  isSingle,
  type RowsContradiction,
  type RowsEvidence,
} from '../../rules/evidence/index.ts'
import type { Extent } from '../../rules/extent.ts'
import { parseNumber } from '../../rules/numbers.ts'
import { normaliseLongitude } from '../../rules/position.ts'
import { type ProfileFacts, profileRow } from '../../rules/profile.ts'
import { actualRange } from '../../rules/range.ts'
import type { DroppedRows } from '../../rules/reasons/drops.ts'
import { fact, type ValuesOf, type Warning } from '../../rules/reasons/index.ts'
import { type Answers, compareAnswers, type Disagreement } from './agreement.ts'
import { isNoMatterOfCounts } from './counter.ts'
import type { CountsOf } from './counts.ts'
import type { SeenExtent } from './extents.ts'
import { idsOfKey } from './identity.ts'
import { Inquiry } from './inquiry.ts'
import { countKeys, type KeyedValues, noValues } from './keyed-values.ts'
import { entriesOf, firstGroup, type PositionGroup, type PositionTable } from './positions.ts'
import type { ProfileAnswer, ProfileQuestion } from './profile-question.ts'
import { nameOf, writeProfiles } from './profile-writer.ts'
import { promisedByMetadata } from './promised.ts'

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
  times: KeyedValues<SeenExtent> | null
}

/** The state of the work on one dataset: what was answered, and what is odd about it. */
class ProfileHarvest {
  readonly #question: ProfileQuestion
  readonly #inquiry: Inquiry
  readonly #warnings: Warning[] = []
  #agree = true
  /** Casts of stations in the answer with the ends of their depths, where that is used. */
  #castsWithDepths: number | null = null

  constructor(question: ProfileQuestion) {
    this.#question = question
    this.#inquiry = new Inquiry(question)
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
      await this.#inquiry.close()
    }
  }

  // Positions

  async #positions(): Promise<Positions | null> {
    const { groups, countedWithPositions, counting, withData } = this.#inquiry.questions
    const columns = counting([...groups, ...countedWithPositions])
    const first = this.#inquiry.counter.able ? await this.#inquiry.countPositions(columns) : 'failed'
    if (typeof first === 'object') return { positions: first, times: null }
    const distinct = await this.#inquiry.distinctPositions()
    if (distinct === null) {
      this.#believeRows({ counts: first, distinct: 'no-rows' })
      return null
    }
    if (first === 'failed') return { positions: distinct, times: null }
    // It has positions, but says that there is nothing to count: some file types need a variable with data.
    const more = withData(columns)
    const counted = more && (await this.#inquiry.countPositions(more))
    if (counted !== null && typeof counted === 'object') {
      const { lacking } = await compareAnswers({
        positions: distinct,
        times: null,
        verticals: null,
        counts: entriesOf(counted),
      })
      if (lacking.size === 0) {
        this.#inquiry.fresh = true
        return { positions: counted, times: null }
      }
      return { positions: distinct, times: null }
    }
    this.#inquiry.counter.giveUp('no-rows')
    // Whatever the reason, one answer has rows and the other has none.
    this.#agree = false
    const probe = distinct.timed ? this.#inquiry.questions.probe : 'time'
    const times = probe === null ? null : await this.#inquiry.extents(probe)
    this.#believeRows({ counts: 'no-rows', distinct: 'rows', times: times === null ? 'no-rows' : 'rows' })
    return { positions: distinct, times: probe === 'time' ? times : null }
  }

  #believeRows(evidence: RowsEvidence): void {
    const { metadata, listed, now } = this.#question
    const belief = believeRows({ ...evidence, listRow: listed, metadata: promisedByMetadata(metadata, now) })
    if (belief.belief === 'contradictory') throw contradictory(belief.contradiction)
  }

  /** Asks for the times by identity; null where no row has one, which is not believed of one answer. */
  async #timesOf(positions: PositionTable): Promise<KeyedValues<SeenExtent> | null> {
    const times = await this.#inquiry.extents('time')
    if (times !== null) return times
    const { metadata, listed, now } = this.#question
    const contradiction = believeNoTimes({
      counted: positions.counted ? await greatestTimeCount(positions) : undefined,
      listRow: listed,
      metadata: promisedByMetadata(metadata, now),
    })
    if (contradiction === null) return null
    const again = await this.#inquiry.extents('time')
    if (again === null) throw contradictory(contradiction)
    return again
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
    const again = positions.timed ? await this.#inquiry.positionsAgain() : null
    if (again) return isSingle({ ...evidence, again: again.single ? 1 : 2 })
    answers.times ??= await this.#inquiry.extents('time')
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
    const { positions } = answers
    // All casts of the only station may be in the answer, or only the first: a second one tells.
    const hasCasts = this.#inquiry.identity.cast !== null && positions.counted
    if ((time === null || hasCasts) && !positions.timed) answers.times ??= await this.#timesOf(positions)
    const startsAfterEnd = time !== null && time.min > time.max
    if (vertical !== null && !startsAfterEnd && this.#stated(vertical) === null)
      answers.verticals = (await this.#inquiry.extents(vertical)) ?? noValues()
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
      facts.records = await this.#inquiry.counter.ofSingle(time, resolution, counted)
      return facts
    })
  }

  // Several identities

  /** @returns false where no row has a time */
  async #askForSeveral(answers: Answers): Promise<boolean> {
    const { vertical } = this.#question.plan
    const { positions } = answers
    const ends =
      answers.times === null && !positions.timed
        ? await this.#inquiry.castEnds(positions, this.#stated('time'))
        : null
    if (ends) {
      answers.times = ends.time
      answers.verticals = ends.vertical
      this.#castsWithDepths = ends.casts
      const { lacking, wholeDepths } = await this.#compare(answers)
      const isWhole = !lacking.has('times') && !lacking.has('verticals')
      const oneTime = hasOneTime({
        declared: true,
        endsAgree: ends.agree && isWhole,
        countsAgree: wholeDepths,
        rangeAgrees: sameTimes(ends.times, this.#stated('time')),
      })
      if (!oneTime) {
        answers.times = null
        this.#castsWithDepths = null
      }
      if (!isWhole) answers.verticals = null
    }
    if (!positions.timed) {
      answers.times ??= await this.#timesOf(positions)
      if (answers.times === null) return false
    }
    if (vertical !== null) answers.verticals ??= (await this.#inquiry.extents(vertical)) ?? noValues()
    if (!positions.counted) {
      answers.counts = await this.#inquiry.countsByIdentity()
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
          time === null ? 0 : this.#inquiry.counter.believed(counted, true, positions),
        )
      // Mostly all is at hand: a promise for each of a million rows would cost more than the rows.
      if (time instanceof Promise || depth instanceof Promise || count instanceof Promise)
        return Promise.all([time, depth, count]).then((parts) => facts(...parts))
      return facts(time, depth, count)
    })
  }

  // What all share

  #compare(answers: Answers): Promise<Disagreement> {
    const { positions } = answers
    const { castsWithTimes, identity, questions } = this.#inquiry
    // A mirror that counts counts says nothing of the casts that have times.
    const isComparable =
      identity.cast !== null &&
      positions.counted &&
      questions.countedWithPositions.includes('time') &&
      !this.#question.isMirrored(positions.url)
    const casts = !isComparable
      ? null
      : castsWithTimes !== null
        ? { of: 'times' as const, seen: castsWithTimes }
        : this.#castsWithDepths !== null
          ? { of: 'verticals' as const, seen: this.#castsWithDepths }
          : null
    return compareAnswers({ ...answers, casts })
  }

  /** Holds the answers against each other; what one of them lacks is asked once more. */
  async #settle(answers: Answers): Promise<void> {
    const found = await this.#compare(answers)
    if (found.lacking.size === 0) return
    for (const name of found.lacking.keys()) await this.#askAgain(name, answers)
    const { lacking } = await this.#compare(answers)
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
          answers.positions = (await this.#inquiry.positionsAgain()) ?? answers.positions
          break
        case 'times':
          answers.times = (await this.#inquiry.extents('time')) ?? answers.times
          break
        case 'verticals':
          answers.verticals = (await this.#inquiry.extents(plan.vertical!)) ?? answers.verticals
          break
        case 'counts': {
          const counts = await this.#inquiry.countsByIdentity()
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
    const { timeseriesId, profileId } = idsOfKey(group.key, this.#inquiry.identity)
    return {
      timeseriesId,
      profileId,
      position: group.position,
      time,
      vertical,
      records,
      casts: this.#inquiry.identity.cast === null ? null : group.casts,
    }
  }

  async #write(
    { positions }: Pick<Answers, 'positions'>,
    factsFor: (group: PositionGroup) => ProfileFacts | Promise<ProfileFacts>,
  ): Promise<ProfileAnswer> {
    const { rows, uncounted, moving, dropped } = await writeProfiles(this.#question, positions, factsFor)
    const { unknown } = this.#inquiry.counter
    if (uncounted > 0 && unknown)
      this.#warnings.push(fact('RECORDS_UNCOUNTED', { ...unknown, count: uncounted, total: rows }))
    if (moving.count > 0) this.#warnings.push(fact('POSITIONS_SEVERAL', moving))
    this.#warnings.push(...dropped.map((left) => fact('ROWS_DROPPED', left)))
    return { ...this.#nothing(dropped.length > 0 ? 'dropped' : 'dataset', dropped), rows }
  }

  #nothing(step: ValuesOf<'NO_PROFILES_FOUND'>['step'], dropped: readonly DroppedRows[] = []): ProfileAnswer {
    return {
      rows: 0,
      warnings: this.#warnings,
      complete: this.#inquiry.counter.complete,
      agree: this.#agree,
      fresh: this.#inquiry.fresh,
      empty: { step, dropped },
    }
  }

  #nameOf(key: string): string {
    return nameOf(idsOfKey(key, this.#inquiry.identity))
  }
}

function contradictory(contradiction: RowsContradiction): HarvesterError {
  return new HarvesterError('CONTRADICTORY_ANSWERS', 'the answers of the server contradict each other', {
    remedy: 'See whether its source files can be read, and let the server load the dataset again.',
    facts: { contradiction },
  })
}

async function greatestTimeCount(positions: PositionTable): Promise<number> {
  let greatest = 0
  for await (const groups of positions.groups())
    for (const { counts } of groups) greatest = Math.max(greatest, counts?.time ?? 0)
  return greatest
}

function sameTimes(seen: Extent | null, stated: Extent | null): boolean {
  // Metadata may leave out fractions of a second.
  const near = (one: number, other: number) => Math.abs(one - other) < 1000
  return seen !== null && stated !== null && near(seen.min, stated.min) && near(seen.max, stated.max)
}
