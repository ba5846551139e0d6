/**
 * The profile rows of one dataset: which questions the server is asked, and the rows that its answers give.
 *
 * Few questions are asked. One answer of orderByCount over identity and position gives positions and counts: its
 * groups are the rows that distinct() would give, in the same order (ERDDAP sorts both by the same columns), and the
 * counts of an identity are the sums over its positions. It is not used for stations with casts (a column that is
 * grouped by cannot be counted, and casts are counted as records too), nor where one station with a long record is
 * expected, of which only the first days need counting.
 */

import { isHarvesterError } from '../../errors.ts'
import { httpStatusFacts } from '../../http/types.ts'
import type { DatasetPlan } from '../../rules/decisions.ts'
import { readingsPerDay } from '../../rules/duration.ts'
import { parseNumber } from '../../rules/numbers.ts'
import { type Extent, type ProfileFacts, type ProfileRow, profileRow } from '../../rules/profile.ts'
import { actualRange } from '../../rules/range.ts'
import type { DroppedRows, DropReason } from '../../rules/reasons/drops.ts'
import { fact, type ValuesOf, type Warning } from '../../rules/reasons/index.ts'
import type { UncountedBecause } from '../../rules/reasons/warnings.ts'
import { namesShown } from '../../rules/reasons/words.ts'
import { isSampled, recordsFromResolution, recordsFromSample, sampleEnd } from '../../rules/records.ts'
import { requestFault } from '../fault.ts'
import { isFinalAnswer } from './answers.ts'
import {
  collectCounts,
  collectExtents,
  collectPositions,
  type IdentityColumns,
  identityColumns,
  idsOfKey,
  type KeyedValues,
  type PositionGroup,
  type PositionTable,
} from './identities.ts'
import type { DatasetMetadata, ErddapTable } from './types.ts'

/** The questions about one dataset; null answers "no rows". */
export interface DatasetQueries {
  distinct(columns: readonly string[]): Promise<ErddapTable | null>
  minMax(groupBy: readonly string[], variable: string): Promise<ErddapTable | null>
  count(
    columns: readonly string[],
    groupBy: readonly string[],
    window?: { from: number; to: number },
  ): Promise<ErddapTable | null>
}

/** What this server cannot do, learnt once for all its datasets. */
export interface ServerAbilities {
  counts: boolean
}

export interface ProfileQuestion {
  plan: DatasetPlan
  metadata: DatasetMetadata
  queries: DatasetQueries
  abilities: ServerAbilities
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
  /** Why there are no rows, if there are none. */
  empty: ValuesOf<'NO_PROFILES_FOUND'>
}

/** Rows handed on together. */
const rowsAtOnce = 500

/**
 * @throws HarvesterError of the client, for an answer that the profiles cannot do without
 */
export async function harvestProfiles(question: ProfileQuestion): Promise<ProfileAnswer> {
  const { plan, metadata, queries, now, folder } = question
  const identity = identityColumns(plan, metadata)
  const resolution = readingsPerDay(metadata.globals.get('time_coverage_resolution') ?? '')
  const warnings: Warning[] = []
  const counter = new Counter(question, identity, warnings)
  const positions = await askPositions(question, identity, counter, resolution)
  if (positions === null) return nothing('positions')

  const closing: { close(): Promise<void> }[] = [positions]
  try {
    if (positions.single) return await singleProfile()

    const time = positions.timed ? null : await askExtents('time')
    if (time === null && !positions.timed) return nothing('times')
    const vertical = plan.vertical === null ? null : await askExtents(plan.vertical)
    const counts = positions.counted ? null : await counter.byIdentity()
    if (counts) closing.push(counts)
    return await writeRows(positions.groups(), (group) => {
      const extent = time === null ? group.time : time.at(group.key)
      const depth = vertical?.at(group.key) ?? null
      const count = positions.counted ? group.count : (counts?.at(group.key) ?? 0)
      const facts = (time: Extent | null, vertical: Extent | null, records: number | null) =>
        factsOf(group, identity, time, vertical, records ?? 0)
      // Mostly all is at hand: a promise for each of a million rows would cost more than the rows.
      if (extent instanceof Promise || depth instanceof Promise || count instanceof Promise)
        return Promise.all([extent, depth, count]).then((parts) => facts(...parts))
      return facts(extent, depth, count)
    })
  } finally {
    for (const part of closing) await part.close()
  }

  async function askExtents(variable: string): Promise<KeyedValues<Extent> | null> {
    // What tells the profiles apart has one value in each: casts are known by their time in some datasets.
    const table = plan.identity.includes(variable)
      ? await queries.distinct(plan.identity)
      : await queries.minMax(plan.identity, variable)
    if (table === null) return null
    const extents = await collectExtents(table, identity, variable, folder)
    closing.push(extents)
    return extents
  }

  /** One identity: its ranges may stand in the metadata, and its records need not all be counted. */
  async function singleProfile(): Promise<ProfileAnswer> {
    return writeRows(positions!.groups(), async (group) => {
      const facts = factsOf(group, identity, null, null, 0)
      // A row that its position condemns needs no further questions.
      const alone = profileRow({ ...facts, time: { min: 0, max: 0 } }, plan)
      if (alone.kind === 'dropped') return facts
      facts.time =
        actualRange(metadata, 'time', { now }) ??
        (positions!.timed ? group.time : ((await (await askExtents('time'))?.at(group.key)) ?? null))
      if (facts.time === null || facts.time.min > facts.time.max) return facts
      if (plan.vertical !== null) {
        facts.vertical =
          actualRange(metadata, plan.vertical, { now }) ??
          (await (await askExtents(plan.vertical))?.at(group.key)) ??
          null
      }
      if (profileRow(facts, plan).kind === 'row')
        facts.records = await counter.ofSingle(
          facts.time,
          resolution,
          positions!.counted ? group.count : null,
        )
      return facts
    })
  }

  async function writeRows(
    batches: AsyncIterable<readonly PositionGroup[]>,
    factsFor: (group: PositionGroup) => ProfileFacts | Promise<ProfileFacts>,
  ): Promise<ProfileAnswer> {
    const drops = new Map<DropReason, { reason: DropReason; count: number; ids: string[] }>()
    const moving: string[] = []
    let movingCount = 0
    let rows = 0
    let waiting: ProfileRow[] = []
    for await (const groups of batches) {
      question.signal.throwIfAborted()
      for (const group of groups) {
        const given = factsFor(group)
        const facts = given instanceof Promise ? await given : given
        const result = profileRow(facts, plan)
        if (result.kind === 'dropped') {
          const rows = drops.get(result.reason) ?? { reason: result.reason, count: 0, ids: [] }
          if (rows.ids.length < namesShown) rows.ids.push(nameOf(facts))
          rows.count += 1
          drops.set(result.reason, rows)
          continue
        }
        if (group.severalPositions) {
          movingCount += 1
          if (moving.length < namesShown) moving.push(nameOf(facts))
        }
        rows += 1
        waiting.push(result.row)
        if (waiting.length >= rowsAtOnce) {
          await question.onRows(waiting)
          waiting = []
        }
      }
    }
    if (waiting.length > 0) await question.onRows(waiting)
    if (movingCount > 0) warnings.push(fact('POSITIONS_SEVERAL', { count: movingCount, ids: moving }))
    const dropped = [...drops.values()]
    warnings.push(...dropped.map((rows) => fact('ROWS_DROPPED', rows)))
    return { ...nothing(dropped.length > 0 ? 'dropped' : 'dataset', dropped), rows }
  }

  function nothing(
    step: ValuesOf<'NO_PROFILES_FOUND'>['step'],
    dropped: readonly DroppedRows[] = [],
  ): ProfileAnswer {
    return { rows: 0, warnings, complete: counter.complete, empty: { step, dropped } }
  }
}

/** Written out, not spread: this is done for every row. */
function factsOf(
  group: PositionGroup,
  identity: IdentityColumns,
  time: Extent | null,
  vertical: Extent | null,
  records: number,
): ProfileFacts {
  const { timeseriesId, profileId } = idsOfKey(group.key, identity)
  return {
    timeseriesId,
    profileId,
    position: group.position,
    time,
    vertical,
    records,
    casts: identity.cast === null ? null : group.casts,
  }
}

async function askPositions(
  question: ProfileQuestion,
  identity: IdentityColumns,
  counter: Counter,
  resolution: number | null,
): Promise<PositionTable | null> {
  const { plan, queries, folder } = question
  // The casts of a station need ids of their own, which counts do not give.
  const mayMerge = question.abilities.counts && identity.cast === null && counter.columns.length > 0
  if (mayMerge && !expectsOneLongStation(question, resolution)) {
    const groupBy = unique([...plan.identity, 'latitude', 'longitude'])
    const answer = await counter.attempt(async () => {
      const table = await queries.count(unique([...groupBy, ...counter.columns]), groupBy)
      return table && collectPositions(table, identity, counter.columns, folder)
    })
    if (answer.ok) return answer.value
  }
  const columns = unique([...plan.roleColumns, 'latitude', 'longitude'])
  if (castsHaveOneTime(question.metadata) && !columns.includes('time')) {
    try {
      const table = await queries.distinct([...columns, 'time'])
      return table && (await collectPositions(table, identity, 'time', folder))
    } catch (error) {
      if (question.signal.aborted || isHarvesterError(error, 'CANCELLED', 'HOST_UNAVAILABLE', 'WRITE_FAILED'))
        throw error
    }
  }
  const table = await queries.distinct(columns)
  return table && collectPositions(table, identity, [], folder)
}

/**
 * Whether the owner declares that a cast has one time. The distinct positions may then be asked together with the
 * times: no row more, and least and greatest of the distinct times are those of all. A wrong declaration makes the
 * answer long, never wrong; if the server refuses it, the times are asked by themselves.
 */
function castsHaveOneTime(metadata: DatasetMetadata): boolean {
  const declared = metadata.globals.get('cdm_profile_variables') ?? ''
  return declared.split(',').some((name) => name.trim() === 'time')
}

/**
 * Whether the metadata suggest one station whose records need not all be counted: one position, and a resolution or
 * a long span. A wrong guess costs one request, never a wrong result.
 */
function expectsOneLongStation({ metadata, now }: ProfileQuestion, resolution: number | null): boolean {
  const one = (variable: string, low: string, high: string) => {
    const range = actualRange(metadata, variable, { now })
    const min = range?.min ?? parseNumber(metadata.globals.get(low) ?? '')
    const max = range?.max ?? parseNumber(metadata.globals.get(high) ?? '')
    return min !== null && min === max
  }
  if (!one('latitude', 'geospatial_lat_min', 'geospatial_lat_max')) return false
  if (!one('longitude', 'geospatial_lon_min', 'geospatial_lon_max')) return false
  const time = actualRange(metadata, 'time', { now })
  return resolution !== null || (time !== null && isSampled(time.min, time.max))
}

/** Asks for counts, which a profile can do without: what the server cannot give is 0 and a warning. */
class Counter {
  readonly columns: readonly string[]
  /** False once a count failed that the server might give another time. */
  complete = true
  readonly #question: ProfileQuestion
  readonly #identity: IdentityColumns
  readonly #warnings: Warning[]
  /** Whether orderByCount is there: a federated dataset is counted by another server than the one that lists it. */
  #able: boolean

  constructor(question: ProfileQuestion, identity: IdentityColumns, warnings: Warning[]) {
    const { plan } = question
    this.#question = question
    this.#identity = identity
    this.#warnings = warnings
    this.#able = question.abilities.counts
    const columns = ['time', plan.vertical, plan.timeseriesIdVariable, plan.profileIdVariable].filter(
      // A column that is grouped by cannot be counted.
      (column): column is string => column !== null && !plan.identity.includes(column),
    )
    this.columns = [...new Set(columns)]
  }

  /** Why nothing can be counted; null if it can. */
  #hindrance(): Exclude<UncountedBecause, 'refused'> | null {
    if (!this.#able) return 'unsupported'
    return this.columns.length === 0 ? 'all-grouped' : null
  }

  /** Tries a question that counts; a server without the function is not asked again. */
  async attempt<T>(ask: () => Promise<T>): Promise<{ ok: true; value: T } | { ok: false; error: unknown }> {
    try {
      return { ok: true, value: await ask() }
    } catch (error) {
      const { signal, abilities } = this.#question
      if (signal.aborted || isHarvesterError(error, 'CANCELLED', 'HOST_UNAVAILABLE', 'WRITE_FAILED'))
        throw error
      if (isHarvesterError(error, 'ERDDAP_UNSUPPORTED')) {
        this.#able = false
        if (error.facts.elsewhere !== true) abilities.counts = false
      } else if (!isRefusal(error)) this.complete = false
      return { ok: false, error }
    }
  }

  /** Counts of every identity; null where the server cannot count. */
  async byIdentity(window?: { from: number; to: number }): Promise<KeyedValues<number> | null> {
    const { plan, queries, folder } = this.#question
    const hindrance = this.#hindrance()
    if (hindrance !== null) return this.#unknown(hindrance)
    const answer = await this.attempt(async () => {
      const table = await queries.count([...plan.identity, ...this.columns], plan.identity, window)
      return table && collectCounts(table, this.#identity, this.columns, folder)
    })
    if (!answer.ok) return this.#unknown('refused', answer.error)
    return answer.value ?? noCounts
  }

  /** Records of the only identity, by resolution, by the first days or by counting all. */
  async ofSingle(time: Extent, resolution: number | null, counted: number | null): Promise<number> {
    if (resolution !== null) return recordsFromResolution(resolution, time.min, time.max)
    if (isSampled(time.min, time.max)) {
      const sample = await this.#sum({ from: time.min, to: sampleEnd(time.min) })
      if (sample === null) return 0
      if (sample > 0) return recordsFromSample(sample, time.min, time.max)
    }
    return counted ?? (await this.#sum()) ?? 0
  }

  async #sum(window?: { from: number; to: number }): Promise<number | null> {
    const { plan, queries } = this.#question
    const hindrance = this.#hindrance()
    if (hindrance !== null) return this.#unknown(hindrance)
    const answer = await this.attempt(async () => {
      const table = await queries.count([...plan.identity, ...this.columns], plan.identity, window)
      if (table === null) return 0
      const indexes = this.columns.map((column) => table.columns.indexOf(column))
      const sums = indexes.map(() => 0)
      for await (const row of table.rows)
        indexes.forEach((index, i) => {
          sums[i]! += parseNumber(row[index] ?? '') ?? 0
        })
      return Math.max(0, ...sums)
    })
    if (answer.ok) return answer.value
    this.#unknown('refused', answer.error)
    return null
  }

  #unknown(because: UncountedBecause, error?: unknown): null {
    const fault = because === 'refused' ? requestFault(error) : null
    this.#warnings.push(fact('RECORDS_UNCOUNTED', { because, fault }))
    return null
  }
}

/** Whether the server said what is wrong: it would say the same again. */
function isRefusal(error: unknown): boolean {
  const facts = httpStatusFacts(error)
  return facts !== null && isFinalAnswer(facts.status, facts.body)
}

const noCounts: KeyedValues<number> = { at: async () => 0, close: async () => {} }

/** A role may sit on a coordinate; no column can be asked for twice. */
function unique(columns: readonly string[]): string[] {
  return [...new Set(columns)]
}

function nameOf(facts: Pick<ProfileFacts, 'timeseriesId' | 'profileId'>): string {
  return [facts.timeseriesId, facts.profileId].filter((id) => id !== null).join('/') || '(no id)'
}
