import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { type SharedPostgres, sharedPostgres } from '../support/shared.ts'

const sizes = [100_000, 10_000]
const origin = `'SRID=3857;POINT(0 0)'::geometry`
/** EPSG:3857 reaches 20,037,508 m each way. */
const world = '4e7'

describe('the cells of a million points', () => {
  let server: SharedPostgres
  let database: Database

  beforeAll(async () => {
    server = sharedPostgres()
    await server.createDatabase('cells')
    database = await server.open('cells')
    await migrate(database)
  })
  afterAll(async () => {
    await database?.close()
    await server?.stop()
  })

  // Two connections: each zoom has a core of its own. The seed makes the points those of the last run.
  it.concurrent.each(sizes)('are those of PostGIS, edge %i m', async (size) => {
    const found = await database.transaction(async (session) => {
      await session.query('SELECT setseed(0.3857)')
      const { rows } = await session.query(
        `SELECT count(*) AS points, count(*) FILTER (WHERE g.cells = 1) AS in_one_cell,
           count(*) FILTER (WHERE g.cells = 1 AND g.i = c.i AND g.j = c.j) AS alike
         FROM (SELECT st_setsrid(st_makepoint((random() - 0.5) * ${world}, (random() - 0.5) * ${world}), 3857) AS geom
           FROM generate_series(1, 1000000) OFFSET 0) s
         CROSS JOIN LATERAL (
           SELECT count(*) AS cells, min(i) AS i, min(j) AS j FROM st_hexagongrid($1, s.geom) h
           WHERE st_intersects(h.geom, s.geom)) g
         CROSS JOIN LATERAL harvester.hexagon_cell($1, st_x(s.geom), st_y(s.geom)) c`,
        [size],
      )
      return rows
    })
    expect(found).toEqual([{ points: 1_000_000, in_one_cell: 1_000_000, alike: 1_000_000 }])
  })

  // Corners and edges as PostGIS draws them, moved by so many metres. A coordinate of this size has steps of 3.7e-9 m:
  // nearer than a few of those to a border, which side a point is on is a matter of rounding. Anywhere else it is in
  // the cell that PostGIS says.
  const rounding = 1e-8
  it.concurrent.each(sizes)('are those of PostGIS beside every kind of border, edge %i m', async (size) => {
    const { rows } = await database.transaction(async (session) => {
      await session.query('SELECT setseed(0.3857)')
      return session.query<{
        metres: number
        kind: string
        points: number
        farthest: number
        shared: number
      }>(
        `WITH cells AS (
           SELECT n, st_exteriorring(st_hexagon($1::float8, ((random() - 0.5) * 3.9e7 / (1.5 * $1::float8))::int,
             ((random() - 0.5) * 3.9e7 / (sqrt(3) * $1::float8))::int, ${origin})) AS ring,
             random() AS share, random() * 2 * pi() AS direction
           FROM generate_series(1, 100000) n OFFSET 0),
         borders AS (
           SELECT CASE WHEN n % 2 = 0 THEN 'corner' ELSE 'edge' END AS kind, (n / 2) % 6 + 1 AS nth, ring, share, direction,
             (ARRAY[0, 1e-9, 1e-7, 1e-5, 1e-2])[1 + (n / 12) % 5] AS metres
           FROM cells),
         points AS (
           SELECT kind, metres, st_setsrid(st_makepoint(
             st_x(a) + share * (st_x(b) - st_x(a)) + metres * cos(direction),
             st_y(a) + share * (st_y(b) - st_y(a)) + metres * sin(direction)), 3857) AS geom
           FROM (SELECT kind, metres, direction, CASE kind WHEN 'corner' THEN 0 ELSE share END AS share,
             st_pointn(ring, nth) AS a, st_pointn(ring, nth + 1) AS b FROM borders) ends)
         SELECT metres, kind, count(*) AS points, count(*) FILTER (WHERE g.shared > 1) AS shared,
           max(st_distance(s.geom, st_hexagon($1::float8, c.i, c.j, ${origin}))) AS farthest
         FROM points s
         CROSS JOIN LATERAL harvester.hexagon_cell($1::float8, st_x(s.geom), st_y(s.geom)) c
         CROSS JOIN LATERAL (
           SELECT count(*) AS shared FROM st_hexagongrid($1::float8, s.geom) h WHERE st_intersects(h.geom, s.geom)) g
         GROUP BY metres, kind ORDER BY metres, kind`,
        [size],
      )
    })
    expect(rows).toHaveLength(10)
    for (const row of rows) {
      expect(row.points).toBeGreaterThan(9_000)
      expect(row.farthest).toBeLessThanOrEqual(rounding)
    }
    expect(rows.some((row) => row.shared > 0)).toBe(true)
  })
})
