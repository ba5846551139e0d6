/** What a look-alike ERDDAP says about its datasets: the list, the metadata, the files, the Croissant. */

import type { Attribute, Cell, ColumnType, DemoDataset, DemoVariable, Row, SourceFile } from './dataset.ts'
import { attributeOf, compareIgnoringCase } from './dataset.ts'
import type { Column, Table } from './format.ts'
import { jsonText } from './format.ts'

export interface Publisher {
  /** Address of the server as its answers give it, such as `https://demo.example/erddap`. */
  base: string
  institution: string
  /** Epoch milliseconds. */
  now: number
}

const text = (name: string): Column => ({ name, type: 'String', units: '' })

const listColumns: readonly [name: string, type: ColumnType, units: string][] = [
  ['datasetID', 'String', ''],
  ['accessible', 'String', ''],
  ['institution', 'String', ''],
  ['dataStructure', 'String', ''],
  ['cdm_data_type', 'String', ''],
  ['class', 'String', ''],
  ['title', 'String', ''],
  ['minLongitude', 'double', 'degrees_east'],
  ['maxLongitude', 'double', 'degrees_east'],
  ['longitudeSpacing', 'double', 'degrees_east'],
  ['minLatitude', 'double', 'degrees_north'],
  ['maxLatitude', 'double', 'degrees_north'],
  ['latitudeSpacing', 'double', 'degrees_north'],
  ['minAltitude', 'double', 'm'],
  ['maxAltitude', 'double', 'm'],
  ['minTime', 'double', 'seconds since 1970-01-01T00:00:00Z'],
  ['maxTime', 'double', 'seconds since 1970-01-01T00:00:00Z'],
  ['timeSpacing', 'double', 'seconds'],
  ...'griddap,subset,tabledap,MakeAGraph,sos,wcs,wms,files,fgdc,iso19115,metadata,sourceUrl,infoUrl,rss,email,testOutOfDate'
    .split(',')
    .map((name): [string, ColumnType, string] => [name, 'String', '']),
  ['outOfDate', 'float', ''],
  ['summary', 'String', ''],
]

const listSummary =
  'This dataset is a table which has a row of information for each dataset currently active in this ERDDAP.'
const listTitle = '* The List of All Active Datasets in this ERDDAP *'

/** `allDatasets`, itself a dataset, over those that are listed. */
export function allDatasetsOf(listed: () => Iterable<DemoDataset>, publisher: Publisher): DemoDataset {
  const { base, institution } = publisher
  const ownRow = new Map<string, Cell>(
    Object.entries({
      datasetID: 'allDatasets',
      accessible: 'public',
      institution,
      dataStructure: 'table',
      cdm_data_type: 'Other',
      class: 'EDDTableFromAllDatasets',
      title: listTitle,
      subset: `${base}/tabledap/allDatasets.subset`,
      tabledap: `${base}/tabledap/allDatasets`,
      MakeAGraph: `${base}/tabledap/allDatasets.graph`,
      metadata: `${base}/info/allDatasets/index`,
      sourceUrl: base,
      infoUrl: base,
      rss: `${base}/rss/allDatasets.rss`,
      summary: listSummary,
    }),
  )
  const inOrder = (values: ReadonlyMap<string, Cell>): Row =>
    listColumns.map(([name, type]) => values.get(name) ?? (type === 'String' ? '' : Number.NaN))
  return {
    id: 'allDatasets',
    erddapClass: 'EDDTableFromAllDatasets',
    globals: globalsFrom({
      cdm_data_type: 'Other',
      Conventions: 'COARDS, CF-1.6, ACDD-1.3',
      infoUrl: base,
      institution,
      sourceUrl: base,
      subsetVariables: 'accessible, dataStructure, cdm_data_type, class, institution, testOutOfDate',
      summary: listSummary,
      title: listTitle,
    }),
    variables: listColumns.map(([name, type, units]) => ({
      name,
      type,
      attributes: units === '' ? [] : [{ name: 'units', type: 'String', value: units }],
    })),
    rows: function* () {
      yield inOrder(ownRow)
      for (const dataset of byTitle(listed())) yield inOrder(listRow(dataset, publisher))
    },
  }
}

function globalsFrom(values: Record<string, string>): Attribute[] {
  return Object.entries(values).map(([name, value]) => ({ name, type: 'String', value }))
}

function titleOf(dataset: DemoDataset): string {
  return attributeOf(dataset.globals, 'title') ?? ''
}

function byTitle(datasets: Iterable<DemoDataset>): DemoDataset[] {
  return [...datasets]
    .map((dataset) => ({ dataset, title: titleOf(dataset) }))
    .sort((a, b) => compareIgnoringCase(a.title, b.title))
    .map(({ dataset }) => dataset)
}

function rangeOf(variables: readonly DemoVariable[], name: string): [number, number] {
  const variable = variables.find((one) => one.name === name)
  const range = variable === undefined ? undefined : attributeOf(variable.attributes, 'actual_range')
  const [low = Number.NaN, high = Number.NaN] = (range ?? '').split(',').map((part) => {
    const trimmed = part.trim()
    if (trimmed === '') return Number.NaN
    // Some owners write times as text; the list shows them all the same.
    return /^\d{4}-/.test(trimmed) ? Date.parse(trimmed) / 1000 : Number(trimmed)
  })
  return [low, high]
}

function listRow(dataset: DemoDataset, { base, institution, now }: Publisher): Map<string, Cell> {
  // Generated metadata is made anew at each look.
  const { id, globals, variables, files } = dataset
  const [west, east] = rangeOf(variables, 'longitude')
  const [south, north] = rangeOf(variables, 'latitude')
  const [start, end] = rangeOf(variables, 'time')
  const hasDepth = variables.some(({ name }) => name === 'depth')
  const vertical = rangeOf(variables, hasDepth ? 'depth' : 'altitude')
  const isPlaced = ['longitude', 'latitude'].every((name) => variables.some((one) => one.name === name))
  const testOutOfDate = attributeOf(globals, 'testOutOfDate') ?? ''
  const allowedDays = Number(/^now-(\d+)days?$/.exec(testOutOfDate)?.[1] ?? Number.NaN)
  const values: Record<string, Cell> = {
    datasetID: id,
    accessible: dataset.private === true ? 'no' : 'public',
    institution: attributeOf(globals, 'institution') ?? institution,
    dataStructure: 'table',
    cdm_data_type: attributeOf(globals, 'cdm_data_type') ?? '',
    class: dataset.erddapClass,
    title: attributeOf(globals, 'title') ?? '',
    minLongitude: west,
    maxLongitude: east,
    minLatitude: south,
    maxLatitude: north,
    // Seen on the wire: depths negated, but not swapped.
    minAltitude: hasDepth ? -vertical[0] : vertical[0],
    maxAltitude: hasDepth ? -vertical[1] : vertical[1],
    minTime: Math.floor(start),
    maxTime: Math.floor(end),
    subset: attributeOf(globals, 'subsetVariables') !== undefined ? `${base}/tabledap/${id}.subset` : '',
    tabledap: `${base}/tabledap/${id}`,
    MakeAGraph: `${base}/tabledap/${id}.graph`,
    files: files === undefined ? '' : `${base}/files/${id}/`,
    fgdc: isPlaced ? `${base}/metadata/fgdc/xml/${id}_fgdc.xml` : '',
    iso19115: isPlaced ? `${base}/metadata/iso19115/xml/${id}_iso19115.xml` : '',
    metadata: `${base}/info/${id}/index`,
    sourceUrl: attributeOf(globals, 'sourceUrl') ?? '',
    infoUrl: attributeOf(globals, 'infoUrl') ?? '',
    rss: `${base}/rss/${id}.rss`,
    testOutOfDate,
    outOfDate: (now / 1000 - end) / (allowedDays * 86_400),
    summary: attributeOf(globals, 'summary') ?? '',
  }
  return new Map(Object.entries(values))
}

function hasSubset(dataset: DemoDataset): boolean {
  return attributeOf(dataset.globals, 'subsetVariables') !== undefined
}

/** `/info/ID/index`. */
export function infoTable(dataset: DemoDataset): Table {
  return {
    columns: ['Row Type', 'Variable Name', 'Attribute Name', 'Data Type', 'Value'].map(text),
    rows: infoRows(dataset),
  }
}

function* infoRows(dataset: DemoDataset): Generator<Row> {
  for (const { name, type, value } of dataset.globals) yield ['attribute', 'NC_GLOBAL', name, type, value]
  for (const variable of dataset.variables) {
    yield ['variable', variable.name, '', variable.type, '']
    for (const { name, type, value } of variable.attributes)
      yield ['attribute', variable.name, name, type, value]
  }
}

/** `/info/index`: a page of datasets with their summaries. */
export function infoIndexTable(
  all: DemoDataset,
  listed: Iterable<DemoDataset>,
  { base }: Publisher,
  page: { number: number; size: number },
): Table {
  const names =
    'griddap,Subset,tabledap,Make A Graph,wms,files,Title,Summary,FGDC,ISO 19115,Info,Background Info,RSS,Institution,Dataset ID'
  const datasets = [all, ...byTitle(listed)].slice((page.number - 1) * page.size, page.number * page.size)
  const rows = datasets.map((dataset): Row => {
    const { id, globals } = dataset
    const isPlaced = ['longitude', 'latitude'].every((name) =>
      dataset.variables.some((one) => one.name === name),
    )
    return [
      '',
      hasSubset(dataset) ? `${base}/tabledap/${id}.subset` : '',
      `${base}/tabledap/${id}`,
      `${base}/tabledap/${id}.graph`,
      '',
      dataset.files === undefined ? '' : `${base}/files/${id}/`,
      titleOf(dataset),
      indexSummary(dataset),
      isPlaced ? `${base}/metadata/fgdc/xml/${id}_fgdc.xml` : '',
      isPlaced ? `${base}/metadata/iso19115/xml/${id}_iso19115.xml` : '',
      `${base}/info/${id}/index.csv`,
      attributeOf(globals, 'infoUrl') ?? '',
      id === 'allDatasets' ? '' : `${base}/rss/${id}.rss`,
      attributeOf(globals, 'institution') ?? '',
      id,
    ]
  })
  return { columns: names.split(',').map(text), rows }
}

function indexSummary(dataset: DemoDataset): string {
  const shown = dataset.variables.slice(0, 26).map((variable) => {
    const longName = attributeOf(variable.attributes, 'long_name') ?? ''
    const plain = (name: string) => name.toLowerCase().replaceAll('_', ' ')
    const units = attributeOf(variable.attributes, 'units') ?? ''
    const notes = [plain(longName) === plain(variable.name) ? '' : longName, units === '1' ? '1' : units]
    const note = notes.filter((part) => part !== '').join(', ')
    return `${variable.name}${note === '' ? '' : ` (${note})`}\n`
  })
  const more = dataset.variables.length - shown.length
  if (more > 0) shown.push(`... (${more} more variables)\n`)
  const type = attributeOf(dataset.globals, 'cdm_data_type') ?? ''
  return `${attributeOf(dataset.globals, 'summary') ?? ''}\n\ncdm_data_type = ${type}\nVARIABLES:\n${shown.join('')}`
}

/** `/files/ID.manifest`; the first two columns hold what a real 2.31 puts there, whatever their names say. */
export function manifestTable(
  dataset: DemoDataset,
  files: readonly SourceFile[],
  { base }: Publisher,
): Table {
  return {
    columns: [
      text('directory'),
      text('name'),
      { name: 'lastModified', type: 'long', units: '' },
      { name: 'size', type: 'long', units: '' },
    ],
    rows: files.map(({ name, lastModified, size }) => [
      name,
      `${base}/files/${dataset.id}/${name}`,
      lastModified,
      size,
    ]),
  }
}

/**
 * `/files/ID/.csv`, or of a folder below (`2020/`): its files, and its folders without time and size.
 * Undefined where there is no such folder.
 */
export function filesTable(files: readonly SourceFile[], folder: string): Table | undefined {
  const rows = new Map<string, Row>()
  for (const { name, lastModified, size } of files) {
    if (!name.startsWith(folder)) continue
    const [first = '', ...below] = name.slice(folder.length).split('/')
    if (below.length === 0) rows.set(first, [first, lastModified, size, ''])
    else rows.set(`${first}/`, [`${first}/`, Number.NaN, Number.NaN, ''])
  }
  if (rows.size === 0 && folder !== '') return undefined
  return {
    columns: [
      text('Name'),
      { name: 'Last modified', type: 'long', units: '' },
      { name: 'Size', type: 'long', units: '' },
      text('Description'),
    ],
    rows: rows.values(),
  }
}

const croissantTypes: Record<ColumnType, string> = {
  String: 'sc:Text',
  double: 'cr:Float64',
  float: 'cr:Float32',
  long: 'cr:Int64',
  int: 'cr:Int32',
  short: 'cr:Int16',
  byte: 'cr:Int8',
}

/** `/tabledap/ID.croissant`, without the parts that describe the variables a second time. */
export function croissant(
  dataset: DemoDataset,
  files: readonly SourceFile[] | undefined,
  publisher: Publisher,
) {
  const { base, institution } = publisher
  const longNameOf = (variable: DemoVariable) =>
    attributeOf(variable.attributes, 'long_name') ?? variable.name
  const manifest = [
    {
      '@type': 'cr:FileObject',
      '@id': 'manifest',
      name: 'manifest',
      description: 'Manifest file containing the list of all data files.',
      contentUrl: `${base}/files/${dataset.id}.manifest`,
      encodingFormat: 'text/csv',
    },
    {
      '@type': 'cr:FileSet',
      '@id': 'files',
      name: 'files',
      description: 'The set of data files.',
      containedIn: { '@id': 'manifest' },
      encodingFormat: '*/*',
      includes: '*',
    },
  ]
  const listed = (files ?? []).map(({ name, lastModified, size }) => ({
    '@type': 'cr:FileObject',
    '@id': name,
    name,
    contentUrl: `${base}/files/${dataset.id}/${name}`,
    contentSize: String(size),
    dateModified: new Date(lastModified).toISOString(),
    encodingFormat: 'text/csv',
  }))
  return {
    '@context': { '@language': 'en', '@vocab': 'https://schema.org/', cr: 'http://mlcommons.org/croissant/' },
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name: titleOf(dataset),
    headline: dataset.id,
    ...(files === undefined
      ? {}
      : { isLiveDataset: true, distribution: dataset.croissant === 'files' ? listed : manifest }),
    recordSet: [
      {
        '@type': 'cr:RecordSet',
        '@id': 'default',
        name: 'default',
        field: dataset.variables.map((variable) => ({
          '@type': 'cr:Field',
          '@id': `default/${variable.name}`,
          description: longNameOf(variable),
          dataType: croissantTypes[variable.type],
          source: { fileSet: { '@id': 'files' }, extract: { column: variable.name } },
        })),
      },
    ],
    url: `${base}/tabledap/${dataset.id}.html`,
    includedInDataCatalog: {
      '@type': 'DataCatalog',
      name: `ERDDAP Data Server at ${institution}`,
      sameAs: base,
    },
    license: attributeOf(dataset.globals, 'license') ?? '',
  }
}

export function croissantText(document: object): string {
  return `${JSON.stringify(document, null, 2).replace(/[\u007f-\uffff]/g, (character) => jsonText(character).slice(1, -1))}\n`
}

/** `/rss/ID.rss`. */
export function rss(dataset: DemoDataset, changedAt: number, { base }: Publisher): string {
  const safe = (value: string) =>
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const date = new Date(changedAt)
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns="http://backend.userland.com/rss2">
  <channel>
    <title>ERDDAP: ${safe(titleOf(dataset))}</title>
    <description>This RSS feed changes when the dataset changes.</description>
    <link>${base}/tabledap/${dataset.id}.html</link>
    <pubDate>${date.toUTCString()}</pubDate>
    <item>
      <title>This dataset changed ${date.toISOString().slice(0, 19)}Z</title>
      <link>${base}/tabledap/${dataset.id}.html</link>
      <description>Previously, this dataset was (temporarily?) not available.  Perhaps ERDDAP was just restarted.</description>
    </item>
  </channel>
</rss>
`
}
