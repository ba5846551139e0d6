import { useMemo, useState } from 'react'
import type { Coverage } from '../../api.ts'
import { useWords } from '../../language.ts'
import { type Box, classBounds, classOf, fitBox, hexagonAt, toMetres } from '../../model/hexagons.ts'
import { integer } from '../../model/times.ts'
import { type DrawnTrack, trackAt, trackName } from '../../model/tracks.ts'
import { amountOf, type Hexagon, useAmounts } from './amounts.ts'
import { MapFrame, mapAspect, nearPixels } from './MapFrame.tsx'
import { hexagonsPath } from './paths.ts'
import { TrackLayer, TrackSwatch } from './TrackLayer.tsx'

/** Hexagons over the world, darker where there is more, and tracks over them; each is told where one points at it. */
export function HexagonMap({
  coverage,
  whole: all,
  tracks,
  choice,
  onView,
}: {
  /** What is drawn. */
  coverage: Coverage
  /** What the map is of: what is drawn may be a part of it. */
  whole: Coverage
  /** Drawn over the hexagons; null for no such layer. */
  tracks: readonly DrawnTrack[] | null
  choice: string
  onView: (box: Box) => void
}) {
  const { t } = useWords()
  const amounts = useAmounts()
  const { hexagons, edge_metres: edge } = coverage
  const [hovered, setHovered] = useState<Hexagon | null>(null)
  const [track, setTrack] = useState<DrawnTrack | null>(null)
  const whole = useMemo(
    () =>
      fitBox(
        all.hexagons.map((hexagon) => toMetres(hexagon.longitude, hexagon.latitude)),
        mapAspect,
        all.edge_metres,
      ),
    [all],
  )
  const bounds = useMemo(() => classBounds(hexagons.map(amountOf)), [hexagons])
  const classes = useMemo(
    () =>
      bounds.map((_, index) =>
        hexagonsPath(
          hexagons.filter((hexagon) => classOf(amountOf(hexagon), bounds) === index),
          edge,
        ),
      ),
    [hexagons, bounds, edge],
  )
  const byCell = useMemo(() => {
    const cells = new Map<string, Hexagon>()
    for (const hexagon of hexagons) {
      const { column, row } = hexagonAt(...toMetres(hexagon.longitude, hexagon.latitude), edge)
      cells.set(`${column} ${row}`, hexagon)
    }
    return cells
  }, [hexagons, edge])
  const point = (at: { x: number; y: number; metresPerPixel: number } | null) => {
    const cell = at && hexagonAt(at.x, at.y, edge)
    setHovered((cell && byCell.get(`${cell.column} ${cell.row}`)) ?? null)
    setTrack(at && tracks && trackAt(tracks, at, nearPixels * at.metresPerPixel))
  }
  const counted =
    hovered &&
    t('map.hover', {
      profiles: amounts.both(hovered),
      datasets: amounts.datasets(hovered.n_datasets),
    })
  return (
    <figure className="map">
      <MapFrame
        label={t('map.figure')}
        whole={whole}
        choice={choice}
        onView={onView}
        onPoint={point}
        tip={[track && trackName(track.track), counted].filter(Boolean).join(' · ') || null}
      >
        {(box) => (
          <>
            {classes.map((path, index) => (
              <path
                key={bounds[index]}
                className={`hex hex-${shade(index, bounds.length)}${isTiny(edge, box) ? ' tiny' : ''}`}
                d={path}
              />
            ))}
            {hovered && <path className="hex-hover" d={hexagonsPath([hovered], edge)} />}
            {tracks && <TrackLayer tracks={tracks} hovered={track} />}
          </>
        )}
      </MapFrame>
      <Legend bounds={bounds} tracks={tracks !== null} />
    </figure>
  )
}

/** A hexagon of less than some six pixels on a screen of a thousand. */
const isTiny = (edge: number, box: Box): boolean => edge / box.width < 0.003

/** Classes spread over the five shades, so that two neighbours can be told apart. */
function shade(index: number, classes: number): number {
  return classes === 1 ? 3 : Math.round((index / (classes - 1)) * 4)
}

function Legend({ bounds, tracks }: { bounds: readonly number[]; tracks: boolean }) {
  const { t, language } = useWords()
  return (
    <figcaption className="legend">
      <span>{t('map.legend')}</span>
      {bounds.map((bound, index) => {
        const from = (bounds[index - 1] ?? 0) + 1
        return (
          <span key={bound} className="legend-item">
            <svg viewBox="0 0 20 18" width="20" height="18" aria-hidden="true">
              <path
                className={`hex hex-${shade(index, bounds.length)}`}
                d="M19 9L14.5 16.8L5.5 16.8L1 9L5.5 1.2L14.5 1.2Z"
              />
            </svg>
            {from === bound
              ? integer(bound, language)
              : `${integer(from, language)}–${integer(bound, language)}`}
          </span>
        )
      })}
      {tracks && (
        <span className="legend-item">
          <TrackSwatch />
          {t('map.legend.tracks')}
        </span>
      )}
    </figcaption>
  )
}
