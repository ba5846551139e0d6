/** What an ERDDAP says, as typed values. The client makes them, the rules read them. */

/** One row of `allDatasets`. Text is decoded; what the server does not say is the empty string. */
export interface ListedDataset {
  datasetId: string
  cdmDataType: string
  title: string
  institution: string
  /** Address of the dataset's source files, or '' where the owner does not publish them. */
  files: string
  minTime: string
  maxTime: string
  /** The whole row by column name, for change detection. */
  row: Readonly<Record<string, string>>
}

export interface VariableMetadata {
  name: string
  /** ERDDAP's type: `String`, `double`, `float`, `int`, … */
  dataType: string
  attributes: ReadonlyMap<string, string>
}

/** What `/info/ID/index.csv` says of a dataset. */
export interface DatasetMetadata {
  datasetId: string
  globals: ReadonlyMap<string, string>
  /** In dataset order. */
  variables: readonly VariableMetadata[]
}

/**
 * A table answer: names of the columns as sent, and the rows, decoded, as they arrive. It can be read once, by
 * `rows` or by `batches`; a long one holds its host's slot until it was read to the end, left or cancelled. A cell
 * that is kept may keep its piece of the answer (64 kB) in memory: whoever keeps few of many copies them.
 */
export interface ErddapTable {
  columns: readonly string[]
  rows: AsyncIterable<readonly string[]>
  /** The same rows as they came together, which is several times faster to loop over. Absent in hand-made tables. */
  batches?: AsyncIterable<readonly (readonly string[])[]>
  /** Where the answer came from: for a federated dataset an address of its origin. */
  url?: string
  /** Ends the request if the rows are not wanted. */
  cancel?: () => void
}

/** A source file of a dataset, as the server states it: name and values are compared, never interpreted. */
export interface SourceFile {
  name: string
  /** Milliseconds since 1970, or a time, or ''. */
  lastModified: string
  /** Bytes, or ''. */
  size: string
  /** A folder of a files listing: its files are asked by its name. */
  isFolder: boolean
  /** Below the dataset's folder, where the name is more than that. */
  path?: string
}

/** An answer on source files. `why` is the server's sentence. */
export type SourceFiles =
  | { kind: 'files'; files: readonly SourceFile[]; url: string }
  | { kind: 'not-accessible' | 'unsupported'; why: string }
