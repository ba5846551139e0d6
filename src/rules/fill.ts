/** Values that stand for "missing", as the metadata of a variable name them. */

import type { DatasetMetadata } from '../sources/erddap/types.ts'
import { parseNumber } from './numbers.ts'

/** The numbers of `_FillValue` and `missing_value` of a variable, in its unit; NaN is none of them. */
export function fillValues(metadata: DatasetMetadata, variable: string): number[] {
  const attributes = metadata.variables.find(({ name }) => name === variable)?.attributes
  const texts = ['_FillValue', 'missing_value'].flatMap((name) => attributes?.get(name)?.split(',') ?? [])
  return [...new Set(texts.map(parseNumber).filter((value) => value !== null))]
}
