/**
 * A second reading of the specification: what every table must hold, computed from the rows and attributes of a
 * dataset, and from nothing that the harvester is made of. It asks no server, so it knows what the truth is; it is
 * written for clearness, and slow.
 */
import { readFileSync } from 'node:fs'
import type { Attribute, DemoDataset, DemoVariable, Row } from '../../src/demo/dataset.ts'

export interface ServedErddap {
  /** As configured, without trailing slash. */
  url: string
  datasets: readonly DemoDataset[]
  /** Servers before 2.x have no orderByCount. */
  countsRecords: boolean
  /** Datasets whose data are on another server that has none. */
  countedElsewhere?: readonly string[]
  /** Limit of the harvest. */
  datasetIds?: readonly string[]
  skipList?: readonly string[]
}

export interface ExpectedAttempt {
  status: 'success' | 'skipped' | 'error'
  reason: string
  /** What the message must name. */
  names: readonly string[]
}

export type Cells = Record<string, string>

export interface Expected {
  attempts: Map<string, ExpectedAttempt>
  datasets: Cells[]
  profiles: Cells[]
  ckan: Cells[]
  skipped: Cells[]
}

const vocabulary = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../config/vocabularies/${name}.json`, import.meta.url), 'utf8'))
const oceanVariables: { name: string; standardNames: string[] }[] =
  vocabulary('ocean-variables').oceanVariables
const platforms: {
  l06: { code: string; label: string; category: string }[]
  ioos: { label: string; code: string }[]
} = vocabulary('platforms')

const daySeconds = 86_400

/** @param now epoch milliseconds of the start of the run */
export function expectHarvest(
  servers: readonly ServedErddap[],
  ckanRecords: readonly unknown[] | null,
  now: number,
): Expected {
  const expected: Expected = { attempts: new Map(), datasets: [], profiles: [], ckan: [], skipped: [] }
  for (const server of servers) {
    const listed = server.datasets.filter((dataset) => dataset.private !== true)
    const catalogue =
      ckanRecords === null
        ? new Map<string, CkanEntry>()
        : joined(
            ckanRecords,
            server.url,
            listed.map(({ id }) => id),
          )
    for (const dataset of listed) {
      if (server.datasetIds !== undefined && !server.datasetIds.includes(dataset.id)) continue
      const outcome = expectDataset(server, dataset, now)
      attempt(server.url, dataset.id, outcome.attempt)
      if (outcome.attempt.status !== 'success') continue
      const entry = catalogue.get(dataset.id)
      expected.profiles.push(...outcome.profiles)
      expected.datasets.push(datasetRecord(server, dataset, outcome.profiles.length, entry))
      if (entry !== undefined)
        expected.ckan.push({
          erddap_url: server.url,
          dataset_id: dataset.id,
          ckan_id: entry.id,
          ckan_organizations: JSON.stringify(entry.organizations),
          ckan_title: entry.title,
          title_fr: entry.titleFr,
        })
    }
    for (const id of server.datasetIds ?? [])
      if (!listed.some((dataset) => dataset.id === id))
        attempt(server.url, id, { status: 'error', reason: 'NOT_LISTED', names: [] })
  }
  const keyed = (columns: string[]) => (a: Cells, b: Cells) => {
    for (const column of columns) {
      const order = byCodePoint(a[column] ?? '', b[column] ?? '')
      if (order !== 0) return order
    }
    return 0
  }
  const key = ['erddap_url', 'dataset_id']
  expected.datasets.sort(keyed(key))
  expected.ckan.sort(keyed(key))
  expected.skipped.sort(keyed(key))
  expected.profiles.sort(keyed([...key, 'timeseries_id', 'profile_id']))
  return expected

  function attempt(url: string, id: string, what: ExpectedAttempt): void {
    expected.attempts.set(`${url} ${id}`, what)
    if (what.status !== 'success')
      expected.skipped.push({ erddap_url: url, dataset_id: id, reason_code: what.reason })
  }
}

export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'))
}

// Section 2: decisions, in their order

const neededRole: Record<string, string> = {
  TimeSeries: 'timeseries_id',
  Profile: 'profile_id',
  TimeSeriesProfile: 'timeseries_id',
}

function expectDataset(
  server: ServedErddap,
  dataset: DemoDataset,
  now: number,
): { attempt: ExpectedAttempt; profiles: Cells[] } {
  const type = globalOf(dataset, 'cdm_data_type')
  const skip = (reason: string, ...names: string[]) => ({
    attempt: { status: 'skipped' as const, reason, names },
    profiles: [],
  })
  const fail = (reason: string, ...names: string[]) => ({
    attempt: { status: 'error' as const, reason, names },
    profiles: [],
  })
  if (!Object.hasOwn(neededRole, type)) return skip('CDM_DATA_TYPE_UNSUPPORTED', type)
  if (server.skipList?.includes(dataset.id) === true) return skip('ON_SKIP_LIST')
  if (dataset.gone === true) return fail('NOT_FOUND', dataset.id)
  if (globalOf(dataset, 'cde_ingest').toLowerCase() === 'false') return skip('INGEST_FLAG_FALSE')
  const missing = ['time', 'latitude', 'longitude'].filter((name) => variableOf(dataset, name) === undefined)
  if (missing.length > 0) return skip('MISSING_REQUIRED_VARS', ...missing)
  const standardNames = dataset.variables
    .map((one) => attributeOf(one.attributes, 'standard_name'))
    .filter((name) => name !== '')
  if (!oceanVariables.some((ocean) => ocean.standardNames.some((name) => standardNames.includes(name))))
    return skip('NO_SUPPORTED_VARIABLES', ...standardNames)
  if (variableOf(dataset, 'depth') !== undefined && variableOf(dataset, 'altitude') !== undefined)
    return skip('DEPTH_AND_ALTITUDE')
  if (roleVariable(dataset, neededRole[type] ?? '') === undefined) return skip('MISSING_CF_ROLE')
  if (dataset.failsWith !== undefined) return fail('HTTP_ERROR', dataset.failsWith.sentence)
  if ([...dataset.rows()].length === 0 && promisesRows(dataset)) return fail('CONTRADICTORY_ANSWERS')
  const profiles = expectProfiles(server, dataset, type, now)
  return profiles.length === 0
    ? skip('NO_PROFILES_FOUND')
    : { attempt: { status: 'success', reason: '', names: [] }, profiles }
}

/** Whether metadata (and the list, which is made of them) give an extent of time or place. */
function promisesRows(dataset: DemoDataset): boolean {
  return ['time', 'latitude', 'longitude'].some((name) => {
    const range = rangeParts(attributeOf(variableOf(dataset, name)?.attributes ?? [], 'actual_range'))
    return range?.some((end) => numeric.test(end) || /^\d{4}-/.test(end)) === true
  })
}

function attributeOf(attributes: readonly Attribute[], name: string): string {
  return attributes.find((attribute) => attribute.name === name)?.value ?? ''
}

function globalOf(dataset: DemoDataset, name: string): string {
  return attributeOf(dataset.globals, name)
}

function variableOf(dataset: DemoDataset, name: string): DemoVariable | undefined {
  return dataset.variables.find((one) => one.name === name)
}

function withRole(dataset: DemoDataset): DemoVariable[] {
  return dataset.variables.filter((one) => attributeOf(one.attributes, 'cf_role') !== '')
}

/** The last, if a role repeats. */
function roleVariable(dataset: DemoDataset, role: string): DemoVariable | undefined {
  return dataset.variables.filter((one) => attributeOf(one.attributes, 'cf_role') === role).at(-1)
}

// Section 3: the dataset record

function datasetRecord(
  server: ServedErddap,
  dataset: DemoDataset,
  profileCount: number,
  entry: CkanEntry | undefined,
): Cells {
  const found = oceanVariables.filter(({ standardNames }) =>
    dataset.variables.some((one) => standardNames.includes(attributeOf(one.attributes, 'standard_name'))),
  )
  const first = dataset.variables.find((one) =>
    found[0]?.standardNames.includes(attributeOf(one.attributes, 'standard_name')),
  )
  const own = organizationsOf(dataset)
  const organizations = entry !== undefined && entry.organizations.length > 0 ? entry.organizations : own
  return {
    erddap_url: server.url,
    dataset_id: dataset.id,
    cdm_data_type: globalOf(dataset, 'cdm_data_type'),
    platform: platformOf(dataset),
    eovs: JSON.stringify(found.map(({ name }) => name)),
    organizations: JSON.stringify(organizations),
    n_profiles: String(profileCount),
    profile_variables: JSON.stringify(
      withRole(dataset)
        .map(({ name }) => name)
        .sort(byCodePoint),
    ),
    timeseries_id_variable: roleVariable(dataset, 'timeseries_id')?.name ?? '',
    profile_id_variable: roleVariable(dataset, 'profile_id')?.name ?? '',
    trajectory_id_variable: roleVariable(dataset, 'trajectory_id')?.name ?? '',
    num_columns: String(dataset.variables.length),
    first_eov_column: first?.name ?? '',
    source_type: 'erddap',
    ckan_id: entry?.id ?? '',
    title: entry?.title || tidy(globalOf(dataset, 'title')) || dataset.id,
    title_fr: entry?.titleFr ?? '',
    obis_nodes: '[]',
    content_hash: '',
    content_hash_reason: 'HASH_NO_FILE_LIST',
    last_updated_at: '',
  }
}

function platformOf(dataset: DemoDataset): string {
  const label = globalOf(dataset, 'platform')
  const terms = globalOf(dataset, 'platform_vocabulary')
  const categoryOf = (code: string | undefined) =>
    platforms.l06.find((one) => one.code === code)?.category ?? 'unknown'
  if (terms.includes('ioos')) return categoryOf(platforms.ioos.find((one) => one.label === label)?.code)
  if (terms.includes('L06'))
    return categoryOf(platforms.l06.find((one) => one.label.toLowerCase() === label.toLowerCase())?.code)
  return 'unknown'
}

function organizationsOf(dataset: DemoDataset): string[] {
  const names = [globalOf(dataset, 'institution')]
  for (const role of ['publisher', 'creator', 'contributor']) {
    if (!['group', 'institution'].includes(globalOf(dataset, `${role}_type`))) continue
    const name = globalOf(dataset, `${role}_name`)
    names.push(tidy(name) === '' ? globalOf(dataset, role) : name)
  }
  return unique(names.map(tidy))
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== '')
}

/** Owners write escapes by hand: one pass over a few of them, then single blanks. */
function tidy(text: string): string {
  return text
    .replace(/\\u([0-9a-fA-F]{4})|\\([nrt])/g, (_, code?: string, letter?: string) =>
      code === undefined ? (letter === 't' ? '\t' : '\n') : String.fromCharCode(Number.parseInt(code, 16)),
    )
    .replace(/\s+/g, ' ')
    .trim()
}

// CKAN

interface CkanEntry {
  id: string
  title: string
  titleFr: string
  organizations: string[]
}

function joined(
  records: readonly unknown[],
  serverUrl: string,
  listed: readonly string[],
): Map<string, CkanEntry> {
  const server = new URL(serverUrl)
  const entries = new Map<string, CkanEntry>()
  const good = records
    .filter((record) => typeof (record as { id?: unknown } | null)?.id === 'string')
    .map((record) => record as Record<string, unknown> & { id: string })
    .sort((a, b) => byCodePoint(a.id, b.id))
  for (const record of good) {
    const resources = Array.isArray(record.resources) ? record.resources : []
    for (const resource of resources) {
      const address = (resource as { url?: unknown } | null)?.url
      if (typeof address !== 'string') continue
      const parts = /^https?:\/\/([^/]+)(\/.*)$/i.exec(address)
      if (parts === null || parts[1]?.toLowerCase() !== server.host.toLowerCase()) continue
      const place = /^(.*\/erddap)(?:\/fr)?\/tabledap\/(.*)$/.exec(parts[2] ?? '')
      if (place === null || place[1] !== server.pathname.replace(/\/+$/, '')) continue
      const rest = place[2] ?? ''
      const id = listed
        .filter((one) => rest === one || ['.', '?', '/', '#'].some((end) => rest.startsWith(one + end)))
        .sort((a, b) => b.length - a.length)[0]
      if (id === undefined || entries.has(id)) continue
      const titles = record.title_translated as { en?: string; fr?: string } | undefined
      const parties = record['cited-responsible-party']
      entries.set(id, {
        id: record.id,
        title: tidy(titles?.en ?? ''),
        titleFr: tidy(titles?.fr ?? ''),
        organizations: unique(
          (Array.isArray(parties) ? parties : []).map((party: Record<string, string>) =>
            tidy(party['organisation-name'] ?? ''),
          ),
        ),
      })
    }
  }
  return entries
}

// Section 4: profiles

interface Span {
  low: number
  high: number
}

interface Station {
  timeseries: string
  profile: string
  latitude: number
  longitude: number
}

function expectProfiles(server: ServedErddap, dataset: DemoDataset, type: string, now: number): Cells[] {
  const rows = [...dataset.rows()]
  const at = (name: string) => dataset.variables.findIndex((one) => one.name === name)
  const timeseries = roleVariable(dataset, 'timeseries_id')
  const profile = roleVariable(dataset, 'profile_id')
  const identity = (type === 'Profile' ? [profile, timeseries] : [timeseries]).filter(
    (one) => one !== undefined,
  )
  // A number that is missing is no id, but an empty one.
  const shown = (row: Row, one: DemoVariable) => {
    const cell = row[dataset.variables.indexOf(one)] ?? ''
    return Number.isNaN(cell) ? '' : shownCell(cell, one)
  }
  const keyOf = (row: Row) => JSON.stringify(identity.map((one) => shown(row, one)))
  const vertical = ['depth', 'altitude'].find((name) => at(name) >= 0)

  const groups = new Map<string, Row[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  const isSingle = groups.size === 1

  // As the server sorts a distinct(): by the ids, then by latitude and longitude.
  const sortedBy = [...new Set([timeseries, type === 'TimeSeries' ? undefined : profile])]
    .filter((one) => one !== undefined)
    .map(({ name }) => at(name))
    .concat(at('latitude'), at('longitude'))
  const placed = rows
    .filter((row) => ['latitude', 'longitude'].every((name) => Number.isFinite(row[at(name)])))
    .sort((a, b) => {
      for (const column of sortedBy) {
        const order = serverOrder(a[column] ?? '', b[column] ?? '')
        if (order !== 0) return order
      }
      return 0
    })
  const stations = new Map<string, Station>()
  for (const row of placed) {
    const key = keyOf(row)
    const station = stations.get(key) ?? {
      timeseries: timeseries === undefined ? '' : shown(row, timeseries),
      profile: type === 'Profile' && profile !== undefined ? shown(row, profile) : '',
      latitude: Number(row[at('latitude')]),
      longitude: normalised(Number(row[at('longitude')])),
    }
    stations.set(key, station)
  }

  const result: Cells[] = []
  for (const [key, station] of stations) {
    const group = groups.get(key) ?? []
    const attribute = (name: string) =>
      isSingle ? attributeOf(variableOf(dataset, name)?.attributes ?? [], 'actual_range') : ''
    const time = timeRange(attribute('time'), now) ?? spanOf(group, at('time'), Math.floor)
    if (time === undefined) continue
    const upright =
      vertical === undefined
        ? undefined
        : (numberRange(attribute(vertical)) ?? spanOf(group, at(vertical), (value) => value))
    const depth =
      upright === undefined
        ? { low: 0, high: 0 }
        : vertical === 'altitude'
          ? { low: -upright.high, high: -upright.low }
          : upright
    if (isBad(station, depth, time)) continue

    const days = Math.floor((time.high - time.low) / daySeconds)
    // A trajectory role never counts.
    const counted = ['timeseries_id', 'profile_id']
      .flatMap((role) => roleVariable(dataset, role)?.name ?? [])
      // Casts are what their counts are grouped by.
      .filter((name) => type !== 'TimeSeriesProfile' || name !== profile?.name)
      .concat('time', vertical ?? 'time')
      .filter((name) => !identity.some((one) => one.name === name))
    const count = (some: readonly Row[]) =>
      Math.max(0, ...counted.map((name) => some.filter((row) => !isMissing(row[at(name)])).length))
    const resolution = isSingle ? durationSeconds(globalOf(dataset, 'time_coverage_resolution')) : undefined
    // Undefined where the server cannot say.
    let records: number | undefined
    if (resolution !== undefined) {
      const perDay = daySeconds / resolution
      records = days >= 1 ? days * perDay : Math.max(1, ((time.high - time.low) / daySeconds) * perDay)
    } else if (
      server.countsRecords &&
      server.countedElsewhere?.includes(dataset.id) !== true &&
      counted.length > 0
    ) {
      records = count(group)
      // A count of nothing, of what has times, is none.
      if (records === 0) records = undefined
      if (isSingle && time.high - time.low >= 30 * daySeconds) {
        const start = Math.floor(time.low)
        const window = group.filter(
          (row) => Number(row[at('time')]) >= start && Number(row[at('time')]) <= start + 30 * daySeconds,
        )
        if (window.length > 0) records = (count(window) * days) / 30
      }
    }
    result.push({
      erddap_url: server.url,
      dataset_id: dataset.id,
      timeseries_id: station.timeseries,
      profile_id: station.profile,
      latitude: decimals(station.latitude),
      longitude: decimals(station.longitude),
      depth_min: decimals(depth.low),
      depth_max: decimals(depth.high),
      time_min: isoSeconds(time.low),
      time_max: isoSeconds(time.high),
      n_records: records === undefined ? '' : String(Math.round(records)),
      records_per_day: records === undefined ? '' : decimals(records / Math.max(1, days)),
      n_profiles:
        type === 'Profile'
          ? '1'
          : type === 'TimeSeriesProfile' && profile !== undefined
            ? String(castsOf(group, profile))
            : '',
    })
  }
  return result

  /** A row without a profile id is part of no cast. */
  function castsOf(group: readonly Row[], one: DemoVariable): number {
    const named = group.filter((row) => !isMissing(row[dataset.variables.indexOf(one)]))
    return new Set(named.map((row) => shown(row, one))).size
  }
}

function isBad(station: Station, depth: Span, time: Span): boolean {
  return (
    Math.abs(station.latitude) > 85.06 ||
    Math.abs(station.longitude) > 180 ||
    // What would be written as the antimeridian is the antimeridian.
    Math.abs(Number(decimals(station.longitude))) === 180 ||
    depth.high > 15_000 ||
    depth.low < -100 ||
    time.low > time.high
  )
}

function normalised(longitude: number): number {
  return longitude > 180 && longitude <= 360 ? longitude - 360 : longitude
}

function isMissing(cell: unknown): boolean {
  return cell === '' || cell === undefined || (typeof cell === 'number' && Number.isNaN(cell))
}

function spanOf(rows: readonly Row[], at: number, read: (value: number) => number): Span | undefined {
  let span: Span | undefined
  for (const row of rows) {
    if (isMissing(row[at])) continue
    const value = read(Number(row[at]))
    span =
      span === undefined
        ? { low: value, high: value }
        : { low: Math.min(span.low, value), high: Math.max(span.high, value) }
  }
  return span
}

function rangeParts(value: string): [string, string] | undefined {
  const parts = value.split(',').map((part) => part.trim())
  return parts.length === 2 && parts.every((part) => part !== '') ? (parts as [string, string]) : undefined
}

const numeric = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

function numberRange(value: string): Span | undefined {
  const parts = rangeParts(value)
  if (parts === undefined || !parts.every((part) => numeric.test(part))) return undefined
  return { low: Number(parts[0]), high: Number(parts[1]) }
}

function timeRange(value: string, now: number): Span | undefined {
  const parts = rangeParts(value)
  if (parts === undefined) return undefined
  const read = (text: string) => {
    if (numeric.test(text)) return Number(text)
    if (text.toLowerCase() === 'nan') return Number.NaN
    const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)Z?)?$/.exec(text)
    return iso === null ? undefined : Date.parse(`${iso[1]}T${iso[2] ?? '00:00'}Z`) / 1000
  }
  const [low, high] = parts.map(read)
  if (low === undefined || high === undefined || Number.isNaN(low)) return undefined
  return { low, high: Number.isNaN(high) ? Math.floor(now / 1000) : high }
}

/** ISO 8601: years and months by their mean length. Undefined where it is no duration, zero or negative. */
function durationSeconds(text: string): number | undefined {
  const form =
    /^P(?=.)([\d.,]+Y)?([\d.,]+M)?([\d.,]+W)?([\d.,]+D)?(T(?=.)([\d.,]+H)?([\d.,]+M)?([\d.,]+S)?)?$/
  const parts = form.exec(text.trim())
  if (parts === null) return undefined
  const size = [
    365.2425 * daySeconds,
    (365.2425 / 12) * daySeconds,
    7 * daySeconds,
    daySeconds,
    0,
    3600,
    60,
    1,
  ]
  let total = 0
  for (const [place, unit] of size.entries()) {
    const part = parts[place + 1]
    if (part !== undefined && unit > 0) total += Number(part.slice(0, -1).replace(',', '.')) * unit
  }
  return total > 0 ? total : undefined
}

/** The order of a server: missing numbers last, text ignoring case, then by code unit. */
function serverOrder(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    return a - b
  }
  const [x, y] = [String(a).toLowerCase(), String(b).toLowerCase()]
  if (x !== y) return x < y ? -1 : 1
  return a === b ? 0 : String(a) < String(b) ? -1 : 1
}

/** An id as the server shows it. */
function shownCell(cell: string | number, one: DemoVariable): string {
  if (typeof cell === 'string') return cell
  if (attributeOf(one.attributes, 'units').includes(' since '))
    return Number.isNaN(cell) ? '' : isoSeconds(cell)
  if (Number.isNaN(cell)) return 'NaN'
  return one.type === 'double' && Number.isInteger(cell) ? `${cell}.0` : String(cell)
}

/** Halves go away from zero, judged by the digits that a reader sees. */
function decimals(value: number): string {
  const size = Math.abs(value)
  if (size < 1e-5) return '0'
  const rounded = Number(`${Math.round(Number(`${size}e4`))}e-4`)
  return String(rounded === 0 ? 0 : Math.sign(value) * rounded)
}

function isoSeconds(seconds: number): string {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`
}
