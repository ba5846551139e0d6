/** From a decoded path to ERDDAP's answer: which page, which table, which refusal. */

import { createHash } from 'node:crypto'
import type { DemoDataset, Row, SourceFile } from './dataset.ts'
import type { Table } from './format.ts'
import { isTableFormat, tableFormats, writeTable } from './format.ts'
import type { Answer } from './hostile.ts'
import type { Publisher } from './metadata.ts'
import {
  allDatasetsOf,
  croissant,
  croissantText,
  filesTable,
  infoIndexTable,
  infoTable,
  manifestTable,
  rss,
} from './metadata.ts'
import { percentDecode, Refusal, readQuery } from './query.ts'
import { answerMirrored, answerQuery } from './table.ts'

/** What the server knows at the moment of a request. */
export interface ServerState {
  publisher: Publisher
  /** As `/version_string` says it. */
  version: string
  /** Answers and lacks what servers before 2.x did: HTML error pages with status 500, no orderByCount. */
  legacy: boolean
  escapes: boolean
  find: (id: string) => DemoDataset | undefined
  listed: () => Iterable<DemoDataset>
  /** False while the server starts. */
  knowsList: boolean
  /** The source files as the server saw them when it last read the dataset. */
  filesWhenRead: (dataset: DemoDataset) => readonly SourceFile[] | undefined
  /** The rows as they were then. */
  rowsWhenRead: (dataset: DemoDataset) => Iterable<Row>
  changedAt: (dataset: DemoDataset) => number
}

/** An answer with the dataset whose revision it depends on; absent where it must not be kept. */
export interface RoutedAnswer extends Answer {
  keepFor?: DemoDataset
}

const datasetPage = /^\/(tabledap|info|files|rss)\/(.+)$/

/**
 * @param path below the base path, still percent-encoded, with its leading slash
 * @throws {Refusal}
 */
export function route(state: ServerState, path: string, rawQuery: string): RoutedAnswer {
  const decoded = percentDecode(path).replace(/^\/(fr|en|es|de)(?=\/)/, '')
  if (decoded === '/index.html') return plain('text/html;charset=UTF-8', '<html><body>ERDDAP</body></html>\n')
  if (decoded === '/version')
    return version(state, `ERDDAP_version=${state.version.split('.').slice(0, 2).join('.')}\n`)
  if (decoded === '/version_string') return version(state, `ERDDAP_version_string=${state.version}\n`)
  const [, kind, rest = ''] = datasetPage.exec(decoded) ?? []
  switch (kind) {
    case 'tabledap':
      return tabledap(state, rest, rawQuery)
    case 'info':
      return info(state, rest, rawQuery)
    case 'files':
      return files(state, rest)
    case 'rss': {
      const dataset = known(state, rest.replace(/\.rss$/, ''))
      return plain(
        'application/rss+xml;charset=UTF-8',
        rss(dataset, state.changedAt(dataset), state.publisher),
      )
    }
    default:
      throw new Refusal(404, "The first subdirectory or file in the request URL doesn't exist.")
  }
}

function version(state: ServerState, text: string): RoutedAnswer {
  // `/version` came with 1.22, `/version_string` with 2.
  const isOld = Number.parseFloat(state.version) < (text.includes('_string') ? 2 : 1.22)
  if (isOld) throw new Refusal(404, "The first subdirectory or file in the request URL doesn't exist.")
  return plain('text/plain;charset=UTF-8', text)
}

function plain(type: string, text: string): RoutedAnswer {
  return { status: 200, headers: { 'Content-Type': type }, body: [text] }
}

/** Headers of answers that ERDDAP makes in its OPeNDAP part. */
export function dapHeaders(state: ServerState): Record<string, string> {
  return {
    'Last-Modified': new Date(state.publisher.now).toUTCString(),
    'xdods-server': 'dods/3.7',
    'erddap-server': state.version,
  }
}

function known(state: ServerState, id: string): DemoDataset {
  if (!state.knowsList) throw new Refusal(404, `Currently unknown datasetID=${id}`)
  if (id === 'allDatasets') return allDatasetsOf(state.listed, state.publisher)
  const dataset = state.find(id)
  if (dataset === undefined || dataset.gone === true)
    throw new Refusal(404, `Currently unknown datasetID=${id}`)
  if (dataset.private === true)
    throw new Refusal(401, `loggedInAs=null isn't authorized to access datasetID=${id}.`)
  // Generated attributes are made anew at each look: one look serves the whole request.
  return { ...dataset }
}

function attachment(
  table: Table,
  format: keyof typeof tableFormats,
  fileName: string,
  state: ServerState,
): RoutedAnswer {
  return {
    status: 200,
    headers: {
      'Content-Disposition': `attachment;filename=${fileName}${tableFormats[format].extension}`,
      'Content-Type': charsetOf(tableFormats[format].type, state),
    },
    body: writeTable(table, format, { escapes: state.escapes }),
  }
}

/** Servers that do not escape say UTF-8, and mean it. */
function charsetOf(type: string, state: ServerState): string {
  return state.escapes ? type : type.replace('ISO-8859-1', 'UTF-8')
}

function tabledap(state: ServerState, rest: string, rawQuery: string): RoutedAnswer {
  if (rest.includes('/')) throw new Refusal(404, "No options after '/' in request URL.")
  const dot = rest.lastIndexOf('.')
  const id = dot < 0 ? rest : rest.slice(0, dot)
  const extension = dot < 0 ? '' : rest.slice(dot)
  const dataset = known(state, id)
  const isCroissant = extension === '.croissant' && !state.legacy
  if (!isTableFormat(extension) && !isCroissant)
    throw new Refusal(400, `Query error: fileType=${extension} isn't supported by this dataset.`)
  if (dataset.origin !== undefined) return redirect(state, dataset.origin + extension, rawQuery)
  const name = `${id}_${digest(rawQuery)}`
  if (isCroissant) {
    const document = croissant(dataset, dataset.files && state.filesWhenRead(dataset), state.publisher)
    return {
      status: 200,
      headers: {
        ...dapHeaders(state),
        'Content-Disposition': `attachment;filename=${name}.jsonld`,
        'Content-Type': charsetOf('application/ld+json;charset=ISO-8859-1', state),
      },
      body: [croissantText(document)],
    }
  }
  if (dataset.failsWith !== undefined) throw new Refusal(dataset.failsWith.status, dataset.failsWith.sentence)
  const query = readQuery(dataset, rawQuery, {
    now: state.publisher.now,
    lacks: state.legacy ? ['orderByCount', 'orderByLimit'] : [],
  })
  const habits = { oneRowForEqualEnds: state.legacy, rowsWhenRead: state.rowsWhenRead }
  const table =
    dataset.mirrors === undefined
      ? answerQuery(dataset, query, habits)
      : answerMirrored(dataset, query, habits)
  const answer = attachment(table, extension as keyof typeof tableFormats, name, state)
  return {
    ...answer,
    headers: { ...dapHeaders(state), ...answer.headers },
    ...(id === 'allDatasets' || rawQuery.includes('now') || dataset.mirrors !== undefined
      ? {}
      : { keepFor: dataset }),
  }
}

/** As seen: commas are encoded, quotes and parentheses are not. */
function redirect(state: ServerState, target: string, rawQuery: string): RoutedAnswer {
  const query = percentDecode(rawQuery).replaceAll(',', '%2C').replaceAll(' ', '%20')
  return {
    status: 302,
    headers: {
      ...dapHeaders(state),
      Location: query === '' ? target : `${target}?${query}`,
      'Content-Length': '0',
    },
    body: [],
  }
}

function digest(query: string): string {
  return createHash('md5')
    .update(query)
    .digest('hex')
    .slice(0, 12)
    .replace(/(.{4})(?=.)/g, '$1_')
}

function info(state: ServerState, rest: string, rawQuery: string): RoutedAnswer {
  const [, id, extension = ''] = /^(?:(.*)\/)?index(\.\w+)$/.exec(rest) ?? []
  if (!isTableFormat(extension))
    throw new Refusal(404, "The first subdirectory or file in the request URL doesn't exist.")
  if (id === undefined) {
    if (!state.knowsList) throw new Refusal(404, 'Currently unknown datasetID=allDatasets')
    const parameters = new URLSearchParams(rawQuery)
    const page = {
      number: Math.max(1, Number(parameters.get('page')) || 1),
      size: Number(parameters.get('itemsPerPage')) || 1000,
    }
    const all = allDatasetsOf(state.listed, state.publisher)
    return metadataTable(infoIndexTable(all, state.listed(), state.publisher, page), extension, 'info', state)
  }
  const dataset = known(state, id)
  return {
    ...metadataTable(infoTable(dataset), extension, `${id}_info`, state),
    ...(id === 'allDatasets' ? {} : { keepFor: dataset }),
  }
}

/** Tables that are not data have no line of units. */
function metadataTable(
  table: Table,
  extension: keyof typeof tableFormats,
  fileName: string,
  state: ServerState,
): RoutedAnswer {
  const answer = attachment(table, extension, fileName, state)
  if (extension === '.csv' || extension === '.tsv') return { ...answer, body: withoutUnits(answer.body) }
  if (extension === '.json')
    return { ...answer, body: [[...answer.body].join('').replace(/^ {4}"columnUnits".*\n/m, '')] }
  return answer
}

function* withoutUnits(pieces: Iterable<string | Buffer>): Generator<string> {
  let isFirst = true
  for (const piece of pieces) {
    const text = String(piece)
    // The heads of these tables hold no line breaks, so the second line is the units.
    yield isFirst ? text.replace(/\n.*\n/, '\n') : text
    isFirst = false
  }
}

function files(state: ServerState, rest: string): RoutedAnswer {
  const isManifest = rest.endsWith('.manifest')
  const [, id = '', folder = ''] = /^([^/]*?)(?:\.manifest|\/(.*\/)?\.csv)$/.exec(rest) ?? []
  if (id === '') throw new Refusal(404, 'File not found.')
  const dataset = known(state, id)
  const current = dataset.files
  if (current === undefined || (isManifest && state.legacy))
    throw new Refusal(404, 'This dataset is not accessible via /files/ .')
  // The manifest looks at the disk, the listing shows what was there when the dataset was last read.
  const table = isManifest
    ? manifestTable(dataset, current, state.publisher)
    : filesTable(state.filesWhenRead(dataset) ?? current, folder)
  if (table === undefined) throw new Refusal(404, 'Directory not found.')
  return metadataTable(table, '.csv', isManifest ? `${id}_manifest` : `${id} Files`, state)
}
