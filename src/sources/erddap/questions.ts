/**
 * Which columns the questions about a dataset name. Where all that is asked for lies in `subsetVariables`, ERDDAP
 * answers from a table made when it last read the dataset: each distinct row once, and older than the data where the
 * server updates by itself. One variable that is not in it makes the server look at the data. Pure.
 */

import type { DatasetPlan } from '../../rules/decisions.ts'
import type { DatasetMetadata, VariableMetadata } from './types.ts'

export interface DatasetQuestions {
  /** Columns that the positions are grouped by: the ids, the cast, latitude and longitude. */
  groups: readonly string[]
  /** Columns that are counted by identity: `time`, the vertical, ids that are no part of it. */
  counted: readonly string[]
  /** Those of them that can be counted with the positions, where nothing is counted that is grouped by. */
  countedWithPositions: readonly string[]
  /** Columns whose ends tell the time of a cast as well; null where casts are not known to have one time. */
  castEnds: readonly string[] | null
  /** A variable beside the ids and places, to see whether there are rows at all; null where there is none. */
  probe: string | null
  /** The columns with the variable that makes the server look at the data, if they need it. */
  reading(columns: readonly string[]): string[]
  /**
   * The same for columns that are counted. In files of several dimensions the ids, places and times of casts have one
   * value a cast: without a depth of its own a record shows in a variable with data only.
   */
  counting(columns: readonly string[]): string[]
  /** The columns with a variable that has data in any case; null where none is left to be added. */
  withData(columns: readonly string[]): string[] | null
  /** Whether the server looks at the data for these columns. */
  readsData(columns: readonly string[]): boolean
}

export function questionsOf(plan: DatasetPlan, metadata: DatasetMetadata): DatasetQuestions {
  const subset = new Set(namesIn(metadata.globals.get('subsetVariables')))
  const data = dataVariable(plan, metadata, subset)
  const readsData = (columns: readonly string[]) => columns.some((column) => !subset.has(column))
  const withData = (columns: readonly string[]) =>
    data === null || columns.includes(data) ? null : [...columns, data]
  const groups = unique([...plan.roleColumns, 'latitude', 'longitude'])
  const counted = unique(['time', plan.vertical, plan.timeseriesIdVariable, plan.profileIdVariable]).filter(
    // A column that is grouped by cannot be counted; a cast need not be where time is.
    (column) => (column === 'time' ? !plan.identity.includes(column) : !plan.roleColumns.includes(column)),
  )
  const reading = (columns: readonly string[]) =>
    readsData(columns) ? [...columns] : (withData(columns) ?? [...columns])
  const hasDepths =
    plan.cdmDataType === 'TimeSeries' || (plan.vertical !== null && !subset.has(plan.vertical))
  return {
    groups,
    counted,
    countedWithPositions: counted.filter((column) => !groups.includes(column)),
    castEnds: castEnds(plan, metadata),
    probe: data ?? plan.vertical,
    reading,
    counting: (columns) => (hasDepths ? reading(columns) : (withData(columns) ?? [...columns])),
    withData,
    readsData,
  }
}

/** The first ocean variable that is not in the subset table, else any number, else anything. */
export function dataVariable(
  plan: DatasetPlan,
  metadata: DatasetMetadata,
  subset: ReadonlySet<string>,
): string | null {
  const coordinates = new Set([
    'time',
    'latitude',
    'longitude',
    'depth',
    'altitude',
    ...plan.profileVariables,
  ])
  const left = metadata.variables.filter(({ name }) => !subset.has(name) && !coordinates.has(name))
  const names = new Set(left.map(({ name }) => name))
  return (
    plan.eovColumns.find((column) => names.has(column)) ?? left.find(isNumber)?.name ?? left[0]?.name ?? null
  )
}

function isNumber({ dataType }: VariableMetadata): boolean {
  return !/^(|string|char)$/i.test(dataType)
}

/** Whether the owner declares that a cast has one time, and the least and greatest depth of casts are asked anyway. */
function castEnds(plan: DatasetPlan, metadata: DatasetMetadata): string[] | null {
  if (plan.vertical === null || plan.profileIdVariable === null) return null
  if (plan.roleColumns.includes('time') || !plan.roleColumns.includes(plan.profileIdVariable)) return null
  return namesIn(metadata.globals.get('cdm_profile_variables')).includes('time')
    ? [...plan.roleColumns]
    : null
}

export function namesIn(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/** A role may sit on a coordinate; no column can be asked for twice. */
export function unique(columns: readonly (string | null)[]): string[] {
  return [...new Set(columns.filter((column) => column !== null))]
}
