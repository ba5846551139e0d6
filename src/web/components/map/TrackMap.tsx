import { useMemo } from 'react'
import type { Tracks } from '../../api.ts'
import { useWords } from '../../language.ts'
import { fitBox, toMetres } from '../../model/hexagons.ts'
import { MapFrame, mapAspect } from './MapFrame.tsx'
import { linesPath } from './paths.ts'

/** So much around the ends of a track, metres. */
const marginMetres = 20_000

/** The tracks of a dataset over the world; pieces that gaps and the antimeridian cut are not joined. */
export function TrackMap({ tracks }: { tracks: Tracks }) {
  const { t } = useWords()
  const lines = useMemo(
    () => tracks.features.flatMap(({ geometry }) => geometry?.coordinates ?? []),
    [tracks],
  )
  const path = useMemo(() => linesPath(lines), [lines])
  const whole = useMemo(
    () =>
      fitBox(
        lines.flat().map(([longitude, latitude]) => toMetres(longitude, latitude)),
        mapAspect,
        marginMetres,
      ),
    [lines],
  )
  if (lines.length === 0) return null
  return (
    <figure className="map">
      <MapFrame label={t('tracks.figure')} whole={whole} choice="tracks">
        {() => <path className="track" d={path} />}
      </MapFrame>
      <figcaption className="faint">{t('tracks.legend')}</figcaption>
    </figure>
  )
}
