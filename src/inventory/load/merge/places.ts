import { insertInto, type Merge } from './context.ts'
import type { Removal } from './remove.ts'

/** Edge of a hexagon in metres of EPSG:3857, by zoom. */
const hexagonEdgeMetres = [100_000, 10_000] as const
const origin = `'SRID=3857;POINT(0 0)'::geometry`

/**
 * One number for a cell, so that joins on it are estimated well. The parts are decimal, not the halves of the number:
 * PostgreSQL hashes a bigint by its halves, one over the other, and neighbours would all share their hashes.
 */
function cellKey(i: string, j: string): string {
  return `(${i}::bigint * 1000000 + ${j})`
}

/**
 * Points and hexagons for the positions that appear in the differences: missing ones are made, all are looked up once.
 * The transform and the cells are computed once a position; numbers of new rows are drawn here, so that nothing is
 * looked up again after it was written. Rows are written cell by cell: an index takes neighbours several times as fast
 * as rows from everywhere.
 */
export async function makePlaces(merge: Merge): Promise<{ points: number; hexagons: number }> {
  const { session, tables } = merge
  const positions = `${tables.places}_new`
  await session.query(`
    CREATE TEMP TABLE ${positions} ON COMMIT DROP AS
    SELECT latitude, longitude, geom, ${cellKey('a.i', 'a.j')} AS cell_0, ${cellKey('b.i', 'b.j')} AS cell_1,
      a.i AS i_0, a.j AS j_0, b.i AS i_1, b.j AS j_1
    FROM (
      SELECT latitude, longitude, st_transform(st_setsrid(st_makepoint(longitude, latitude), 4326), 3857) AS geom
      FROM (
        SELECT latitude, longitude FROM ${tables.profiles} WHERE line IS NOT NULL AND moved
        UNION
        SELECT latitude, longitude FROM ${tables.cells} WHERE line IS NOT NULL AND pk IS NULL
      ) differences
      OFFSET 0
    ) positions
    CROSS JOIN LATERAL harvester.hexagon_cell(${hexagonEdgeMetres[0]}, st_x(geom), st_y(geom)) a
    CROSS JOIN LATERAL harvester.hexagon_cell(${hexagonEdgeMetres[1]}, st_x(geom), st_y(geom)) b
    ORDER BY cell_0, cell_1`)
  await session.query(`ANALYZE ${positions} (cell_0, cell_1)`)
  const sequences = await sequencesOf(merge)
  const hexagons =
    (await makeHexagons(merge, positions, 0, sequences.hexes_zoom_0)) +
    (await makeHexagons(merge, positions, 1, sequences.hexes_zoom_1))
  await session.query(`
    CREATE TEMP TABLE ${tables.places} ON COMMIT DROP AS
    SELECT n.latitude, n.longitude, n.geom, n.cell_0, n.cell_1,
      coalesce(t.pk, nextval('${sequences.points}')) AS point_pk, t.pk IS NULL AS is_new,
      coalesce(t.hex_0_pk, a.pk) AS hex_0_pk, coalesce(t.hex_1_pk, b.pk) AS hex_1_pk
    FROM ${positions} n
    JOIN ${positions}_0 a ON a.cell = n.cell_0 JOIN ${positions}_1 b ON b.cell = n.cell_1
    LEFT JOIN cde.points t ON t.geom = n.geom
    ORDER BY n.cell_0, n.cell_1`)
  const points = await session.query(
    insertInto(
      merge,
      'points',
      {
        pk: 'n.point_pk',
        geom: 'n.geom',
        hex_zoom_0: 'a.geom',
        hex_zoom_1: 'b.geom',
        hex_0_pk: 'n.hex_0_pk',
        hex_1_pk: 'n.hex_1_pk',
      },
      `FROM ${tables.places} n
       JOIN ${positions}_0 a ON a.cell = n.cell_0 JOIN ${positions}_1 b ON b.cell = n.cell_1
       WHERE n.is_new ORDER BY n.point_pk`,
    ),
  )
  await session.query(`ANALYZE ${tables.places} (latitude, longitude)`)
  return { points: points.count, hexagons }
}

/** The cells of one zoom that the positions lie in, with their numbers; makes those that are missing. */
async function makeHexagons(merge: Merge, positions: string, zoom: 0 | 1, sequence: string): Promise<number> {
  const edge = hexagonEdgeMetres[zoom]
  const { session } = merge
  const cells = `${positions}_${zoom}`
  await session.query(`
    CREATE TEMP TABLE ${cells} ON COMMIT DROP AS
    SELECT c.cell, coalesce(h.pk, nextval('${sequence}')) AS pk, h.pk IS NULL AS is_new,
      coalesce(h.geom, st_hexagon(${edge}, c.i, c.j, ${origin})) AS geom
    FROM (SELECT DISTINCT cell_${zoom} AS cell, i_${zoom} AS i, j_${zoom} AS j FROM ${positions}) c
    LEFT JOIN cde.hexes_zoom_${zoom} h ON h.grid_i = c.i AND h.grid_j = c.j
    ORDER BY c.i / 8, c.j / 8`)
  await session.query(`ANALYZE ${cells} (cell)`)
  const made = await session.query(
    insertInto(merge, `hexes_zoom_${zoom}`, { pk: 'pk', geom: 'geom' }, `FROM ${cells} WHERE is_new`),
  )
  return made.count
}

/** The sequence behind the `pk` of each table: asked once, since asking is slower than drawing from it. */
async function sequencesOf(
  merge: Merge,
): Promise<Record<'points' | 'hexes_zoom_0' | 'hexes_zoom_1', string>> {
  const { rows } = await merge.session.query<Record<'points' | 'hexes_zoom_0' | 'hexes_zoom_1', string>>(`
    SELECT pg_get_serial_sequence('cde.points', 'pk') AS points,
      pg_get_serial_sequence('cde.hexes_zoom_0', 'pk') AS hexes_zoom_0,
      pg_get_serial_sequence('cde.hexes_zoom_1', 'pk') AS hexes_zoom_1`)
  return rows[0]!
}

/** Remembers the points that something left, before it leaves. */
export async function rememberLeftPoints(merge: Merge): Promise<void> {
  const { session, tables } = merge
  await session.query(`
    CREATE TEMP TABLE ${tables.leftPoints} ON COMMIT DROP AS
    SELECT old_point_pk AS pk FROM ${tables.profiles} WHERE pk IS NOT NULL AND moved AND old_point_pk IS NOT NULL
    UNION
    SELECT old_point_pk FROM ${tables.cells} WHERE line IS NULL AND old_point_pk IS NOT NULL`)
}

/** Points without a profile or cell go, and so do hexagons: whatever has a point has a hexagon. */
export async function removeLeftPlaces(merge: Removal): Promise<{ points: number; hexagons: number }> {
  const { session, tables } = merge
  const left = await session.query<{ some: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM ${tables.leftPoints}) AS some`,
  )
  if (!left.rows[0]!.some) return { points: 0, hexagons: 0 }
  await session.query(`ANALYZE ${tables.leftPoints}`)
  const gone = `${tables.leftPoints}_gone`
  await session.query(`CREATE TEMP TABLE ${gone} (hex_0_pk int, hex_1_pk int) ON COMMIT DROP`)
  const points = await session.query(`
    WITH removed AS (
      DELETE FROM cde.points t USING (SELECT DISTINCT pk FROM ${tables.leftPoints}) l
      WHERE t.pk = l.pk
        AND NOT EXISTS (SELECT 1 FROM cde.profiles p WHERE p.point_pk = t.pk)
        AND NOT EXISTS (SELECT 1 FROM cde.obis_cells c WHERE c.point_pk = t.pk)
      RETURNING t.hex_0_pk, t.hex_1_pk)
    INSERT INTO ${gone} SELECT hex_0_pk, hex_1_pk FROM removed`)
  if (points.count === 0) return { points: 0, hexagons: 0 }
  let hexagons = 0
  for (const zoom of hexagonEdgeMetres.keys()) {
    const column = `hex_${zoom}_pk`
    const removed = await session.query(`
      DELETE FROM cde.hexes_zoom_${zoom} h
      WHERE h.pk IN (SELECT ${column} FROM ${gone})
        AND NOT EXISTS (SELECT 1 FROM cde.profiles p WHERE p.${column} = h.pk)
        AND NOT EXISTS (SELECT 1 FROM cde.obis_cells c WHERE c.${column} = h.pk)`)
    hexagons += removed.count
  }
  return { points: points.count, hexagons }
}
