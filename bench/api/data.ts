/** The data of the benchmark, made by the database itself: an audit of years, and an index of a million profiles. */
import type { Database } from '../../src/database/port.ts'
import { keepCoverage } from '../../src/inventory/load/merge/coverage.ts'

export interface Size {
  sources: number
  /** Of each source. */
  datasets: number
  /** Of the first source, where it has more. */
  most?: number
  runs: number
  profiles: number
}

/** A site that harvests two hundred servers, one of them a large one. */
export const manyServers: Size = { sources: 200, datasets: 20, most: 2000, runs: 200, profiles: 200_000 }

export const full: Size = { sources: 20, datasets: 100, runs: 1000, profiles: 1_000_000 }

/** The nth source of the benchmark, from 1. */
export function sourceUrl(nth: number): string {
  return `https://erddap${nth}.example.org/erddap`
}

export async function fill(database: Database, size: Size, say: (what: string) => void): Promise<void> {
  const url = `'https://erddap' || s || '.example.org/erddap'`
  const most = Math.max(size.most ?? 0, size.datasets)
  const ofSource = (parameter: string) =>
    `generate_series(1, CASE WHEN s = 1 THEN ${most} ELSE ${parameter}::int END)`
  const datasets = (size.sources - 1) * size.datasets + most
  say('runs')
  await database.query(
    `INSERT INTO cde.harvest_runs
     SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
            timestamptz '2026-01-01' - n * interval '6 hours', timestamptz '2026-01-01' - n * interval '6 hours' + interval '20 minutes',
            'e47ffa1c0ffee', CASE WHEN n % 17 = 0 THEN 'failed' ELSE 'ok' END,
            CASE WHEN n % 17 = 0 THEN '310 of 2000 datasets failed' END, gen_random_uuid()::text, 'full', NULL, 'schedule'
     FROM generate_series(1, $1::int) n`,
    [size.runs],
  )
  say('attempts')
  await database.query(
    `INSERT INTO cde.harvest_attempts
     SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ${url}, 'dataset_' || lpad(d::text, 4, '0'), 'erddap',
            CASE WHEN h < 3 THEN 'error' WHEN h < 12 + 70 THEN 'skipped' ELSE 'success' END,
            CASE WHEN h < 3 THEN 'HTTP_ERROR'
                 WHEN h < 12 THEN (ARRAY['CDM_DATA_TYPE_UNSUPPORTED','MISSING_CF_ROLE','NO_SUPPORTED_VARIABLES'])[1 + d % 3]
                 WHEN h < 82 THEN 'UNCHANGED' END,
            CASE WHEN h < 3 THEN 'GET https://erddap.example.org/erddap/tabledap/x.csv answered 503: Service Unavailable' END,
            40 + (h * 37) % 4000, timestamptz '2026-01-01' - n * interval '6 hours' + (s * 100 + d) * interval '500 ms',
            ${url} || '/info/dataset_' || d || '/index.csv' || E'\\n' || ${url} || '/tabledap/dataset_' || d || '.csv?station_id,latitude,longitude&distinct()'
     FROM generate_series(1, $1::int) n, generate_series(1, $2::int) s, ${ofSource('$3')} d,
          LATERAL (SELECT (n * 7919 + s * 104729 + d::int8 * 1299709) % 100 AS h) x`,
    [size.runs, size.sources, size.datasets],
  )
  say('datasets')
  await database.query(
    `INSERT INTO cde.datasets (erddap_url, dataset_id, title, title_fr, cdm_data_type, eovs, content_hash, n_profiles, last_updated_at, verified_at)
     SELECT ${url}, 'dataset_' || lpad(d::text, 4, '0'), 'Mooring ' || d, 'Mouillage ' || d, 'TimeSeries',
            ARRAY[(ARRAY['seaSurfaceTemperature','seaSurfaceSalinity','oxygen','subSurfaceTemperature'])[1 + d % 4]],
            md5(d::text), $3::int, now(), now()
     FROM generate_series(1, $1::int) s, ${ofSource('$2')} d`,
    [size.sources, size.datasets, Math.floor(size.profiles / datasets)],
  )
  say('profiles')
  await database.query(
    `CREATE TEMP TABLE spots AS
     SELECT n, d.pk AS dataset_pk, d.erddap_url, d.dataset_id, p.longitude, p.latitude,
            st_transform(st_setsrid(st_makepoint(p.longitude, p.latitude), 4326), 3857) AS geom
     FROM generate_series(1, ${Math.floor(size.profiles)}) n
     JOIN cde.datasets d ON d.pk = 1 + n % ${datasets}
     CROSS JOIN LATERAL (SELECT -140 + (n::bigint * 7919 % 100003) / 100003.0 * 90 AS longitude,
                                40 + (n::bigint * 104729 % 99991) / 99991.0 * 30 AS latitude) p;
     CREATE TEMP TABLE cells AS
     SELECT s.n, (harvester.hexagon_cell(100000, st_x(geom), st_y(geom))).*,
            (harvester.hexagon_cell(10000, st_x(geom), st_y(geom))).i AS i1, (harvester.hexagon_cell(10000, st_x(geom), st_y(geom))).j AS j1
     FROM spots s;
     INSERT INTO cde.hexes_zoom_0 (geom) SELECT st_setsrid(st_hexagon(100000, i, j), 3857) FROM (SELECT DISTINCT i, j FROM cells) c;
     INSERT INTO cde.hexes_zoom_1 (geom) SELECT st_setsrid(st_hexagon(10000, i1, j1), 3857) FROM (SELECT DISTINCT i1, j1 FROM cells) c;
     ANALYZE cde.hexes_zoom_0; ANALYZE cde.hexes_zoom_1;
     INSERT INTO cde.profiles (geom, dataset_pk, erddap_url, dataset_id, timeseries_id, longitude, latitude, hex_0_pk, hex_1_pk)
     SELECT s.geom, s.dataset_pk, s.erddap_url, s.dataset_id, 'station_' || s.n, s.longitude, s.latitude, h0.pk, h1.pk
     FROM spots s JOIN cells c USING (n)
     JOIN cde.hexes_zoom_0 h0 ON h0.grid_i = c.i AND h0.grid_j = c.j
     JOIN cde.hexes_zoom_1 h1 ON h1.grid_i = c.i1 AND h1.grid_j = c.j1`,
  )
  say('counts of the map')
  await database.transaction((session) => keepCoverage(session, 'SELECT 0 AS dataset_pk', 'bench_coverage'))
  say('statistics')
  for (const table of [
    'harvest_runs',
    'harvest_attempts',
    'datasets',
    'profiles',
    'hexes_zoom_0',
    'hexes_zoom_1',
  ])
    await database.query(`VACUUM ANALYZE cde.${table}`)
}
