/** Answers a tabledap query from the rows of a dataset. */

import type { Cell, DemoDataset, DemoVariable, Row } from './dataset.ts'
import { attributeOf, compareCells, isMissing, isTime } from './dataset.ts'
import type { Column, Table } from './format.ts'
import type { Constraint, Step, TableQuery } from './query.ts'
import { Refusal, shownRange, stepped } from './query.ts'

const noRows = 'Your query produced no matching results.'

export interface AnswerHabits {
  /** Older servers were seen to send one row where minimum and maximum are the same row. */
  oneRowForEqualEnds: boolean
  /** The rows of a dataset as they were when the server last read it. */
  rowsWhenRead?: (dataset: DemoDataset) => Iterable<Row>
}

/**
 * The table that a query asks for. Rows are produced as they are read.
 * @throws {Refusal} 404 with the reason, when no row matches
 */
export function answerQuery(asked: DemoDataset, query: TableQuery, habits: AnswerHabits): Table {
  refuseImpossible(asked, query)
  const dataset = usesSubsetTable(asked, query) ? subsetTable(asked, habits) : asked
  const places = query.variables.map((variable) => dataset.variables.indexOf(variable))
  const rows = ordered(dataset, query, places, habits)
  const iterator = rows[Symbol.iterator]()
  const first = iterator.next()
  if (first.done === true) throw new Refusal(404, `${noRows} (nRows = 0)`)
  return { columns: columnsOf(query), rows: resumed(first.value, iterator) }
}

function* resumed(first: Row, rest: Iterator<Row>): Generator<Row> {
  yield first
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value
}

function columnOf(variable: DemoVariable): Column {
  const units = attributeOf(variable.attributes, 'units') ?? ''
  if (!isTime(variable)) return { name: variable.name, type: variable.type, units }
  const precision = attributeOf(variable.attributes, 'time_precision') ?? ''
  return {
    name: variable.name,
    type: variable.type,
    units: 'UTC',
    time: precision.includes('.') ? 'millis' : 'seconds',
  }
}

function columnsOf(query: TableQuery): Column[] {
  return query.variables.map((variable) =>
    isCounted(query, variable.name)
      ? { name: variable.name, type: 'int', units: 'count' }
      : columnOf(variable),
  )
}

/**
 * What a mirror answers that asks its origin and applies the function of the query to the answer: counts are counted,
 * and what was the count of times is no time.
 * @throws {Refusal} as `answerQuery`; 500 for constraints with `<` or `>`, which it does not encode
 */
export function answerMirrored(dataset: DemoDataset, query: TableQuery, habits: AnswerHabits): Table {
  const origin = dataset.mirrors!()
  if (query.constraints.some(({ operator }) => /[<>]/.test(operator)))
    throw new Refusal(500, 'IllegalArgumentException: Illegal character in query at index 87')
  const inOrigin = (variable: DemoVariable) =>
    origin.variables.find(({ name }) => name === variable.name) ?? variable
  const first = answerQuery(
    origin,
    {
      ...query,
      variables: query.variables.map(inOrigin),
      constraints: query.constraints.map((one) => {
        const variable = inOrigin(one.variable)
        return { ...one, variable, at: origin.variables.indexOf(variable) }
      }),
    },
    habits,
  )
  const counted = first.columns.map(({ name }) => isCounted(query, name))
  const answered: DemoDataset = {
    ...dataset,
    globals: [],
    variables: [...query.variables],
    rows: function* () {
      for (const row of first.rows)
        yield row.map((cell, at) =>
          counted[at] && isTime(query.variables[at] as DemoVariable) ? Number.NaN : cell,
        )
    },
  }
  return answerQuery(answered, { ...query, constraints: [] }, habits)
}

function isCounted({ ordering }: TableQuery, name: string): boolean {
  return ordering?.kind === 'orderByCount' && !ordering.variables.includes(name)
}

function namesUsed(query: TableQuery): string[] {
  return [...query.variables, ...query.constraints.map(({ variable }) => variable)].map(({ name }) => name)
}

function subsetVariables(dataset: DemoDataset): string[] {
  return (attributeOf(dataset.globals, 'subsetVariables') ?? '').split(',').map((name) => name.trim())
}

/** Whether the server need not look at the data: nothing is asked for but what it keeps in its table. */
function usesSubsetTable(dataset: DemoDataset, query: TableQuery): boolean {
  if (dataset.erddapClass === 'EDDTableFromAllDatasets') return false
  const subset = subsetVariables(dataset)
  return namesUsed(query).every((name) => subset.includes(name))
}

/** The table that a server makes of `subsetVariables` when it reads a dataset: each distinct row once. */
function subsetTable(dataset: DemoDataset, { rowsWhenRead }: AnswerHabits): DemoDataset {
  const subset = subsetVariables(dataset)
  const kept = dataset.variables.map(({ name }) => subset.includes(name))
  return {
    ...dataset,
    rows: function* () {
      const seen = new Set<string>()
      for (const row of rowsWhenRead?.(dataset) ?? dataset.rows()) {
        const key = JSON.stringify(row.filter((_, at) => kept[at]))
        if (seen.has(key)) continue
        seen.add(key)
        yield row
      }
    },
  }
}

/** Times and depths of a file with several dimensions meet only where a variable has data of both. */
function refuseDimensions(dataset: DemoDataset, query: TableQuery): void {
  if (dataset.multidimensional !== true) return
  const names = namesUsed(query)
  const dimensions = names.filter((name) => ['time', 'depth', 'altitude'].includes(name))
  const places = ['latitude', 'longitude', ...subsetVariables(dataset)]
  const hasData = names.some((name) => !dimensions.includes(name) && !places.includes(name))
  if (dimensions.length > 1 && !hasData) throw new Refusal(404, `${noRows} (nRows = 0)`)
}

/** What ERDDAP refuses from what it knows of the files, before it reads them. */
function refuseImpossible(dataset: DemoDataset, query: TableQuery): void {
  // Answers from a table in memory are made without a look at the ranges.
  if (dataset.erddapClass === 'EDDTableFromAllDatasets') return
  if (usesSubsetTable(dataset, query)) return
  refuseDimensions(dataset, query)
  for (const constraint of query.constraints) {
    const { variable, operator, value, text } = constraint
    if (typeof value === 'number') {
      const range = shownRange(variable)
      if (range === undefined || Number.isNaN(value)) continue
      const [low, high, shown] = range
      const outside =
        (operator === '>' && value >= high) ||
        (operator === '>=' && value > high) ||
        (operator === '<' && value <= low) ||
        (operator === '<=' && value < low) ||
        (operator === '=' && (value < low || value > high))
      if (outside)
        throw new Refusal(404, `${noRows} (${text} is outside of the variable's actual_range: ${shown})`)
    } else if (operator === '=' && dataset.sortedBy !== variable.name) {
      const range = textRange(dataset, constraint.at)
      if (range !== undefined && (value < range[0] || value > range[1]) && (value !== '' || !range[2]))
        throw new Refusal(
          404,
          `${noRows} (No data matches ${text} because the String variable's source min="${range[0]}", max="${range[1]}", and hasNaN=${range[2]}.)`,
        )
    }
  }
}

function textRange(
  dataset: DemoDataset,
  at: number,
): [min: string, max: string, hasMissing: boolean] | undefined {
  let min: string | undefined
  let max: string | undefined
  let hasMissing = false
  for (const row of dataset.rows()) {
    const cell = String(row[at] ?? '')
    if (cell === '') hasMissing = true
    else {
      if (min === undefined || cell < min) min = cell
      if (max === undefined || cell > max) max = cell
    }
  }
  return min === undefined || max === undefined ? undefined : [min, max, hasMissing]
}

function matches(cell: Cell, { operator, value, pattern }: Constraint): boolean {
  if (pattern !== undefined) return pattern.test(String(cell))
  if (typeof value === 'number' && Number.isNaN(value)) {
    const missing = typeof cell === 'number' && Number.isNaN(cell)
    return operator === '!='
      ? !missing
      : missing && (operator === '=' || operator === '>=' || operator === '<=')
  }
  switch (operator) {
    case '=':
      return cell === value
    case '!=':
      return cell !== value
    case '<':
      return cell < value
    case '<=':
      return cell <= value
    case '>':
      return cell > value
    default:
      return cell >= value
  }
}

function* selected(dataset: DemoDataset, query: TableQuery, places: readonly number[]): Generator<Row> {
  const { constraints } = query
  for (const row of dataset.rows()) {
    if (constraints.length > 0 && !constraints.every((one) => matches(row[one.at] ?? '', one))) continue
    yield places.map((at) => row[at] as Cell)
  }
}

/** The sort keys of a query as places in its result, and what is done to each sorted group of rows. */
function ordered(
  dataset: DemoDataset,
  query: TableQuery,
  places: readonly number[],
  habits: AnswerHabits,
): Iterable<Row> {
  const rows = selected(dataset, query, places)
  const { ordering } = query
  const placeOf = (name: string) => query.variables.findIndex((variable) => variable.name === name)
  if (ordering === undefined) {
    if (!query.distinct) return rows
    const keys = query.variables.map((_, at) => at)
    return inGroups(dataset, query, keys, rows, (group) => distinctRows(group, keys))
  }
  const keys = ordering.variables.map(placeOf)
  const { steps } = ordering
  const outer = keys.slice(0, -1)
  const last = keys.at(-1) ?? 0
  const finish = (group: Row[]): Row[] => {
    switch (ordering.kind) {
      case 'orderBy':
        return sorted(group, keys)
      case 'orderByDescending':
        return sorted(group, keys).reverse()
      case 'orderByLimit':
        return byGroup(sorted(group, keys, steps), keys, steps, (same) => same.slice(0, ordering.limit))
      case 'orderByCount':
        return byGroup(sorted(group, keys, steps), keys, steps, (same) => [countRow(same, keys, steps)])
      default:
        return byGroup(sorted(group, keys, steps), outer, steps, (same) => {
          const present = same.filter((row) => !isMissing(row[last] as Cell))
          const [low, high] = [present[0], present.at(-1)]
          if (low === undefined || high === undefined) return []
          if (ordering.kind === 'orderByMin') return [low]
          if (ordering.kind === 'orderByMax') return [high]
          return habits.oneRowForEqualEnds && present.length === 1 ? [low] : [low, high]
        })
    }
  }
  return inGroups(dataset, query, keys, rows, (group) => {
    const result = finish(group)
    return query.distinct
      ? distinctRows(
          result,
          query.variables.map((_, at) => at),
        )
      : result
  })
}

/** Applies a step to all rows at once, or group by group where the dataset comes sorted by the first key. */
function* inGroups(
  dataset: DemoDataset,
  query: TableQuery,
  keys: readonly number[],
  rows: Iterable<Row>,
  step: (group: Row[]) => Iterable<Row>,
): Generator<Row> {
  const first = keys[0]
  const streams =
    first !== undefined &&
    query.variables[first]?.name === dataset.sortedBy &&
    query.ordering?.kind !== 'orderByDescending'
  if (!streams) {
    yield* step([...rows])
    return
  }
  let group: Row[] = []
  for (const row of rows) {
    if (group.length > 0 && group[0]?.[first] !== row[first]) {
      yield* step(group)
      group = []
    }
    group.push(row)
  }
  if (group.length > 0) yield* step(group)
}

type Steps = readonly (Step | null)[]

function sorted(rows: Row[], keys: readonly number[], steps: Steps = []): Row[] {
  return rows.sort((a, b) => {
    for (let index = 0; index < keys.length; index++) {
      const at = keys[index] as number
      const step = steps[index] ?? null
      const order = compareCells(stepped(a[at] as Cell, step), stepped(b[at] as Cell, step))
      if (order !== 0) return order
    }
    return 0
  })
}

function sameCells(a: Row, b: Row, keys: readonly number[], steps: Steps = []): boolean {
  return keys.every((at, index) => {
    const step = steps[index] ?? null
    return Object.is(stepped(a[at] as Cell, step), stepped(b[at] as Cell, step))
  })
}

function distinctRows(rows: Row[], keys: readonly number[]): Row[] {
  if (rows.length < 2) return rows
  return sorted(rows, keys).filter((row, at, all) => {
    const before = all[at - 1]
    return before === undefined || !sameCells(before, row, keys)
  })
}

function byGroup(rows: Row[], keys: readonly number[], steps: Steps, step: (group: Row[]) => Row[]): Row[] {
  const result: Row[] = []
  for (let from = 0; from < rows.length; ) {
    let to = from + 1
    while (to < rows.length && sameCells(rows[from] as Row, rows[to] as Row, keys, steps)) to++
    for (const row of step(rows.slice(from, to))) result.push(row)
    from = to
  }
  return result
}

/** Columns that are grouped by a step hold the number of their cell, or the start of their span. */
function countRow(group: readonly Row[], keys: readonly number[], steps: Steps): Row {
  const first = group[0] as Row
  return first.map((cell, at) => {
    const key = keys.indexOf(at)
    return key >= 0
      ? stepped(cell, steps[key] ?? null)
      : group.reduce((count, row) => count + (isMissing(row[at] as Cell) ? 0 : 1), 0)
  })
}
