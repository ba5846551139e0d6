/** The metadata of a dataset: from the rows of `/info` to typed values. */

import { HarvesterError } from '../../errors.ts'
import type { DatasetMetadata, ErddapTable, VariableMetadata } from './types.ts'

interface Draft extends VariableMetadata {
  attributes: Map<string, string>
}

/** @throws ERDDAP_BAD_METADATA if there is no attribute and no variable */
export async function readMetadata(
  datasetId: string,
  url: string,
  table: ErddapTable | null,
): Promise<DatasetMetadata> {
  const globals = new Map<string, string>()
  const variables = new Map<string, Draft>()
  if (table) {
    const [type, variable, attribute, dataType, value] = [
      'Row Type',
      'Variable Name',
      'Attribute Name',
      'Data Type',
      'Value',
    ].map((name) => table.columns.indexOf(name)) as [number, number, number, number, number]
    const variableOf = (name: string, kind: string) => {
      let found = variables.get(name)
      if (!found) {
        found = { name, dataType: kind, attributes: new Map() }
        variables.set(name, found)
      }
      return found
    }
    for await (const row of table.rows) {
      const name = row[variable]!
      if (row[type] === 'attribute') {
        if (name === 'NC_GLOBAL') globals.set(row[attribute]!, row[value]!)
        else variableOf(name, '').attributes.set(row[attribute]!, row[value]!)
      } else if (row[type] === 'variable' || row[type] === 'dimension') {
        const known = variableOf(name, row[dataType]!)
        if (known.dataType === '') known.dataType = row[dataType]!
      }
    }
  }
  if (globals.size === 0 && variables.size === 0)
    throw new HarvesterError('ERDDAP_BAD_METADATA', `GET ${url}: the metadata of ${datasetId} is empty`, {
      facts: { url, datasetId },
    })
  return { datasetId, globals, variables: [...variables.values()] }
}
