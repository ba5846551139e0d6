/** Holds what a run wrote against what the oracle expects, and says every difference in a line. */
import { tableColumns } from '../../src/inventory/contract.ts'
import type { Cells, Expected } from './oracle.ts'
import { readTable } from './run.ts'

export function differences(folder: string, expected: Expected): string[] {
  const found: string[] = []
  const attempts = readTable(folder, 'harvest_attempts')
  const seen = new Set<string>()
  for (const attempt of attempts) {
    const key = `${attempt.erddap_url} ${attempt.dataset_id}`
    if (seen.has(key)) found.push(`${key}: two attempts`)
    seen.add(key)
    const wanted = expected.attempts.get(key)
    if (wanted === undefined) found.push(`${key}: an attempt that nobody expects`)
    else {
      if (wanted.status !== attempt.status || wanted.reason !== attempt.reason_code)
        found.push(
          `${key}: expected ${wanted.status} ${wanted.reason}, got ${attempt.status} ${attempt.reason_code} ${attempt.error_message}`,
        )
      for (const name of wanted.names)
        if (!attempt.error_message?.includes(name))
          found.push(`${key}: "${attempt.error_message}" does not name ${name}`)
    }
    if (attempt.query_urls === '') found.push(`${key}: no query_urls`)
    if (attempt.source !== 'erddap') found.push(`${key}: source ${attempt.source}`)
  }
  for (const key of expected.attempts.keys()) if (!seen.has(key)) found.push(`${key}: no attempt`)
  compareRows('datasets', ['erddap_url', 'dataset_id'])
  compareRows('profiles', ['erddap_url', 'dataset_id', 'timeseries_id', 'profile_id'])
  compareRows('ckan', ['erddap_url', 'dataset_id'])
  compareRows('skipped', ['erddap_url', 'dataset_id'])
  return found

  function compareRows(table: 'datasets' | 'profiles' | 'ckan' | 'skipped', key: readonly string[]): void {
    const rows = readTable(folder, table)
    const wanted = expected[table]
    const keyOf = (row: Cells) => JSON.stringify(key.map((column) => row[column]))
    const order = rows.map(keyOf).join('\n')
    if (order !== wanted.map(keyOf).join('\n')) {
      const there = new Set(rows.map(keyOf))
      const due = new Set(wanted.map(keyOf))
      for (const one of due) if (!there.has(one)) found.push(`${table} ${one}: missing`)
      for (const one of there) if (!due.has(one)) found.push(`${table} ${one}: too many`)
      if (there.size === due.size) found.push(`${table}: another order or rows twice`)
      return
    }
    rows.forEach((row, at) => {
      for (const [column, value] of Object.entries(wanted[at] ?? {}))
        if (row[column] !== value)
          found.push(
            `${table} ${keyOf(row)} ${column}: expected ${JSON.stringify(value)}, got ${JSON.stringify(row[column])}`,
          )
    })
    const columns = Object.keys(rows[0] ?? {})
    if (rows.length > 0 && columns.join() !== tableColumns[table].join())
      found.push(`${table}: columns ${columns.join()}`)
  }
}
