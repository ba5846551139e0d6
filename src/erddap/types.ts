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

/** A table answer: names of the columns as sent, and the rows, decoded, as they arrive. */
export interface ErddapTable {
  columns: readonly string[]
  rows: AsyncIterable<readonly string[]>
}
