/**
 * Which datasets are harvested, and what of them: the decisions in their order, each with the attempt it ends in.
 * `decideFromListing` needs no request; `decideFromMetadata` has the answer of `/info`.
 */

import type { DatasetMetadata, ListedDataset, VariableMetadata } from '../sources/erddap/types.ts'
import { type AttemptOutcome, skipped } from './attempt.ts'
import { findOceanVariables, standardNames, uncoveredStandardNames, unknownStandardNames } from './eov.ts'
import { findPlatform } from './platform.ts'
import { fact, type Warning } from './reasons/index.ts'
import { isMovingType, type MovingType } from './tracks/types.ts'
import type { Vocabularies } from './vocabularies.ts'

const supportedDataTypes = ['TimeSeries', 'Profile', 'TimeSeriesProfile'] as const
/** Those of platforms that move are harvested where a site asks for it. */
export type CdmDataType = (typeof supportedDataTypes)[number] | MovingType

/** What is harvested of a dataset, and by which columns. */
export interface DatasetPlan {
  cdmDataType: CdmDataType
  /** The variable of each role; the last one where a role repeats. */
  timeseriesIdVariable: string | null
  profileIdVariable: string | null
  trajectoryIdVariable: string | null
  /** The columns whose values tell one profile row from another. */
  identity: string[]
  /** The role columns asked for with the positions: the identity, and the casts of a station. */
  roleColumns: string[]
  vertical: 'depth' | 'altitude' | null
  /** Every variable with a role, by code point. */
  profileVariables: string[]
  numColumns: number
  /** Ocean variables, in mapping order. */
  eovs: string[]
  firstEovColumn: string | null
  /** All variables of ocean variables, in mapping order. */
  eovColumns: string[]
  /** Standard names that the CF table has and no ocean variable covers. */
  uncoveredStandardNames: string[]
  warnings: Warning[]
}

export type Decision = { kind: 'skip'; outcome: AttemptOutcome } | { kind: 'harvest'; plan: DatasetPlan }

/** Rules 1 and 2: what the list and the skip list (ids of this host) decide without a request. Null: go on.
 * @param moving types of moving platforms that the site asks for */
export function decideFromListing(
  listed: Pick<ListedDataset, 'datasetId' | 'cdmDataType'>,
  { skipList, moving = [] }: { skipList: ReadonlySet<string>; moving?: readonly MovingType[] },
): AttemptOutcome | null {
  if (!isSupported(listed.cdmDataType, moving)) return unsupported(listed.cdmDataType, moving)
  if (skipList.has(listed.datasetId)) return skipped('ON_SKIP_LIST', {})
  return null
}

/**
 * Rules 4 to 8. The `cdm_data_type` of the metadata, where it has one, wins over that of the list and is checked
 * again, since the list may be older.
 */
export function decideFromMetadata({
  listed,
  metadata,
  vocabularies,
  moving = [],
}: {
  listed: Pick<ListedDataset, 'cdmDataType'>
  metadata: DatasetMetadata
  vocabularies: Vocabularies
  moving?: readonly MovingType[]
}): Decision {
  const cdmDataType = metadata.globals.get('cdm_data_type')?.trim() || listed.cdmDataType
  if (!isSupported(cdmDataType, moving)) return skip(unsupported(cdmDataType, moving))

  const ingest = metadata.globals.get('cde_ingest')?.trim()
  if (ingest?.toLowerCase() === 'false') return skip(skipped('INGEST_FLAG_FALSE', { value: ingest }))

  const variables = new Set(metadata.variables.map(({ name }) => name))
  const missing = ['time', 'latitude', 'longitude'].filter((name) => !variables.has(name))
  if (missing.length > 0) return skip(skipped('MISSING_REQUIRED_VARS', { missing }))

  const { eovs, firstEovColumn, columns: eovColumns } = findOceanVariables(metadata, vocabularies)
  if (eovs.length === 0)
    return skip(skipped('NO_SUPPORTED_VARIABLES', { standardNames: standardNames(metadata) }))

  if (variables.has('depth') && variables.has('altitude')) return skip(skipped('DEPTH_AND_ALTITUDE', {}))

  const roles = roleVariables(metadata)
  const ids = isMovingType(cdmDataType) ? movingIds(cdmDataType, roles) : stationIds(cdmDataType, roles)
  if ('needed' in ids)
    return skip(skipped('MISSING_CF_ROLE', { cdmDataType, needed: ids.needed, present: [...roles.keys()] }))

  const plan: DatasetPlan = {
    cdmDataType,
    ...ids,
    vertical: variables.has('depth') ? 'depth' : variables.has('altitude') ? 'altitude' : null,
    profileVariables: [...roles.values()].flat().sort(byCodePoint),
    numColumns: metadata.variables.length,
    eovs,
    firstEovColumn,
    eovColumns,
    uncoveredStandardNames: uncoveredStandardNames(metadata, vocabularies),
    warnings: [
      ...repeatedRoles(roles),
      ...unknownNames(metadata, vocabularies),
      ...unknownPlatform(metadata, vocabularies),
    ],
  }
  return { kind: 'harvest', plan }
}

type PlanIds = Pick<
  DatasetPlan,
  'timeseriesIdVariable' | 'profileIdVariable' | 'trajectoryIdVariable' | 'identity' | 'roleColumns'
>

function stationIds(
  cdmDataType: Exclude<CdmDataType, MovingType>,
  roles: ReadonlyMap<string, string[]>,
): PlanIds | { needed: string } {
  const timeseriesIdVariable = roles.get('timeseries_id')?.at(-1) ?? null
  const profileIdVariable = roles.get('profile_id')?.at(-1) ?? null
  const needed = cdmDataType === 'Profile' ? profileIdVariable : timeseriesIdVariable
  if (needed === null) return { needed: cdmDataType === 'Profile' ? 'profile_id' : 'timeseries_id' }

  const identity = [needed]
  if (cdmDataType === 'Profile' && timeseriesIdVariable !== null) identity.push(timeseriesIdVariable)
  const casts = cdmDataType === 'TimeSeriesProfile' && profileIdVariable !== null ? [profileIdVariable] : []
  return {
    timeseriesIdVariable,
    profileIdVariable,
    trajectoryIdVariable: roles.get('trajectory_id')?.at(-1) ?? null,
    identity,
    roleColumns: [...identity, ...casts],
  }
}

const coordinates: ReadonlySet<string> = new Set(['time', 'latitude', 'longitude', 'depth', 'altitude'])

/** No role is needed. A variable of stations would make portals ask for one that does not exist; casts have their own. */
function movingIds(cdmDataType: MovingType, roles: ReadonlyMap<string, string[]>): PlanIds {
  const trajectoryIdVariable = roles.get('trajectory_id')?.at(-1) ?? null
  const cast = cdmDataType === 'TrajectoryProfile' ? (roles.get('profile_id')?.at(-1) ?? null) : null
  // A server that is asked for the ends of a coordinate cannot group by it: such casts are a track.
  const profileIdVariable = cast !== null && coordinates.has(cast) ? null : cast
  const identity = [trajectoryIdVariable, profileIdVariable].filter((column) => column !== null)
  return {
    timeseriesIdVariable: null,
    profileIdVariable,
    trajectoryIdVariable,
    identity,
    roleColumns: identity,
  }
}

function isSupported(cdmDataType: string, moving: readonly MovingType[]): cdmDataType is CdmDataType {
  return ([...supportedDataTypes, ...moving] as readonly string[]).includes(cdmDataType)
}

function unsupported(cdmDataType: string, moving: readonly MovingType[]): AttemptOutcome {
  return skipped('CDM_DATA_TYPE_UNSUPPORTED', { cdmDataType, supported: [...supportedDataTypes, ...moving] })
}

/** Names of variables by role, each in dataset order. */
function roleVariables(metadata: DatasetMetadata): Map<string, string[]> {
  const roles = new Map<string, string[]>()
  for (const variable of metadata.variables) {
    const role = roleOf(variable)
    if (role !== '') roles.set(role, [...(roles.get(role) ?? []), variable.name])
  }
  return roles
}

function roleOf(variable: VariableMetadata): string {
  return variable.attributes.get('cf_role')?.trim() ?? ''
}

function repeatedRoles(roles: ReadonlyMap<string, string[]>): Warning[] {
  return [...roles]
    .filter(([, variables]) => variables.length > 1)
    .map(([role, variables]) => fact('CF_ROLE_REPEATED', { role, variables, used: variables.at(-1)! }))
}

function unknownNames(metadata: DatasetMetadata, vocabularies: Vocabularies): Warning[] {
  const names = unknownStandardNames(metadata, vocabularies)
  return names.length === 0
    ? []
    : [fact('STANDARD_NAME_UNKNOWN', { names, cfVersion: vocabularies.cfVersion })]
}

function unknownPlatform(metadata: DatasetMetadata, vocabularies: Vocabularies): Warning[] {
  const { warning } = findPlatform(metadata, vocabularies)
  return warning ? [warning] : []
}

function skip(outcome: AttemptOutcome): Decision {
  return { kind: 'skip', outcome }
}

/** Names of ERDDAP variables are ASCII, so that code units are code points. */
function byCodePoint(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
