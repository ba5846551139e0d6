import type { Database, QueryOptions } from '../../database/port.ts'

export interface ObisNodeRow {
  node: string
  n_datasets: number
  n_cells: number
}

const sql = `
SELECT node, count(*)::int AS n_datasets, coalesce(sum(n_profiles), 0)::int AS n_cells
FROM cde.datasets CROSS JOIN LATERAL unnest(obis_nodes) AS node
WHERE source_type = 'obis'
GROUP BY node
ORDER BY n_datasets DESC, node`

/** The OBIS nodes of the indexed datasets, those with the most datasets first. A dataset may be of several nodes. */
export async function obisNodes(database: Database, options?: QueryOptions): Promise<ObisNodeRow[]> {
  const { rows } = await database.query<ObisNodeRow>(sql, [], options)
  return rows
}
