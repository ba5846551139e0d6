/** What a portal asks of a full index: a map tile, hexagons, a legend, a size estimate. Times are the best of three. */
import type { Database } from '../../src/database/port.ts'

const tile = `st_makeenvelope(-8000000, 5000000, -7900000, 5100000, 3857)`

export const portalQueries: Record<string, string> = {
  'points of a tile': `
    SELECT t.pk, count(*) FROM cde.points t JOIN cde.profiles p ON p.point_pk = t.pk JOIN cde.datasets d ON d.pk = p.dataset_pk
    WHERE t.geom && ${tile} AND d.eovs && '{oxygen}' AND p.time_min < '2010-01-01Z' AND p.depth_max > 10 GROUP BY t.pk`,
  'small hexagons of a tile': `
    SELECT h.pk, count(DISTINCT p.dataset_pk), sum(p.n_records) FROM cde.hexes_zoom_1 h JOIN cde.profiles p ON p.hex_1_pk = h.pk
    JOIN cde.datasets d ON d.pk = p.dataset_pk WHERE h.geom && ${tile} AND d.organization_pks && '{1,2,3}' GROUP BY h.pk`,
  'large hexagons of a region': `
    SELECT h.pk, count(*) FROM cde.hexes_zoom_0 h JOIN cde.profiles p ON p.hex_0_pk = h.pk
    WHERE h.geom && st_expand(${tile}, 300000) GROUP BY h.pk`,
  'size estimate of one dataset': `
    SELECT d.pk_url, sum(p.n_records * extract(epoch FROM cde.range_intersection_length(
      tstzrange('2000-01-01Z', '2005-01-01Z'), tstzrange(p.time_min, p.time_max))) / 86400 / p.days)
    FROM cde.datasets d JOIN cde.profiles p ON p.dataset_pk = d.pk WHERE d.pk_url = 17 GROUP BY d.pk_url`,
  'legend, the whole index (no index can help)': `
    SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM cde.profiles GROUP BY hex_0_pk) cells`,
}

/** Milliseconds by query. */
export async function timePortal(database: Database): Promise<Record<string, number>> {
  const times: Record<string, number> = {}
  for (const [name, sql] of Object.entries(portalQueries)) {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 3; round++) {
      const began = performance.now()
      await database.query(sql)
      best = Math.min(best, performance.now() - began)
    }
    times[name] = Math.round(best * 10) / 10
  }
  return times
}
