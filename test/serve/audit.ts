/** Audit rows for tests: runs an hour apart, each with the attempts that a test names. */
import type { Database } from '../../src/database/port.ts'

export const alpha = 'https://erddap.alpha.ca/erddap'
export const beta = 'https://beta.example.org:8443/erddap'
export const gone = 'https://gone.example.org/erddap'
export const obis = 'https://obis.org'

export interface SeedAttempt {
  url: string
  id: string
  status?: 'success' | 'skipped' | 'error'
  reason?: string
  message?: string
  source?: 'erddap' | 'obis'
  ms?: number
  queries?: string[]
}

export interface SeedRun {
  /** Which run it is, from 1: it starts so many hours after the first of January 2026. */
  hour: number
  status?: 'running' | 'ok' | 'failed'
  error?: string
  source?: string
  by?: string
  flowRun?: string
  attempts?: SeedAttempt[]
}

export function runId(hour: number): string {
  return `00000000-0000-4000-8000-${String(hour).padStart(12, '0')}`
}

export function at(hour: number, minutes = 0): Date {
  return new Date(Date.UTC(2026, 0, 1, hour, minutes))
}

export async function seedRun(database: Database, run: SeedRun): Promise<void> {
  const status = run.status ?? 'ok'
  await database.query(
    `INSERT INTO cde.harvest_runs (run_id, started_at, finished_at, git_sha, status, error_message, prefect_flow_run_id,
       scope, triggered_source, triggered_by) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
    [
      runId(run.hour),
      at(run.hour),
      status === 'running' ? null : at(run.hour, 30),
      'abc1234def',
      status,
      run.error ?? null,
      run.flowRun ?? null,
      run.source === undefined ? 'full' : 'single',
      run.source ?? null,
      run.by ?? 'schedule',
    ],
  )
  await seedAttempts(database, run.hour, run.attempts ?? [])
}

/** The nth attempt of a run ends n minutes after its start. */
export async function seedAttempts(
  database: Database,
  hour: number,
  attempts: readonly SeedAttempt[],
  fromMinute = 1,
): Promise<void> {
  for (const [index, attempt] of attempts.entries()) {
    await database.query(
      `INSERT INTO cde.harvest_attempts (run_id, erddap_url, dataset_id, source, status, reason_code, error_message,
         duration_ms, attempted_at, query_urls) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
      [
        runId(hour),
        attempt.url,
        attempt.id,
        attempt.source ?? 'erddap',
        attempt.status ?? 'success',
        attempt.reason ?? null,
        attempt.message ?? null,
        attempt.ms ?? 1200,
        at(hour, fromMinute + index),
        (attempt.queries ?? [`${attempt.url}/info/${attempt.id}/index.csv`]).join('\n'),
      ],
    )
  }
}

export const unchanged = { status: 'skipped', reason: 'UNCHANGED' } as const

/** A dozen runs of one source, one of them failed; then others of a second, an orphaned and an OBIS source. */
export async function seedAudit(database: Database): Promise<void> {
  for (let hour = 1; hour <= 12; hour += 1) {
    await seedRun(database, {
      hour,
      source: alpha,
      attempts: [
        { url: alpha, id: 'buoy_A', ...(hour > 3 ? unchanged : {}) },
        {
          url: alpha,
          id: 'ctd_casts',
          status: 'skipped',
          reason: 'MISSING_CF_ROLE',
          message: 'Needs profile_id',
        },
        hour % 4 === 0
          ? {
              url: alpha,
              id: 'mooring-7',
              status: 'error',
              reason: 'HTTP_ERROR',
              message: 'GET 500 <b>Whoops</b>',
            }
          : { url: alpha, id: 'mooring-7' },
        { url: alpha, id: 'tide 100%/é', ms: 90_000 },
      ],
    })
  }
  await seedRun(database, { hour: 20, source: beta, attempts: [{ url: beta, id: 'b1' }] })
  await seedRun(database, {
    hour: 21,
    source: beta,
    status: 'failed',
    error: 'The list of datasets could not be had: 502',
  })
  await seedRun(database, {
    hour: 22,
    by: 'ana',
    flowRun: '11111111-2222-4333-8444-555555555555',
    attempts: [
      { url: gone, id: 'g1', status: 'skipped', reason: 'CDM_DATA_TYPE_UNSUPPORTED', message: 'Trajectory' },
      { url: gone, id: 'g2', status: 'skipped', reason: 'CDM_DATA_TYPE_UNSUPPORTED', message: 'Other' },
      { url: obis, id: 'f0e7b7d4', source: 'obis', status: 'skipped', reason: 'NO_OCCURRENCES' },
    ],
  })
  await database.query(
    `INSERT INTO harvester.sources (erddap_url, configured, gridded_datasets) VALUES ($1, true, 7), ($2, false, NULL)`,
    [alpha, gone],
  )
  await database.query(
    `INSERT INTO cde.datasets (erddap_url, dataset_id, title, title_fr, eovs, content_hash, content_hash_reason, last_updated_at, verified_at)
     VALUES ($1, 'buoy_A', 'Buoy A', 'Bouée A', '{seaSurfaceTemperature}', 'abc', NULL, $2, $3),
            ($1, 'mooring-7', 'Mooring', NULL, '{seaSurfaceSalinity}', '', 'HASH_NO_FILE_LIST', $2, $2)`,
    [alpha, at(3), at(12)],
  )
}

/** Profiles of the two datasets: three positions off Nova Scotia, one in the Gulf, one shared by both. */
export async function seedProfiles(database: Database): Promise<void> {
  const positions = [
    ['buoy_A', 's1', -63.5, 44.6],
    ['buoy_A', 's2', -63.4, 44.6],
    ['buoy_A', 's3', -60.1, 48.2],
    ['mooring-7', 'm1', -63.5, 44.6],
  ] as const
  for (const [id, station, longitude, latitude] of positions) {
    await database.query(
      `WITH place AS (SELECT st_transform(st_setsrid(st_makepoint($4, $5), 4326), 3857) AS geom),
       cell AS (SELECT c.i, c.j, p.geom FROM place p, harvester.hexagon_cell(100000, st_x(p.geom), st_y(p.geom)) c),
       known AS (SELECT pk FROM cde.hexes_zoom_0 h, cell WHERE h.grid_i = cell.i AND h.grid_j = cell.j),
       made AS (INSERT INTO cde.hexes_zoom_0 (geom) SELECT st_setsrid(st_hexagon(100000, i, j), 3857) FROM cell
                WHERE NOT EXISTS (SELECT 1 FROM known) RETURNING pk)
       INSERT INTO cde.profiles (geom, dataset_pk, erddap_url, dataset_id, timeseries_id, longitude, latitude, hex_0_pk)
       SELECT cell.geom, d.pk, $1, $2, $3, $4, $5, coalesce((SELECT pk FROM known), (SELECT pk FROM made))
       FROM cell, cde.datasets d WHERE d.erddap_url = $1 AND d.dataset_id = $2`,
      [alpha, id, station, longitude, latitude],
    )
  }
}
