import type { CopyColumn, CopyValue } from '../database/port.ts'
import { isStorableKey, limits } from '../rules/limits.ts'

/**
 * The check of one cell of a run folder: what it becomes in the stage, or why it is refused. Cells arrive as text;
 * an empty cell is NULL.
 */
export class CellFault {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

export type CheckedCell = CopyValue | CellFault
export type CellCheck = (text: string) => CheckedCell

export interface CheckedColumn extends CopyColumn {
  check: CellCheck
}

const mustNotBeEmpty = new CellFault('must not be empty')
const holdsNul = new CellFault('holds a NUL character')
const notANumber = new CellFault('is not a number')
const notWhole = new CellFault('is not a whole number')
const notATime = new CellFault('is not a time like 2020-01-31T00:00:00Z')
const notAList = new CellFault('is not a JSON list of texts')
const notAnId = new CellFault('is not a UUID')
const notAUrl = new CellFault('is not a URL')
const tooLongForAKey = new CellFault(`is longer than the ${limits.keyBytes} bytes that a key can have`)

const decimalPattern = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/
/** A whole number, also as some programs write one: `12.0`. */
const wholePattern = /^([+-]?\d{1,16})(\.0*)?$/
const timePattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const checkText: CellCheck = (text) => (text === '' ? null : text.includes('\0') ? holdsNul : text)

const checkKey: CellCheck = (text) => (isStorableKey(text) ? checkText(text) : tooLongForAKey)

const checkUrl: CellCheck = (text) => (/^https?:\/\/[^\s/]/.test(text) ? checkKey(text) : notAUrl)

function checkDecimal(least: number, most: number): CellCheck {
  const outside = new CellFault(`is outside of ${least} to ${most}`)
  return (text) => {
    if (text === '') return null
    if (!decimalPattern.test(text)) return notANumber
    const value = Number(text)
    return value >= least && value <= most ? text : outside
  }
}

function checkWhole(least: number, most: number): CellCheck {
  const outside = new CellFault(`is outside of ${least} to ${most}`)
  return (text) => {
    if (text === '') return null
    const match = wholePattern.exec(text)
    if (!match) return notWhole
    const value = Number(match[1])
    return value >= least && value <= most ? match[1]! : outside
  }
}

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** ISO 8601; without a zone it is UTC. */
const checkTime: CellCheck = (text) => {
  if (text === '') return null
  const match = timePattern.exec(text)
  if (!match) return notATime
  const year = Number(match[1])
  const month = Number(match[2])
  const day = Number(match[3])
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysOfMonth[month - 1]! + leap) return notATime
  if (Number(match[4] ?? 0) > 23 || Number(match[5] ?? 0) > 59 || Number(match[6] ?? 0) > 59) return notATime
  return match[8] === undefined ? `${text}Z` : text
}

const checkList: CellCheck = (text) => {
  if (text === '') return null
  try {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) return notAList
    return list.some((item) => item.includes('\0')) ? holdsNul : (list as string[])
  } catch {
    return notAList
  }
}

const checkUuid: CellCheck = (text) => (text === '' ? null : uuidPattern.test(text) ? text : notAnId)

function checkChoice(...choices: string[]): CellCheck {
  const fault = new CellFault(`is none of ${choices.join(', ')}`)
  return (text) => (text === '' ? null : choices.includes(text) ? text : fault)
}

function required(check: CellCheck): CellCheck {
  return (text) => (text === '' ? mustNotBeEmpty : check(text))
}

const text = (name: string): CheckedColumn => ({ name, type: 'text', check: checkText })
const url = (name: string): CheckedColumn => ({ name, type: 'text', check: required(checkUrl) })
const key = (name: string): CheckedColumn => ({ name, type: 'text', check: required(checkKey) })
const id = (name: string): CheckedColumn => ({ name, type: 'text', check: checkKey })
const list = (name: string): CheckedColumn => ({ name, type: 'text[]', check: checkList })
const time = (name: string): CheckedColumn => ({ name, type: 'timestamptz', check: checkTime })
const whole = (name: string, most: number = limits.integer): CheckedColumn => ({
  name,
  type: most > limits.integer ? 'bigint' : 'int',
  check: checkWhole(0, most),
})
const decimal = (name: string, least: number, most: number): CheckedColumn => ({
  name,
  type: 'float8',
  check: checkDecimal(least, most),
})
const needed = (column: CheckedColumn): CheckedColumn => ({ ...column, check: required(column.check) })

const position = [
  needed(decimal('latitude', -limits.latitude, limits.latitude)),
  needed(decimal('longitude', -limits.longitude, limits.longitude)),
]
const depths = [
  decimal('depth_min', limits.shallowestMetres, limits.deepestMetres),
  decimal('depth_max', limits.shallowestMetres, limits.deepestMetres),
]

/** The columns of each file that is loaded, with the type and the check of their cells. */
export const checkedColumns = {
  datasets: [
    url('erddap_url'),
    key('dataset_id'),
    text('cdm_data_type'),
    text('platform'),
    list('eovs'),
    list('organizations'),
    whole('n_profiles'),
    list('profile_variables'),
    text('timeseries_id_variable'),
    text('profile_id_variable'),
    text('trajectory_id_variable'),
    whole('num_columns'),
    text('first_eov_column'),
    { name: 'source_type', type: 'text', check: checkChoice('erddap', 'obis') },
    text('ckan_id'),
    text('title'),
    text('title_fr'),
    list('obis_nodes'),
    text('content_hash'),
    text('content_hash_reason'),
    time('last_updated_at'),
    time('verified_at'),
  ],
  profiles: [
    url('erddap_url'),
    key('dataset_id'),
    id('timeseries_id'),
    id('profile_id'),
    ...position,
    ...depths,
    needed(time('time_min')),
    needed(time('time_max')),
    whole('n_records', limits.records),
    decimal('records_per_day', 0, Number.MAX_VALUE),
    whole('n_profiles', limits.records),
  ],
  obis_cells: [
    key('dataset_id'),
    ...position,
    list('scientific_names'),
    whole('n_records', limits.records),
    time('time_min'),
    time('time_max'),
    decimal('depth_min', -Number.MAX_VALUE, Number.MAX_VALUE),
    decimal('depth_max', -Number.MAX_VALUE, Number.MAX_VALUE),
  ],
  ckan: [
    url('erddap_url'),
    key('dataset_id'),
    text('ckan_id'),
    list('ckan_organizations'),
    text('ckan_title'),
    text('title_fr'),
  ],
  skipped: [url('erddap_url'), key('dataset_id'), key('reason_code')],
  verified: [url('erddap_url'), key('dataset_id'), needed(time('verified_at'))],
  harvest_runs: [
    { name: 'run_id', type: 'uuid', check: required(checkUuid) },
    time('started_at'),
    time('finished_at'),
    text('git_sha'),
    { name: 'status', type: 'text', check: required(checkChoice('running', 'ok', 'failed')) },
    text('error_message'),
    text('prefect_flow_run_id'),
    { name: 'scope', type: 'text', check: checkChoice('full', 'single') },
    text('triggered_source'),
    text('triggered_by'),
  ],
  harvest_attempts: [
    { name: 'run_id', type: 'uuid', check: required(checkUuid) },
    url('erddap_url'),
    key('dataset_id'),
    { name: 'source', type: 'text', check: checkChoice('erddap', 'obis') },
    { name: 'status', type: 'text', check: required(checkChoice('success', 'skipped', 'error')) },
    text('reason_code'),
    text('error_message'),
    whole('duration_ms'),
    time('attempted_at'),
    text('query_urls'),
  ],
} as const satisfies Record<string, readonly CheckedColumn[]>

export type LoadedFile = keyof typeof checkedColumns
