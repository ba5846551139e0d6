/** The datasets of a look-alike ERDDAP: as they are, and as the server has read them. */

import type { ServerState } from './answers.ts'
import type { Attribute, Cell, DemoDataset, Row, SourceFile } from './dataset.ts'
import { setAttribute } from './dataset.ts'
import { keptAnswers } from './delivery.ts'

/** `unknown`: right after a start even the list is; a number: so many datasets are known by now. */
export type StartPhase = 'unknown' | 'ready' | number

/** What a test changes of the datasets while the server runs. */
export interface ContentsControl {
  dataset: (id: string) => DemoDataset
  addDataset: (dataset: DemoDataset) => void
  removeDataset: (id: string) => void
  /**
   * Inserts into the data and touches the (last) source file: the manifest shows it at once, and so do the data, since
   * a file that is known is read as it is; the listing and the metadata stay as they were.
   */
  insertRow: (id: string, row: readonly Cell[], at?: number) => void
  /** Rewrites the (last) source file, so that the data are these; as `insertRow` otherwise. */
  rewriteFile: (id: string, rows: () => Iterable<Row>, name?: string, growth?: number) => void
  touchFile: (id: string, name?: string, lastModified?: number) => void
  /** A new source file: in the manifest at once, in the listing and in the data once the dataset is read anew. */
  addFile: (id: string, file: SourceFile, rows?: readonly Row[]) => void
  /** `undefined` removes the attribute; the variable `NC_GLOBAL` means the dataset. */
  setAttribute: (id: string, variable: string, name: string, value: string | undefined) => void
  setTitle: (id: string, title: string) => void
  /** Lets the server read the dataset anew: files listing, data, the table of `subsetVariables` and Croissant follow. */
  reread: (id: string) => void
  /** The server begins to read the dataset anew: until `reread` it is listed and unknown. */
  startReading: (id: string) => void
  setPhase: (phase: StartPhase) => void
}

export interface Contents {
  readonly datasets: Map<string, DemoDataset>
  readonly filesRead: Map<string, readonly SourceFile[]>
  readonly rowsRead: Map<string, () => Iterable<Row>>
  /** Rows of files that the server has not read yet. */
  readonly unread: Map<string, Row[]>
  readonly changed: Map<string, number>
  readonly kept: ReturnType<typeof keptAnswers>
  readonly now: () => number
  phase: StartPhase
}

export function contentsOf(
  datasets: Iterable<DemoDataset>,
  { keepBytes, now }: { keepBytes: number; now: () => number },
): Contents {
  const contents: Contents = {
    datasets: new Map(),
    filesRead: new Map(),
    rowsRead: new Map(),
    unread: new Map(),
    changed: new Map(),
    kept: keptAnswers(keepBytes),
    now,
    phase: 'ready',
  }
  for (const dataset of datasets) add(contents, dataset)
  return contents
}

/** What answers are made of. */
export function knownOf(
  contents: Contents,
): Omit<ServerState, 'publisher' | 'version' | 'legacy' | 'escapes'> {
  const { datasets, filesRead, rowsRead, changed, now } = contents
  return {
    knowsList: contents.phase !== 'unknown',
    find: (id) => {
      if (typeof contents.phase !== 'number') return datasets.get(id)
      for (const dataset of listed(contents)) if (dataset.id === id) return dataset
      return undefined
    },
    listed: () => listed(contents),
    filesWhenRead: (dataset) => filesRead.get(dataset.id),
    rowsWhenRead: (dataset) => (rowsRead.get(dataset.id) ?? dataset.rows)(),
    changedAt: (dataset) => changed.get(dataset.id) ?? now(),
  }
}

function* listed({ datasets, phase }: Contents): Generator<DemoDataset> {
  let left = typeof phase === 'number' ? phase : Number.POSITIVE_INFINITY
  for (const dataset of datasets.values()) {
    if (left-- <= 0) return
    if (dataset.private !== true) yield dataset
  }
}

export function controlContents(contents: Contents): ContentsControl {
  const changes = (id: string) => changing(contents, id)
  return {
    dataset: (id) => datasetOf(contents, id),
    addDataset: (dataset) => add(contents, dataset),
    removeDataset: (id) => {
      changes(id)
      contents.datasets.delete(id)
    },
    insertRow: (id, row, at = 0) => {
      const dataset = changes(id)
      const before = [...dataset.rows()]
      const after = [...before.slice(0, at), row, ...before.slice(at)]
      rewrite(contents, dataset, () => after, undefined, rowBytes)
    },
    rewriteFile: (id, rows, name, growth) => rewrite(contents, changes(id), rows, name, growth),
    touchFile: (id, name, lastModified) => {
      const dataset = changes(id)
      touch(dataset, name, lastModified ?? contents.now())
      if (dataset.updates === true) readFiles(contents, dataset)
    },
    addFile: (id, file, rows = []) => {
      const dataset = changes(id)
      dataset.files = [...(dataset.files ?? []), file]
      contents.unread.set(id, [...(contents.unread.get(id) ?? []), ...rows])
      if (dataset.updates === true) readFiles(contents, dataset)
    },
    setAttribute: (id, variable, name, value) => changeAttribute(changes(id), variable, name, value),
    setTitle: (id, title) => changeAttribute(changes(id), 'NC_GLOBAL', 'title', title),
    reread: (id) => {
      const dataset = changes(id)
      dataset.gone = false
      read(contents, dataset)
    },
    startReading: (id) => {
      changes(id).gone = true
    },
    setPhase: (next) => {
      contents.phase = next
      contents.kept.clear()
    },
  }
}

/** Touches a source file of every so many datasets, and reads it anew. */
export function touchEvery(contents: Contents, every: number): void {
  let at = 0
  for (const dataset of contents.datasets.values())
    if (at++ % every === 0) {
      touch(changing(contents, dataset.id), undefined, contents.now())
      read(contents, dataset)
    }
}

function add(contents: Contents, dataset: DemoDataset): void {
  contents.datasets.set(dataset.id, dataset)
  contents.kept.drop(dataset.id)
  read(contents, dataset)
}

function datasetOf({ datasets }: Contents, id: string): DemoDataset {
  const dataset = datasets.get(id)
  if (dataset === undefined) throw new Error(`The look-alike ERDDAP has no dataset ${id}.`)
  return dataset
}

/** A dataset that is about to change. */
function changing(contents: Contents, id: string): DemoDataset {
  const dataset = datasetOf(contents, id)
  contents.changed.set(id, contents.now())
  contents.kept.drop(id)
  return dataset
}

function read(contents: Contents, dataset: DemoDataset): void {
  readFiles(contents, dataset)
  contents.rowsRead.set(dataset.id, dataset.rows)
}

function readFiles({ filesRead, unread }: Contents, dataset: DemoDataset): void {
  if (dataset.files !== undefined) filesRead.set(dataset.id, [...dataset.files])
  const rows = unread.get(dataset.id)
  if (rows !== undefined && rows.length > 0) {
    const before = dataset.rows
    dataset.rows = function* () {
      yield* before()
      yield* rows
    }
  }
  unread.delete(dataset.id)
}

function rewrite(
  contents: Contents,
  dataset: DemoDataset,
  rows: () => Iterable<Row>,
  name?: string,
  growth?: number,
): void {
  dataset.rows = rows
  touch(dataset, name, contents.now(), growth)
  if (dataset.updates === true) readFiles(contents, dataset)
}

function changeAttribute(
  dataset: DemoDataset,
  variable: string,
  name: string,
  value: string | undefined,
): void {
  const changed = (attributes: readonly Attribute[]) => {
    const copy = [...attributes]
    setAttribute(copy, name, value)
    return copy
  }
  if (variable === 'NC_GLOBAL') dataset.globals = changed(dataset.globals)
  else if (dataset.variables.some((one) => one.name === variable))
    dataset.variables = dataset.variables.map((one) =>
      one.name === variable ? { ...one, attributes: changed(one.attributes) } : one,
    )
  else throw new Error(`Dataset ${dataset.id} of the look-alike ERDDAP has no variable ${variable}.`)
}

/** What a line of a source file is taken to weigh. */
const rowBytes = 40

function touch(dataset: DemoDataset, name: string | undefined, lastModified: number, growth = 0): void {
  const { files } = dataset
  if (files === undefined) return
  const at = name === undefined ? files.length - 1 : files.findIndex((file) => file.name === name)
  const file = files[at]
  if (file === undefined)
    throw new Error(`Dataset ${dataset.id} of the look-alike ERDDAP has no file ${name}.`)
  // A time that is already taken would hide the change.
  files[at] = {
    ...file,
    lastModified: Math.max(lastModified, file.lastModified + 1),
    size: file.size + growth,
  }
}
