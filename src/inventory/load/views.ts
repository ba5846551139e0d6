import type { Database } from '../../database/port.ts'
import { refreshView } from '../refresh-view.ts'
import { refreshNameIndex } from '../vernaculars/name-index.ts'

const views = ['cde.obis_scientific_names', 'cde.obis_scientific_name_popularity']

/** Refreshes what is derived from the cells, after the commit and without keeping readers out. */
export async function refreshNames(database: Database): Promise<void> {
  for (const view of views) await refreshView(database, view)
  await refreshNameIndex(database)
}
