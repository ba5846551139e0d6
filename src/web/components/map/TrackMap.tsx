import { useMemo, useState } from 'react'
import type { Tracks } from '../../api.ts'
import { useWords } from '../../language.ts'
import { fitBox } from '../../model/hexagons.ts'
import { type DrawnTrack, drawnTracks, trackAt } from '../../model/tracks.ts'
import { MapFrame, mapAspect, nearPixels } from './MapFrame.tsx'
import { TrackLayer, TrackSwatch } from './TrackLayer.tsx'

/** So much around the ends of a track, metres. */
const marginMetres = 20_000

/** The tracks of a dataset over the world. */
export function TrackMap({ tracks }: { tracks: Tracks }) {
  const { t } = useWords()
  const [hovered, setHovered] = useState<DrawnTrack | null>(null)
  const drawn = useMemo(() => drawnTracks(tracks), [tracks])
  const whole = useMemo(
    () =>
      fitBox(
        drawn.flatMap(({ lines }) => lines.flat()),
        mapAspect,
        marginMetres,
      ),
    [drawn],
  )
  if (drawn.length === 0) return null
  return (
    <figure className="map">
      <MapFrame
        label={t('tracks.figure')}
        whole={whole}
        choice="tracks"
        onPoint={(point) => setHovered(point && trackAt(drawn, point, nearPixels * point.metresPerPixel))}
        tip={hovered?.track.trajectory_id || null}
      >
        {() => <TrackLayer tracks={drawn} hovered={hovered} />}
      </MapFrame>
      <figcaption className="legend">
        <span className="legend-item">
          <TrackSwatch />
          <span>{t('tracks.legend')}</span>
        </span>
      </figcaption>
    </figure>
  )
}
