import type { Session } from '../../../database/port.ts'
import type { StageNames } from '../staging.ts'
import type { LoadLimits } from '../types.ts'

/** What every step of a merge works with. The temporary tables named here live as long as the transaction. */
export interface Merge {
  session: Session
  stage: StageNames
  /** Whether the folder has CKAN's records. */
  hasCkan: boolean
  /** Older harvests overwrite newer ones. */
  forceOld: boolean
  limits: LoadLimits
  /** Columns that the database computes, as `profiles.days`: an adopted table may have others than ours. */
  generated: ReadonlySet<string>
  tables: {
    datasets: string
    verified: string
    profiles: string
    cells: string
    places: string
    leftPoints: string
    changed: string
    pruned: string
    coverage: string
  }
}

export function mergeTables(stage: StageNames): Merge['tables'] {
  const name = (part: string) => stage.datasets.replace(/datasets$/, part)
  return {
    datasets: name('m_datasets'),
    verified: name('m_verified'),
    profiles: name('m_profiles'),
    cells: name('m_cells'),
    places: name('m_places'),
    leftPoints: name('m_left_points'),
    changed: name('m_changed'),
    pruned: name('m_pruned'),
    coverage: name('m_coverage'),
  }
}

/** A time later than the database's clock (and a little) was written by a clock that was wrong: it says nothing. */
export function fromTheFuture(time: string): string {
  return `${time} > clock_timestamp() + interval '5 minutes'`
}

/** The columns of our tables that no loader may write. */
export async function generatedColumns(session: Session): Promise<Set<string>> {
  const { rows } = await session.query<{ name: string }>(`
    SELECT c.relname || '.' || a.attname AS name
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'cde' AND a.attnum > 0 AND a.attgenerated <> ''`)
  return new Set(rows.map((row) => row.name))
}

/** The columns of a table with what goes into them, less those that the database computes. */
function writable(
  merge: Merge,
  table: string,
  values: Record<string, string>,
): [column: string, value: string][] {
  return Object.entries(values).filter(([column]) => !merge.generated.has(`${table}.${column}`))
}

/** `a = x, b = y`, less what the database computes. */
export function assignments(merge: Merge, table: string, values: Record<string, string>): string {
  return writable(merge, table, values)
    .map(([column, value]) => `${column} = ${value}`)
    .join(', ')
}

export function insertInto(
  merge: Merge,
  table: string,
  values: Record<string, string>,
  from: string,
): string {
  const pairs = writable(merge, table, values)
  // An adopted table may draw its `pk` from an identity column.
  const overriding = 'pk' in values ? 'OVERRIDING SYSTEM VALUE ' : ''
  return `INSERT INTO cde.${table} (${pairs.map(([column]) => column).join(', ')}) ${overriding}
    SELECT ${pairs.map(([, value]) => value).join(', ')} ${from}`
}
