/**
 * What a portal asks of a full index, written from the tables it reads: map tiles by zoom, legends and size estimates,
 * filtered by variable, time, depth, organization and source. Times are the best of three.
 */
import type { Database } from '../../src/database/port.ts'

export interface PortalQuery {
  name: string
  sql: string
  /** Whether an index can keep it from growing with the whole: what counts everything cannot be. */
  indexed: boolean
}

/** A tile of 100 km, as a map shows when it is zoomed in: the fullest one of the index; and one of 2,500 km. */
const near = 'st_makeenvelope(-17100000, -1900000, -17000000, -1800000, 3857)'
const far = 'st_makeenvelope(-8000000, 5000000, -5500000, 7500000, 3857)'
const time = `p.time_min < '2010-01-01Z' AND p.time_max > '2005-01-01Z'`
const depth = 'p.depth_min < 1000 AND p.depth_max > 10'
const variable = `d.eovs && '{oxygen}'`
const organization = `d.organization_pks && '{1,2,3}'`
const source = `d.erddap_url = 'https://erddap.example.org/erddap'`
const joined = 'JOIN cde.datasets d ON d.pk = p.dataset_pk'
const overlap = `cde.range_intersection_length(
  tstzrange('2000-01-01Z', '2005-01-01Z'), tstzrange(p.time_min, p.time_max))`

export const portalQueries: readonly PortalQuery[] = [
  {
    name: 'tile of points: variable, time, depth',
    sql: `SELECT t.pk, st_asmvtgeom(t.geom, ${near}) AS geom, count(*) FROM cde.points t
      JOIN cde.profiles p ON p.point_pk = t.pk ${joined}
      WHERE t.geom && ${near} AND ${variable} AND ${time} AND ${depth} GROUP BY t.pk`,
    indexed: true,
  },
  {
    name: 'tile of points: source, organization',
    sql: `SELECT t.pk, array_agg(DISTINCT d.pk_url) FROM cde.points t JOIN cde.profiles p ON p.point_pk = t.pk ${joined}
      WHERE t.geom && ${near} AND ${source} AND ${organization} GROUP BY t.pk`,
    indexed: true,
  },
  {
    name: 'tile of small hexagons: organization',
    sql: `SELECT h.pk, st_asmvtgeom(h.geom, ${near}) AS geom, count(DISTINCT p.dataset_pk), sum(p.n_records)
      FROM cde.hexes_zoom_1 h JOIN cde.profiles p ON p.hex_1_pk = h.pk ${joined}
      WHERE h.geom && ${near} AND ${organization} GROUP BY h.pk`,
    indexed: true,
  },
  {
    name: 'tile of large hexagons: variable, time, depth',
    sql: `SELECT h.pk, st_asmvtgeom(h.geom, ${far}) AS geom, count(*) FROM cde.hexes_zoom_0 h
      JOIN cde.profiles p ON p.hex_0_pk = h.pk ${joined}
      WHERE h.geom && ${far} AND ${variable} AND ${time} AND ${depth} GROUP BY h.pk`,
    indexed: true,
  },
  {
    name: 'legend of a region, small hexagons: time',
    sql: `SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM cde.hexes_zoom_1 h JOIN cde.profiles p ON p.hex_1_pk = h.pk
      WHERE h.geom && ${near} AND ${time} GROUP BY h.pk) cells`,
    indexed: true,
  },
  {
    name: 'what is at a point',
    sql: `SELECT d.pk_url, d.title, count(*), min(p.time_min), max(p.time_max) FROM cde.profiles p ${joined}
      WHERE p.point_pk = (SELECT point_pk FROM cde.profiles ORDER BY pk DESC LIMIT 1) GROUP BY d.pk`,
    indexed: true,
  },
  {
    name: 'size estimate: a dataset',
    sql: `SELECT d.pk_url, sum(p.n_records * extract(epoch FROM ${overlap}) / 86400 / p.days)
      FROM cde.datasets d JOIN cde.profiles p ON p.dataset_pk = d.pk WHERE d.pk_url = 17 GROUP BY d.pk_url`,
    indexed: true,
  },
  {
    name: 'size estimate: what lies in a polygon, variable, depth',
    sql: `SELECT d.pk_url, d.num_columns, sum(p.n_records * extract(epoch FROM ${overlap}) / 86400 / p.days)
      FROM cde.profiles p ${joined} WHERE st_intersects(p.geom, ${near}) AND ${variable} AND ${depth} GROUP BY d.pk`,
    indexed: true,
  },
  {
    name: 'profiles of an organization in a box of latitude and longitude',
    sql: `SELECT count(*) FROM cde.profiles p ${joined}
      WHERE p.latitude BETWEEN -17 AND -16 AND p.longitude BETWEEN -154 AND -153 AND ${organization}`,
    indexed: true,
  },
  {
    name: 'legend of the whole world, large hexagons',
    sql: 'SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM cde.profiles GROUP BY hex_0_pk) cells',
    indexed: false,
  },
  {
    name: 'large hexagons of the whole world: variable, time',
    sql: `SELECT p.hex_0_pk, count(*) FROM cde.profiles p ${joined} WHERE ${variable} AND ${time} GROUP BY p.hex_0_pk`,
    indexed: false,
  },
]

/** Milliseconds of each query. */
export async function timePortal(database: Database): Promise<(PortalQuery & { milliseconds: number })[]> {
  const timed = []
  for (const query of portalQueries) {
    let milliseconds = Number.POSITIVE_INFINITY
    for (let round = 0; round < 3; round++) {
      const began = performance.now()
      await database.query(query.sql)
      milliseconds = Math.min(milliseconds, performance.now() - began)
    }
    timed.push({ ...query, milliseconds })
  }
  return timed
}
