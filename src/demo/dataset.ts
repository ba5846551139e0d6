/**
 * What the look-alike ERDDAP serves, held in memory: datasets with typed variables, attributes, rows that may be
 * generated as they are read, and source files with a time and a size.
 */

/** ERDDAP's names of the types that the look-alike knows. */
export type ColumnType = 'String' | 'double' | 'float' | 'long' | 'int' | 'short' | 'byte'

/** Text of a String column ('' is missing), otherwise a number (NaN is missing; time is in epoch seconds). */
export type Cell = string | number
export type Row = readonly Cell[]

export interface Attribute {
  name: string
  type: ColumnType
  /** As `/info` shows it: several numbers are separated by comma and blank. */
  value: string
}

export interface DemoVariable {
  name: string
  type: ColumnType
  attributes: Attribute[]
}

export interface SourceFile {
  /** Path below the dataset's folder. */
  name: string
  /** Epoch milliseconds. */
  lastModified: number
  /** Bytes. */
  size: number
}

export interface DemoDataset {
  id: string
  /** The Java class that `allDatasets` names. */
  erddapClass: string
  globals: Attribute[]
  variables: DemoVariable[]
  /** Called for every answer that is not cached; may generate. Cells are in the order of `variables`. */
  rows: () => Iterable<Row>
  /**
   * A variable by which the rows come sorted (ignoring case) with equal values side by side. Answers that sort by it
   * first are then made group by group, so that millions of rows need no memory.
   */
  sortedBy?: string
  /** Absent: the owner does not publish the source files. */
  files?: SourceFile[]
  /** `manifest`, as 2.31 answers, or `files`, as some versions before did. @default manifest, where there are files */
  croissant?: 'manifest' | 'files'
  /** Private: not listed, 401 when asked. */
  private?: boolean
  /** Answer metadata, but redirect data to this address (without extension) of another ERDDAP. */
  origin?: string
  /** Answer data requests (not metadata) with this error of ERDDAP's. */
  failsWith?: { status: number; sentence: string }
  /** Listed, but unknown when asked: it went away between the two, or the server is reading it anew. */
  gone?: boolean
  /**
   * Its server reads new and changed files by itself (`updateEveryNMillis`): listing and data follow at once, the
   * table of `subsetVariables` only when the whole dataset is read anew.
   */
  updates?: boolean
  /** A file type of several dimensions: time and depth have no rows in common but through a variable with data. */
  multidimensional?: boolean
  /**
   * The data of another dataset, answered by this server itself and not by a redirect: it asks the origin the same
   * question and applies the function once more to what it gets.
   */
  mirrors?: () => DemoDataset
}

export function attributeOf(attributes: readonly Attribute[], name: string): string | undefined {
  return attributes.find((attribute) => attribute.name === name)?.value
}

/** Replaces an attribute, adds it where the dataset lacks it, or removes it (`undefined`). */
export function setAttribute(
  attributes: Attribute[],
  name: string,
  value: string | undefined,
  type: ColumnType = 'String',
): void {
  const at = attributes.findIndex((attribute) => attribute.name === name)
  if (value === undefined) {
    if (at >= 0) attributes.splice(at, 1)
  } else if (at >= 0) attributes[at] = { name, type: attributes[at]?.type ?? type, value }
  else {
    attributes.push({ name, type, value })
    sortAttributes(attributes)
  }
}

/** ERDDAP lists attributes by name, ignoring case. */
export function sortAttributes(attributes: Attribute[]): Attribute[] {
  return attributes.sort((a, b) => compareIgnoringCase(a.name, b.name))
}

/** Whether a variable holds times: its values are shown in ISO form. */
export function isTime(variable: DemoVariable): boolean {
  return variable.type !== 'String' && (attributeOf(variable.attributes, 'units') ?? '').includes(' since ')
}

/** ERDDAP's order of text: ignoring case first, then by code unit. */
export function compareIgnoringCase(a: string, b: string): number {
  if (a === b) return 0
  const lowerA = a.toLowerCase()
  const lowerB = b.toLowerCase()
  if (lowerA !== lowerB) return lowerA < lowerB ? -1 : 1
  return a < b ? -1 : 1
}

/** ERDDAP's order of values: missing numbers last. */
export function compareCells(a: Cell, b: Cell): number {
  if (typeof a === 'string' || typeof b === 'string') return compareIgnoringCase(String(a), String(b))
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1
  if (Number.isNaN(b)) return -1
  return a - b
}

export function isMissing(cell: Cell): boolean {
  return typeof cell === 'string' ? cell === '' : Number.isNaN(cell)
}
