/** Ocean variables (EOV): which of them a dataset has, told by the standard names of its variables. */

import type { DatasetMetadata, VariableMetadata } from '../sources/erddap/types.ts'
import type { Vocabularies } from './vocabularies.ts'

export interface OceanVariablesFound {
  /** Names of the ocean variables, in mapping order. */
  eovs: string[]
  /** The first variable, in dataset order, of the first ocean variable found. */
  firstEovColumn: string | null
  /** The variables of all ocean variables found, in that order. */
  columns: string[]
}

/** A dataset has an ocean variable when any of its variables has one of its standard names. */
export function findOceanVariables(
  metadata: DatasetMetadata,
  { oceanVariables }: Vocabularies,
): OceanVariablesFound {
  const names = new Set(standardNames(metadata))
  const found = oceanVariables.filter((eov) => eov.standardNames.some((name) => names.has(name)))
  const columns = found.flatMap((eov) =>
    metadata.variables.filter((variable) => eov.standardNames.includes(standardName(variable))),
  )
  const variables = columns.map(({ name }) => name)
  return { eovs: found.map(({ name }) => name), firstEovColumn: variables[0] ?? null, columns: variables }
}

/** The distinct standard names of a dataset, in dataset order. */
export function standardNames(metadata: DatasetMetadata): string[] {
  return [...new Set(metadata.variables.map(standardName).filter((name) => name !== ''))]
}

/**
 * Standard names of a dataset that the CF table does not have. A modifier after the name (`… status_flag`) is CF's
 * own way to mark flags and the like, and is not looked at.
 */
export function unknownStandardNames(metadata: DatasetMetadata, { cfNames }: Vocabularies): string[] {
  return [...new Set(standardNames(metadata).map((name) => partsOfName(name).name))].filter(
    (name) => !cfNames.has(name),
  )
}

/**
 * Standard names of a dataset that the CF table has and no ocean variable covers: candidates for the mapping.
 * Coordinates, pressures and names of platforms are none.
 */
export function uncoveredStandardNames(metadata: DatasetMetadata, vocabularies: Vocabularies): string[] {
  const { cfNames, mappedNames } = vocabularies
  return standardNames(metadata).filter(
    (name) => cfNames.has(name) && !mappedNames.has(name) && !isNoCandidate(name),
  )
}

function standardName(variable: VariableMetadata): string {
  return variable.attributes.get('standard_name')?.trim() ?? ''
}

/** What CF lets stand after a standard name: the variable then tells of the quantity, and does not hold it. */
const modifiers: ReadonlySet<string> = new Set([
  'detection_minimum',
  'number_of_observations',
  'standard_error',
  'status_flag',
])

/** A standard name without what is written after it, and that where it is a modifier of CF; else ''. */
export function partsOfName(standardName: string): { name: string; modifier: string } {
  const [name = '', ...rest] = standardName.trim().split(/\s+/)
  const modifier = rest.join(' ')
  return { name, modifier: modifiers.has(modifier) ? modifier : '' }
}

const coordinate =
  /^(time|latitude|longitude|depth|altitude|height|(grid|projection|forecast)_\w+|(height|depth|altitude)_(above|below|at)_\w+|\w+_(latitude|longitude))$/
const pressure = /^(?!.*partial_pressure).*(^|_)pressure(_|$)/
const platform = /^platform_/

function isNoCandidate(name: string): boolean {
  return coordinate.test(name) || pressure.test(name) || platform.test(name)
}
