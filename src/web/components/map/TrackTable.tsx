import type { Tracks } from '../../api.ts'
import { useWords } from '../../language.ts'
import { integer } from '../../model/times.ts'
import { DatasetLink } from '../DatasetLink.tsx'
import { TableHead } from '../TableHead.tsx'

const tableRows = 100

/** Days of tracks are days of UTC. */
const day = (iso: string) => iso.slice(0, 10)

/** The tracks in view in words, with ways to their datasets, for those who do not see or point at the map. */
export function TrackTable({
  tracks,
  slugOf,
}: {
  tracks: Tracks
  slugOf: (erddapUrl: string) => string | undefined
}) {
  const { t, language } = useWords()
  const rows = tracks.features.slice(0, tableRows)
  if (rows.length === 0) return null
  return (
    <details className="panel map-table">
      <summary>{t('map.tracks.table')}</summary>
      <table>
        <caption>
          {t('map.tracks.shown', {
            shown: integer(rows.length, language),
            total: integer(tracks.features.length, language),
          })}
        </caption>
        <TableHead
          columns={[
            t('server.column.dataset'),
            t('map.tracks.id'),
            t('map.tracks.from'),
            t('map.tracks.to'),
            { right: t('map.tracks.rows') },
          ]}
        />
        <tbody>
          {rows.map(({ properties: track }) => (
            <tr key={[track.erddap_url, track.dataset_id, track.trajectory_id].join(' ')}>
              <td>
                <DatasetLink slug={slugOf(track.erddap_url) ?? ''} id={track.dataset_id} />
              </td>
              <td className="break">{track.trajectory_id}</td>
              <td className="nowrap">
                <time dateTime={track.time_min}>{day(track.time_min)}</time>
              </td>
              <td className="nowrap">
                <time dateTime={track.time_max}>{day(track.time_max)}</time>
              </td>
              <td className="right">{integer(track.n_rows, language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
