/** What tells the rows of one dataset apart: the key by which its answers are sorted and joined. */

import type { DatasetPlan } from '../../rules/decisions.ts'
import { storableText } from '../../rules/limits.ts'
import { indexOf } from './table.ts'
import type { DatasetMetadata } from './types.ts'

/** Sorts before every character that an id may hold, and is in none that is as it is stored. */
export const separator = '\u0000'

/** What tells one profile row from another, in the order of the columns of profiles.csv. */
export interface IdentityColumns {
  timeseries: string | null
  profile: string | null
  /** The cast within a station (TimeSeriesProfile), which is no part of the identity. */
  cast: string | null
  /** What a missing cast looks like: empty, or NaN where the variable is a number. */
  missingCasts: readonly string[]
  /** Of the id columns, those that hold numbers: NaN is no id there, but a missing one. */
  numeric: ReadonlySet<string>
}

export function identityColumns(plan: DatasetPlan, metadata: DatasetMetadata): IdentityColumns {
  const { timeseriesIdVariable, profileIdVariable, identity } = plan
  const has = (column: string | null) => (column !== null && identity.includes(column) ? column : null)
  const cast = plan.cdmDataType === 'TimeSeriesProfile' ? profileIdVariable : null
  const castType = metadata.variables.find(({ name }) => name === cast)?.dataType
  return {
    timeseries: has(timeseriesIdVariable),
    profile: has(profileIdVariable),
    cast,
    missingCasts: castType === 'String' ? [''] : ['', 'NaN'],
    numeric: numericColumns(metadata),
  }
}

export function numericColumns(metadata: DatasetMetadata): ReadonlySet<string> {
  const numeric = metadata.variables.filter(({ dataType }) => !textTypes.has(dataType.toLowerCase()))
  return new Set(numeric.map(({ name }) => name))
}

/** Types of ERDDAP (none: it is not known) in which `NaN` is a text like any other. */
const textTypes: ReadonlySet<string> = new Set(['', 'string', 'char'])

/** The key by which rows are joined and ordered: `timeseries_id`, then `profile_id`. */
export function keyReader(
  columns: readonly string[],
  identity: IdentityColumns,
): (row: readonly string[]) => string {
  const timeseries = idReader(columns, identity.timeseries, identity.numeric)
  const profile = idReader(columns, identity.profile, identity.numeric)
  return (row) => `${timeseries(row)}${separator}${profile(row)}`
}

/** The ids of one column, as they are stored. */
export function idReader(
  columns: readonly string[],
  column: string | null,
  numeric: ReadonlySet<string>,
): (row: readonly string[]) => string {
  if (column === null) return () => ''
  const index = indexOf(columns, column)
  return numeric.has(column)
    ? (row) => (row[index] === 'NaN' ? '' : storableText(row[index]!))
    : (row) => storableText(row[index]!)
}

/** What tells the groups of an answer apart that may be finer than identities: casts of a station. */
export function groupReader(
  columns: readonly string[],
  groupBy: readonly string[],
): (row: readonly string[]) => string {
  const parts = groupBy.map((column) => indexOf(columns, column))
  const [first] = parts
  return parts.length === 1
    ? (row) => storableText(row[first!]!)
    : (row) => parts.map((part) => storableText(row[part]!)).join(separator)
}

export function idsOfKey(
  key: string,
  identity: IdentityColumns,
): { timeseriesId: string | null; profileId: string | null } {
  const at = key.indexOf(separator)
  return {
    timeseriesId: identity.timeseries === null ? null : key.slice(0, at),
    profileId: identity.profile === null ? null : key.slice(at + 1),
  }
}
