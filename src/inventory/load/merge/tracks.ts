import { columnsWith } from '../../contract.ts'
import type { Merge } from './context.ts'

const plain = columnsWith('tracks', 'data').filter((column) => column !== 'geom')
/** Compared as bytes: the operators of geometries look at their boxes in some versions. */
const bytes = (geometry: string) => `ST_AsEWKB(${geometry})`

/** Brings the tracks of the datasets that take part to what the folder has; a folder without tracks has none. */
export async function writeTracks({ session, stage, tables }: Merge): Promise<void> {
  const staged = `(
    SELECT d.erddap_url, d.dataset_id, coalesce(s.trajectory_id, '') AS trajectory_id,
      ${plain.map((column) => `s.${column}`).join(', ')}, ST_GeomFromText(s.geom, 4326) AS geom
    FROM ${stage.tracks} s JOIN ${tables.datasets} d USING (n))`
  const sameTrack = `t.erddap_url = s.erddap_url AND t.dataset_id = s.dataset_id AND t.trajectory_id = s.trajectory_id`
  await session.query(`
    DELETE FROM harvester.tracks t USING ${tables.datasets} d
    WHERE t.erddap_url = d.erddap_url AND t.dataset_id = d.dataset_id
      AND NOT EXISTS (SELECT 1 FROM ${staged} s WHERE ${sameTrack})`)
  // Like a profile, a track that nobody could count keeps the number that it had.
  const value = (column: string) =>
    column === 'n_records' ? 'coalesce(s.n_records, t.n_records)' : `s.${column}`
  await session.query(`
    UPDATE harvester.tracks t SET ${plain.map((column) => `${column} = ${value(column)}`).join(', ')}, geom = s.geom
    FROM ${staged} s WHERE ${sameTrack}
      AND (${plain.map(value).join(', ')}, ${bytes('s.geom')})
        IS DISTINCT FROM (${plain.map((column) => `t.${column}`).join(', ')}, ${bytes('t.geom')})`)
  await session.query(`
    INSERT INTO harvester.tracks (erddap_url, dataset_id, trajectory_id, ${plain.join(', ')}, geom)
    SELECT s.erddap_url, s.dataset_id, s.trajectory_id, ${plain.map((column) => `s.${column}`).join(', ')}, s.geom
    FROM ${staged} s WHERE NOT EXISTS (SELECT 1 FROM harvester.tracks t WHERE ${sameTrack})`)
}
