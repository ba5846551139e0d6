/** What the sources of the fault matrix serve: before a harvest that goes well, and after, when it is disturbed. */
import type { DemoDataset, Row } from '../../src/demo/dataset.ts'
import { setAttribute } from '../../src/demo/dataset.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'

/** `before`: what the index holds when a cell begins. `after`: what it must hold in the end. */
export const contents = ['before', 'after'] as const
export type Content = (typeof contents)[number]

const common = 22
const added = 4

/** Of `after` every third dataset has another title and one row more, and there are new ones; none has gone. */
export function datasetsOf(content: Content): DemoDataset[] {
  const all = [...scaleDatasets({ kind: 'mixed', datasets: common + added })]
  if (content === 'before') return all.slice(0, common)
  return all.map((dataset, at) => (at < common && at % 3 === 0 ? changed(dataset) : dataset))
}

function changed(dataset: DemoDataset): DemoDataset {
  const globals = [...dataset.globals]
  setAttribute(globals, 'title', `Another title of ${dataset.id}`)
  const first = [...dataset.rows()][0] as Row
  // Another station or cast: the first text cells are the ids.
  const more: Row = first.map((cell) => (typeof cell === 'string' ? `${cell}-new` : cell))
  const { files = [] } = dataset
  return {
    id: dataset.id,
    erddapClass: dataset.erddapClass,
    globals,
    variables: dataset.variables,
    rows: function* () {
      yield* dataset.rows()
      yield more
    },
    files: files.map((file) => ({
      ...file,
      lastModified: file.lastModified + 86_400_000,
      size: file.size + 1,
    })),
  }
}

/** A record for every second dataset; `after` calls them otherwise. */
export function recordsOf(content: Content, erddapUrl: string): unknown[] {
  return datasetsOf(content)
    .filter((_, at) => at % 2 === 0)
    .map(({ id }) => ({
      id: `record-${id}`,
      title: `erddap ${content} ${id}`,
      title_translated: { en: `Record ${content} of ${id}`, fr: `Notice ${content} de ${id}` },
      resources: [{ url: `${erddapUrl}/tabledap/${id}.html` }],
      'cited-responsible-party': [{ 'organisation-name': `Institute ${content}`, role: 'owner' }],
    }))
}
