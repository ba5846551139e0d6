/** What is said once of a column: the type of its values, of its SQL, the check of its cells, its part in a merge. */

import { limits } from '../rules/limits.ts'
import {
  type CellCheck,
  checkChoice,
  checkDecimal,
  checkKey,
  checkLines,
  checkList,
  checkText,
  checkTime,
  checkUrl,
  checkUuid,
  checkWhole,
  required,
} from './cell-check.ts'

/** A cell before it is written: text as it is, numbers without padding, times as `…Z`, lists as JSON, null as empty. */
export type Cell = string | number | boolean | Date | readonly string[] | null

/** The part of a column when a folder is merged into the index. */
export const mergeRoles = {
  key: 'names the source and the dataset',
  identity: 'names the row within its dataset, and never changes',
  place: 'compared; a row that differs has moved, and gets its point and hexagons anew',
  data: 'compared, and written where it differs',
  counted: 'like data, but counted from the rows of the folder; what the file says is only held against it',
  catalogue: 'like data while the catalogue is known; else what the database has stays',
  seen: 'when the dataset was last seen: decides which of two harvests is the newer',
  changed: 'set by the loader when something else differs',
  audit: 'of a run and its attempts: written once',
} as const
export type MergeRole = keyof typeof mergeRoles

export type SqlType = 'text' | 'text[]' | 'int' | 'bigint' | 'float8' | 'timestamptz' | 'uuid'

export interface Column<Value extends Cell = Cell, Role extends MergeRole = MergeRole> {
  readonly type: SqlType
  readonly check: CellCheck
  readonly role: Role
  /** One sentence for whoever reads the file or the table. */
  readonly meaning: string
  /** Whether a cell may be empty. */
  readonly needed: boolean
  /** Only in types: what the column's values are. */
  readonly value?: Value
}

type Text = string | null

function made<Value extends Cell>(type: SqlType, check: CellCheck) {
  return <Role extends MergeRole>(role: Role, meaning: string): Column<Value, Role> => ({
    type,
    check,
    role,
    meaning,
    needed: false,
  })
}

export const text = made<Text>('text', checkText)
/** Part of an index: no longer than a key may be. */
export const id = made<Text>('text', checkKey)
export const url = made<Text>('text', checkUrl)
/** Lines on the map as WKT. */
export const lines = made<Text>('text', checkLines(limits.longitude, limits.latitude))
export const list = made<readonly string[] | null>('text[]', checkList)
export const time = made<Date | null>('timestamptz', checkTime)
export const uuid = made<Text>('uuid', checkUuid)
export const count = made<number | null>('int', checkWhole(0, limits.integer))
export const bigCount = made<number | null>('bigint', checkWhole(0, limits.records))
export const decimal = (least: number, most: number) =>
  made<number | null>('float8', checkDecimal(least, most))
export const choice = <const Choice extends string>(...choices: Choice[]) =>
  made<Choice | null>('text', checkChoice(...choices))

/** The same column where no cell may be empty. */
export function needed<Value extends Cell, Role extends MergeRole>(
  column: Column<Value, Role>,
): Column<NonNullable<Value>, Role> {
  return { ...column, check: required(column.check), needed: true } as Column<NonNullable<Value>, Role>
}
