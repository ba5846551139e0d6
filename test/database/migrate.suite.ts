import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate, migrationState, readMigrations, requireMigrated } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'

/** @param open opens a database with extensions, but without tables */
export function describeMigrations(name: string, open: () => Promise<Database>): void {
  describe(`the migrations on ${name}`, () => {
    let database: Database
    beforeAll(async () => {
      database = await open()
    }, 240_000)
    afterAll(() => database?.close())

    it('make the schema, once, however many ask at the same time', async () => {
      const results = await Promise.all([migrate(database), migrate(database), migrate(database)])
      const names = readMigrations().map((migration) => migration.name)
      expect(results.flatMap((result) => result.applied).sort()).toEqual(names)
      expect(await migrationState(database)).toEqual({ pending: [], newer: [], minReader: 1 })
      await requireMigrated(database)
    })

    it('give every table and column that portals read', async () => {
      const { rows } = await database.query<{ name: string; columns: string }>(`
        SELECT c.relname AS name, string_agg(a.attname, ' ' ORDER BY a.attnum) AS columns
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE n.nspname = 'cde' AND c.relkind IN ('r', 'm') AND a.attnum > 0 AND NOT a.attisdropped
        GROUP BY c.relname`)
      const columns = Object.fromEntries(rows.map((row) => [row.name, row.columns]))
      expect(columns).toEqual({
        datasets:
          'pk pk_url dataset_id erddap_url platform title title_fr summary summary_fr cdm_data_type organizations eovs ckan_id timeseries_id_variable profile_id_variable trajectory_id_variable organization_pks n_profiles profile_variables num_columns first_eov_column source_type obis_nodes content_hash content_hash_reason last_updated_at verified_at',
        organizations: 'pk pk_url name color',
        organizations_lookup: 'pk name',
        datasets_lookup: 'pk dataset_id erddap_url',
        points: 'pk geom hex_zoom_0 hex_zoom_1 hex_0_pk hex_1_pk',
        hexes_zoom_0: 'pk geom grid_i grid_j',
        hexes_zoom_1: 'pk geom grid_i grid_j',
        profiles:
          'pk geom dataset_pk erddap_url dataset_id timeseries_id profile_id time_min time_max latitude longitude depth_min depth_max n_records records_per_day n_profiles hex_0_pk hex_1_pk point_pk days',
        obis_cells:
          'pk dataset_pk dataset_id latitude longitude geom scientific_names aphia_ids n_records time_min time_max depth_min depth_max hex_0_pk hex_1_pk point_pk',
        obis_scientific_names: 'scientific_name',
        obis_scientific_name_popularity: 'scientific_name total_records',
        scientific_name_vernaculars:
          'scientific_name aphia_id rank ancestor_aphia_ids vernaculars_en vernaculars_fr fetched_at fetch_status',
        skipped_datasets: 'erddap_url dataset_id reason_code',
        harvest_runs:
          'run_id started_at finished_at git_sha status error_message prefect_flow_run_id scope triggered_source triggered_by',
        harvest_attempts:
          'run_id erddap_url dataset_id source status reason_code error_message duration_ms attempted_at query_urls',
        download_jobs:
          'pk time job_id email status time_start time_complete time_total download_size estimate_size estimate_details erddap_report downloader_input downloader_output',
      })
    })

    it('leave to the program which kinds of sources there are, whoever made the table', async () => {
      const { sql } = readMigrations().find(({ name }) => name.endsWith('kinds-of-sources'))!
      await database.transaction(async (session) => {
        await session.query(
          "ALTER TABLE cde.harvest_attempts ADD CONSTRAINT kinds CHECK (source IN ('erddap'))",
        )
        await session.query(sql)
      })
      const { rows } = await database.query<{ checked: string }>(`
        SELECT a.attname AS checked FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
        WHERE c.conrelid = 'cde.harvest_attempts'::regclass AND c.contype = 'c'`)
      expect(rows).toEqual([{ checked: 'status' }])
    })

    it('give the length of the overlap of two ranges', async () => {
      const { rows } = await database.query(`
        SELECT cde.range_intersection_length(numrange(0, 10), numrange(4, 20))::float8 AS six,
          range_intersection_length(numrange(0, 1), numrange(4, 20))::float8 AS none,
          cde.range_intersection_length(tstzrange('2020-01-01Z', '2020-01-03Z'), tstzrange('2020-01-02Z', '2021-01-01Z')) = interval '1 day' AS day`)
      expect(rows).toEqual([{ six: 6, none: 0, day: true }])
    })

    it('compute the cells of a hexagon grid as PostGIS lays it', async () => {
      for (const size of [100_000, 10_000]) {
        const { rows } = await database.query<{ points: number; off: number; unequal: number }>(
          `
          WITH spread AS (
            SELECT st_setsrid(st_makepoint((random() - 0.5) * 4e7, (random() - 0.5) * 4e7), 3857) AS geom
            FROM generate_series(1, $2)),
          cells AS (
            SELECT s.geom, c.i, c.j, st_hexagon($1, c.i, c.j, 'SRID=3857;POINT(0 0)'::geometry) AS hex
            FROM spread s, LATERAL harvester.hexagon_cell($1, st_x(s.geom), st_y(s.geom)) c)
          SELECT count(*) AS points,
            count(*) FILTER (WHERE NOT st_intersects(hex, geom)) AS off,
            count(*) FILTER (WHERE NOT EXISTS (
              SELECT 1 FROM st_hexagongrid($1, cells.geom) g WHERE g.i = cells.i AND g.j = cells.j AND g.geom = cells.hex)) AS unequal
          FROM cells`,
          [size, 20_000],
        )
        expect(rows).toEqual([{ points: 20_000, off: 0, unequal: 0 }])
      }
    })
  })
}
