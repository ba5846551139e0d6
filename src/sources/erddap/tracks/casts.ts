/** Casts of platforms that move: one row each. */

import { isHarvesterError } from '../../../errors.ts'
import { httpStatusFacts } from '../../../http/types.ts'
import { compareCodePoints } from '../../../inventory/order.ts'
import { believeCount, lackingAnswers } from '../../../rules/evidence/index.ts'
import { normaliseLongitude } from '../../../rules/position.ts'
import type { ProfileFacts } from '../../../rules/profile.ts'
import { castFacts, castId } from '../../../rules/tracks/rows.ts'
import { type TrackRow, trackRow } from '../../../rules/tracks/track.ts'
import { requestFault } from '../../fault.ts'
import { isFinalAnswer } from '../answers.ts'
import { isNoMatterOfCounts } from '../counter.ts'
import type { GroupedQuestion } from '../urls.ts'
import type { TrackAnswer } from './answer.ts'
import {
  type CastCount,
  CastCounts,
  CastDepths,
  type CastKey,
  type CastTime,
  CastTimes,
} from './cast-collectors.ts'
import type { TrackWork } from './work.ts'

/** @returns null where there are too many */
export async function harvestCasts(work: TrackWork): Promise<TrackAnswer | null> {
  const { castTimes, castDepths, castCounts, vertical, readsData } = work.questions
  const asked = await work.collect(
    castTimes,
    () => new CastTimes(work.questions, work.numeric, work.question.maxRows),
  )
  if (asked === null) return work.noRows('casts')
  work.asker.mirrored = work.question.isMirrored(asked.url)
  if (asked.found.left) {
    work.tooMany = 'casts'
    const { trajectoryIdVariable: id } = work.plan
    const ids = id === null ? [] : [id]
    work.plan = { ...work.plan, profileIdVariable: null, identity: ids, roleColumns: ids }
    return null
  }
  const depthsOf = () =>
    work.collect(castDepths, () => new CastDepths(work.questions, work.numeric, vertical!))
  const countsOf = () => countCasts(work, castCounts)
  let depths = vertical === null ? null : ((await depthsOf())?.found.casts ?? new Map())
  let counts = await countsOf()
  // What an answer lacks is asked once more.
  const lacking = () => lackingOfCasts(asked.found, depths, counts)
  let missing = lacking()
  if (missing.verticals.length > 0) depths = (await depthsOf())?.found.casts ?? depths
  if (missing.counts.length > 0) counts = (await countsOf()) ?? counts
  missing = lacking()
  for (const [answer, ids] of Object.entries(missing) as ['verticals' | 'counts', string[]][])
    if (ids.length > 0) work.disagree(answer, ids)

  const all = new Map<string, CastKey>([...asked.found.casts, ...(counts ?? []), ...(depths ?? [])])
  const trajectories = new Set([...all.values()].map(({ trajectory }) => trajectory))
  const several = trajectories.size > 1
  work.tellEmptyId(trajectories)
  const rows: { facts: ProfileFacts; key: string; cast: CastKey & { value: CastTime } }[] = []
  for (const [key, cast] of asked.found.casts) {
    const { position, time } = cast.value
    const facts = castFacts({
      profileId: castId(cast.trajectory, cast.cast, several),
      position,
      time,
      vertical: depths?.get(key)?.value ?? null,
      records: castRecords(work, counts?.get(key)?.value ?? null, time !== null, readsData(castCounts)),
    })
    rows.push({ facts, key, cast })
  }
  rows.sort((one, other) => compareCodePoints(one.facts.profileId!, other.facts.profileId!))
  const kept: (CastKey & { value: CastTime; records: number | null })[] = []
  await work.write(
    rows.map(({ facts }) => facts),
    (at) => kept.push({ ...rows[at]!.cast, records: rows[at]!.facts.records }),
  )
  for (const [key, { trajectory, cast }] of all) {
    if (asked.found.casts.has(key)) continue
    work.writer.drop('no_position', { timeseriesId: null, profileId: castId(trajectory, cast, several) })
    work.leave(counts?.get(key)?.value.greatest ?? (counts === null ? null : 0))
  }
  return work.answer('casts', asked.found.casts.size, 0, null, castTracks(kept))
}

async function countCasts(work: TrackWork, question: GroupedQuestion): Promise<CastCounts['casts'] | null> {
  if (work.asker.mirrored) {
    work.uncounted ??= { because: 'mirrored', fault: null }
    return null
  }
  try {
    const found = await work.collect(question, () => new CastCounts(work.questions, work.numeric))
    if (found === null) work.uncounted ??= { because: 'no-rows', fault: null }
    return found?.found.casts ?? null
  } catch (error) {
    const { signal } = work.question
    if (signal.aborted || isNoMatterOfCounts(error) || !isHarvesterError(error)) throw error
    const status = httpStatusFacts(error)
    if (status === null || !isFinalAnswer(status.status, status.body)) work.complete = false
    work.uncounted ??= { because: 'refused', fault: requestFault(error) }
    return null
  }
}

function castRecords(
  work: TrackWork,
  count: CastCount | null,
  hasTimes: boolean,
  readsData: boolean,
): number | null {
  if (count === null) {
    work.uncounted ??= { because: 'no-rows', fault: null }
    return null
  }
  const records = believeCount({
    counts: { time: count.time, greatest: count.greatest },
    hasTimes,
    mirrored: false,
    readsData,
  })
  if (records === null) work.uncounted ??= { because: readsData ? 'no-times' : 'subset-only', fault: null }
  return records
}

/** Ids of positioned casts that another answer lacks; a cast that only positions lack has none. */
function lackingOfCasts(
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
