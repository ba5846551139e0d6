import { columnsWith } from '../../contract.ts'
import { assignments, insertInto, type Merge } from './context.ts'

const compared = columnsWith('obis_cells', 'data')

/** Like the comparison of profiles: `pk` null is new, `line` null is gone, else it changed. A cell never moves. */
export async function compareCells(merge: Merge): Promise<{ differences: number }> {
  const { session, stage, tables } = merge
  const rowOf = (alias: string) => `(${compared.map((column) => `${alias}.${column}`).join(', ')})`
  const found = await session.query(`
    CREATE TEMP TABLE ${tables.cells} ON COMMIT DROP AS
    SELECT c.pk, c.point_pk AS old_point_pk, coalesce(s.dataset_pk, c.dataset_pk) AS dataset_pk, s.dataset_id, s.line,
      s.latitude, s.longitude, ${compared.map((column) => `s.${column}`).join(', ')},
      s.scientific_names IS DISTINCT FROM c.scientific_names AS renamed
    FROM (
      SELECT s.*, d.pk AS dataset_pk, d.dataset_id FROM ${stage.cells} s JOIN ${tables.datasets} d USING (n)
    ) s
    FULL JOIN (
      SELECT c.* FROM cde.obis_cells c JOIN ${tables.datasets} d ON d.pk = c.dataset_pk WHERE NOT d.is_new
    ) c ON c.dataset_pk = s.dataset_pk AND c.latitude = s.latitude AND c.longitude = s.longitude
    WHERE c.pk IS NULL OR s.line IS NULL OR ${rowOf('s')} IS DISTINCT FROM ${rowOf('c')}`)
  await session.query(`ANALYZE ${tables.cells} (pk, dataset_pk, line)`)
  return { differences: found.count }
}

/** The ids of a cell's names, once all of its names are known; else the search of names finds the cell. */
const aphiaIds = `coalesce((
    SELECT CASE WHEN count(v.scientific_name) = count(*) THEN array_agg(DISTINCT v.aphia_id ORDER BY v.aphia_id) FILTER (WHERE v.aphia_id IS NOT NULL) END
    FROM unnest(s.scientific_names) AS name LEFT JOIN cde.scientific_name_vernaculars v ON v.scientific_name = name
  ), '{}')`

export async function writeCells(
  merge: Merge,
  { differences }: { differences: number },
): Promise<{ inserted: number; updated: number; deleted: number }> {
  if (differences === 0) return { inserted: 0, updated: 0, deleted: 0 }
  const { session, tables } = merge
  const values = Object.fromEntries(compared.map((column) => [column, `s.${column}`]))
  const deleted = await session.query(
    `DELETE FROM cde.obis_cells c USING ${tables.cells} s WHERE c.pk = s.pk AND s.line IS NULL`,
  )
  const updated = await session.query(`
    UPDATE cde.obis_cells c
    SET ${assignments(merge, 'obis_cells', { ...values, aphia_ids: `CASE WHEN s.renamed THEN ${aphiaIds} ELSE c.aphia_ids END` })}
    FROM ${tables.cells} s WHERE c.pk = s.pk AND s.line IS NOT NULL`)
  const inserted = await session.query(
    insertInto(
      merge,
      'obis_cells',
      {
        dataset_pk: 's.dataset_pk',
        dataset_id: 's.dataset_id',
        latitude: 's.latitude',
        longitude: 's.longitude',
        geom: 'l.geom',
        ...values,
        aphia_ids: aphiaIds,
        hex_0_pk: 'l.hex_0_pk',
        hex_1_pk: 'l.hex_1_pk',
        point_pk: 'l.point_pk',
      },
      `FROM ${tables.cells} s JOIN ${tables.places} l USING (latitude, longitude) WHERE s.pk IS NULL ORDER BY s.line`,
    ),
  )
  return { inserted: inserted.count, updated: updated.count, deleted: deleted.count }
}
