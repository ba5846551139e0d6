/**
 * What the owner of a dataset could change, found in the dataset's own variables and attributes. Pure. A guess is said
 * to be one by its words ("looks like"), and names the alternatives.
 */

import type { DatasetMetadata, VariableMetadata } from '../../sources/erddap/types.ts'
import { partsOfName } from '../eov.ts'
import type { Fact } from '../reasons/index.ts'
import { isTooMuchData } from '../reasons/requests.ts'
import type { Vocabularies } from '../vocabularies.ts'
import { type Remedy, remedyOf } from './index.ts'
import { likenessOf, type NearName, nearestNames } from './nearest.ts'
import type { CdmVariables, StandardNameProposal } from './words.ts'

/** Proposals shown of one dataset; a table of a hundred sensors needs the idea, not all of it. */
const mostProposals = 5
/** Variables that are held against all accepted names, some milliseconds each: more than datasets mostly have. */
const mostCompared = 150

/** What can be proposed for what an attempt says; nothing where there is nothing to change in `datasets.xml`. */
export function suggestRemedies(
  facts: readonly Fact[],
  metadata: DatasetMetadata | null,
  vocabularies: Vocabularies,
): Remedy[] {
  return facts.map((one) => suggest(one, metadata, vocabularies)).filter((found) => found !== null)
}

function suggest(fact: Fact, metadata: DatasetMetadata | null, vocabularies: Vocabularies): Remedy | null {
  const { code } = fact
  switch (code) {
    case 'CDM_DATA_TYPE_UNSUPPORTED': {
      const { cdmDataType: given, supported } = fact.values
      const suggested = meantType(given, supported)
      const [variables = null, further = null] =
        suggested && metadata
          ? rolesFor(suggested)
              .map((role) => cdmVariables(role, idLike(metadata, role)[0], metadata))
              .filter((found) => found !== null)
          : []
      return remedyOf('SET_CDM_DATA_TYPE', code, { given, suggested, variables, ...(further && { further }) })
    }
    case 'INGEST_FLAG_FALSE':
      return remedyOf('ALLOW_INGEST', code, {})
    case 'MISSING_REQUIRED_VARS':
      return (
        metadata &&
        remedyOf('NAME_VARIABLES', code, {
          missing: fact.values.missing.map((name) => missingVariable(name, metadata)),
        })
      )
    case 'NO_SUPPORTED_VARIABLES': {
      if (!metadata) return null
      // What tells of a quantity counts for none, however its name is written.
      const quantities = metadata.variables.filter((one) => givenName(one).modifier === '')
      return remedyOf('ADD_STANDARD_NAMES', code, { proposals: proposeNames(quantities, vocabularies) })
    }
    case 'STANDARD_NAME_UNKNOWN': {
      const unknown = new Set(fact.values.names)
      const theirs = metadata?.variables.filter((one) => unknown.has(givenName(one).name)) ?? []
      const proposals = proposeNames(theirs, vocabularies)
      return proposals.length === 0 ? null : remedyOf('ADD_STANDARD_NAMES', code, { proposals })
    }
    case 'DEPTH_AND_ALTITUDE':
      return remedyOf('KEEP_ONE_VERTICAL', code, { keep: 'depth', rename: 'altitude' })
    case 'MISSING_CF_ROLE': {
      if (!metadata) return null
      const { needed, cdmDataType } = fact.values
      const [from = null, ...alternatives] = idLike(metadata, needed)
      return remedyOf('ADD_CF_ROLE', code, {
        role: needed,
        from,
        alternatives: alternatives.slice(0, 3),
        variables: from === null ? null : cdmVariables(rolesFor(cdmDataType)[0]!, from, metadata),
      })
    }
    case 'CF_ROLE_REPEATED': {
      const { role, variables, used } = fact.values
      return remedyOf('REMOVE_CF_ROLE', code, {
        role,
        keep: used,
        remove: variables.filter((name) => name !== used),
      })
    }
    case 'PLATFORM_UNKNOWN':
      return platform(fact.values.platform, code, vocabularies)
    case 'TITLE_MISSING':
      return remedyOf('SET_TITLE', code, {})
    case 'RESPONSE_TOO_LARGE':
      return remedyOf('ASK_FOR_LESS', code, { subset: subsetOf(metadata) })
    case 'HTTP_ERROR':
      return isTooMuchData(fact.values.fault)
        ? remedyOf('ASK_FOR_LESS', code, { subset: subsetOf(metadata) })
        : null
    default:
      return suggestForMoving(fact, metadata)
  }
}

/** For what only platforms that move have. */
function suggestForMoving(fact: Fact, metadata: DatasetMetadata | null): Remedy | null {
  const { code } = fact
  const trajectory = metadata?.variables.find((one) => attribute(one, 'cf_role') === 'trajectory_id') ?? null
  switch (code) {
    case 'SERVER_TOO_OLD_FOR_TRACKS':
      return remedyOf('UPDATE_ERDDAP', code, { version: fact.values.version })
    case 'TRACK_TOO_LARGE':
      return remedyOf('READ_FASTER', code, { trajectory: trajectory?.name ?? null })
    case 'TRACK_COARSER':
      return remedyOf('SPLIT_DATASET', code, { trajectory: trajectory?.name ?? null })
    case 'TRACK_UNPLACED': {
      const ids = metadata?.variables.filter((one) =>
        /^(trajectory|profile)_id$/.test(attribute(one, 'cf_role')),
      )
      const columns = [...(ids ?? []).map(({ name }) => name), 'time', 'latitude', 'longitude']
      return remedyOf('PLACE_RECORDS', code, { columns })
    }
    case 'TRACK_ID_EMPTY':
      return remedyOf('FILL_TRAJECTORY_ID', code, { variable: fact.values.variable })
    case 'BAD_METADATA':
      return fact.values.repeated
        ? remedyOf('TELL_CASTS_APART', code, { variables: fact.values.repeated.variables })
        : null
    default:
      return null
  }
}

/** The supported type that differs in case, blanks or signs only: `time_series` means TimeSeries. */
function meantType(given: string, supported: readonly string[]): string | null {
  const bare = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '')
  return supported.find((type) => bare(type) === bare(given)) ?? null
}

type Role = keyof typeof idNames

/** Whose variables ERDDAP wants named beside a type. */
function rolesFor(cdmDataType: string): Role[] {
  switch (cdmDataType) {
    case 'Profile':
      return ['profile_id']
    case 'Trajectory':
      return ['trajectory_id']
    case 'TrajectoryProfile':
      return ['trajectory_id', 'profile_id']
    case 'Point':
      return []
    default:
      return ['timeseries_id']
  }
}

const idNames = {
  trajectory_id:
    /trajectory|platform|deployment|mission|cruise|ship|vessel|glider|float|drifter|wmo|buoy|tag/i,
  timeseries_id: /station|site|buoy|mooring|platform|wmo|stn|timeseries|location/i,
  profile_id: /profile|cast|event|sample/i,
} as const

/** Variables that look like the id of a role, most likely first. */
function idLike({ variables }: DatasetMetadata, role: string): string[] {
  const names = Object.hasOwn(idNames, role) ? idNames[role as Role] : idNames.timeseries_id
  return variables
    .map((one) => ({ name: one.name, score: idScore(one, names) }))
    .filter(({ score }) => score >= 2)
    .sort((a, b) => b.score - a.score)
    .map(({ name }) => name)
}

function idScore(one: VariableMetadata, names: RegExp): number {
  if (['time', 'latitude', 'longitude', 'depth', 'altitude'].includes(one.name)) return 0
  const isText = /^(string|char)$/i.test(one.dataType)
  const words = `${one.name} ${attribute(one, 'long_name')} ${attribute(one, 'standard_name')}`
  const fits = names.test(words)
  const isId = /(^|_|\b)(id|code|name|number|no|key)(\b|_|$)/i.test(one.name) || /_?id$/i.test(one.name)
  // Something that is measured has units; an id has none.
  const isMeasured = !['', '1'].includes(attribute(one, 'units')) || mapped(one)
  if (isMeasured) return 0
  return (
    (fits ? 2 : 0) +
    (isText ? 1 : 0) +
    (isId ? 1 : 0) +
    (/^(station|profile|trajectory)(_id)?$/i.test(one.name) ? 1 : 0)
  )
}

function mapped(one: VariableMetadata): boolean {
  return /(temperature|salinity|pressure|oxygen|velocity)/.test(attribute(one, 'standard_name'))
}

/** `cdm_timeseries_variables` and its kin, which ERDDAP wants to name the id and what is one value for it. */
function cdmVariables(
  role: Role,
  id: string | undefined,
  { globals, variables }: DatasetMetadata,
): CdmVariables | null {
  if (id === undefined) return null
  const attribute = `cdm_${role.replace('_id', '')}_variables`
  const stated = (globals.get(attribute) ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  if (stated.includes(id)) return null
  const there = new Set(variables.map(({ name }) => name))
  // Of a trajectory nothing else need be one value.
  const places =
    role === 'trajectory_id' ? [] : ['latitude', 'longitude', ...(role === 'profile_id' ? ['time'] : [])]
  const named = stated.length > 0 ? stated : places.filter((name) => there.has(name))
  return { attribute, value: [id, ...named].join(', ') }
}

const looks: Readonly<Record<string, { standardName: RegExp; units: RegExp; axis: string; name: RegExp }>> = {
  latitude: {
    standardName: /^latitude$/,
    units: /^degrees?_?n(orth)?$/i,
    axis: 'Y',
    name: /^(lat|latitude)/i,
  },
  longitude: {
    standardName: /^longitude$/,
    units: /^degrees?_?e(ast)?$/i,
    axis: 'X',
    name: /^(lon|lng|longitude)/i,
  },
  time: {
    standardName: /^time$/,
    units: / since |yyyy/i,
    axis: 'T',
    name: /^(time|date|datetime|timestamp)/i,
  },
}

function missingVariable(name: string, { variables, globals }: DatasetMetadata) {
  const look = looks[name]
  const found =
    look === undefined
      ? []
      : variables
          .map((one) => {
            const score =
              (look.standardName.test(attribute(one, 'standard_name')) ? 4 : 0) +
              (attribute(one, 'axis').toUpperCase() === look.axis ? 2 : 0) +
              (look.units.test(attribute(one, 'units')) ? 2 : 0) +
              (look.name.test(one.name) ? 1 : 0)
            return { name: one.name, score }
          })
          .filter(({ score }) => score >= 1)
          .sort((a, b) => b.score - a.score)
          .map((one) => one.name)
  const [from = null, ...alternatives] = found
  const short = name === 'latitude' ? 'lat' : 'lon'
  const least = globals.get(`geospatial_${short}_min`)?.trim() ?? ''
  const greatest = globals.get(`geospatial_${short}_max`)?.trim() ?? ''
  const fixed = from === null && least !== '' && Number(least) === Number(greatest) ? least : null
  return { name, from, alternatives: alternatives.slice(0, 3), fixed }
}

/** Coordinates are no ocean variables, whatever their names resemble. */
const coordinates = new Set(['time', 'latitude', 'longitude', 'depth', 'altitude'])

function proposeNames(
  variables: readonly VariableMetadata[],
  { oceanVariables, cfNames }: Vocabularies,
): StandardNameProposal[] {
  const accepted = oceanVariables.map(({ name, standardNames }) => ({
    name,
    standardNames: standardNames.filter((one) => !coordinates.has(one)),
  }))
  const found: (StandardNameProposal & { likeness: number })[] = []
  let compared = 0
  for (const one of variables) {
    const given = attribute(one, 'standard_name')
    const { name, modifier } = givenName(one)
    // A flag without a modifier would count as what it flags.
    if (coordinates.has(one.name) || (modifier === '' && isFlag(one))) continue
    // A name that CF has is right, whether it counts or not.
    if (coordinates.has(given) || cfNames.has(given) || (modifier !== '' && cfNames.has(name))) continue
    compared += 1
    if (compared > mostCompared) break
    const [best, ...others] = nearestNames(
      given === '' ? [attribute(one, 'long_name'), one.name] : [name, one.name],
      accepted,
    )
    if (!best || best.name === given) continue
    const modified = ({ name, eov }: NearName) =>
      modifier === '' ? { name, eov } : { name: `${name} ${modifier}`, eov: null }
    const { name: suggested, eov } = modified(best)
    found.push({
      variable: one.name,
      given,
      suggested,
      eov,
      alternatives: others.slice(0, 2).map(modified),
      likeness: best.likeness,
    })
  }
  return found
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, mostProposals)
    .map(({ likeness: _, ...proposal }) => proposal)
}

function givenName(one: VariableMetadata): { name: string; modifier: string } {
  return partsOfName(attribute(one, 'standard_name'))
}

function isFlag(one: VariableMetadata): boolean {
  return (
    /(^|_)(qc|flag|flags|quality)(_|$)/i.test(one.name) ||
    /status_flag|quality_flag/.test(attribute(one, 'standard_name'))
  )
}

function platform(given: string, of: string, { categoryOfL06Label }: Vocabularies): Remedy {
  const [best] = [...categoryOfL06Label.keys()]
    .map((label) => ({ label, likeness: likenessOf(given, label.replace(/\s+/g, '_')) }))
    .filter(({ likeness }) => likeness >= 0.5)
    .sort((a, b) => b.likeness - a.likeness)
  return remedyOf('SET_PLATFORM', of, {
    given,
    suggested: best?.label ?? null,
    vocabulary: 'https://vocab.nerc.ac.uk/collection/L06/current/',
  })
}

function subsetOf(metadata: DatasetMetadata | null): string[] {
  if (!metadata || (metadata.globals.get('subsetVariables') ?? '').trim() !== '') return []
  const roles = metadata.variables.filter((one) => attribute(one, 'cf_role') !== '').map(({ name }) => name)
  const there = new Set(metadata.variables.map(({ name }) => name))
  return roles.length === 0 ? [] : [...roles, ...['latitude', 'longitude'].filter((name) => there.has(name))]
}

function attribute(one: VariableMetadata, name: string): string {
  return one.attributes.get(name)?.trim() ?? ''
}
