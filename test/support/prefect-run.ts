/** What Prefect's pages show of a run. */
import type { PrefectBackend } from '../../src/runs/index.ts'

/** The graph as the UI draws it: `label STATE after parents`, by label. */
export async function graphOf({ client }: PrefectBackend, id: string): Promise<string[]> {
  const { data } = await client.normal.GET('/flow_runs/{id}/graph-v2', { params: { path: { id } } })
  const nodes = (data?.nodes ?? []) as [
    string,
    { label: string; state_type: string; parents: { id: string }[] },
  ][]
  const labels = new Map(nodes.map(([node, { label }]) => [node, label]))
  return nodes
    .map(
      ([, node]) =>
        // The server names a parent that has two parents of its own twice.
        `${node.label} ${node.state_type} after ${[...new Set(node.parents.map((at) => labels.get(at.id)))].sort().join(', ')}`,
    )
    .sort()
}

/** The first lines of its log. */
export async function logLinesOf({ client }: PrefectBackend, id: string): Promise<string[]> {
  const { data } = await client.normal.POST('/logs/filter', {
    body: {
      logs: { operator: 'and_', flow_run_id: { any_: [id] } },
      sort: 'TIMESTAMP_ASC',
      limit: 200,
      offset: 0,
    },
  })
  return (data ?? []).map((line) => line.message)
}
