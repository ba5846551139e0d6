import { useMemo } from 'react'
import type { DrawnTrack } from '../../model/tracks.ts'
import { linesPath } from './paths.ts'

/** Tracks over a map; pieces that gaps and the antimeridian cut are not joined. */
export function TrackLayer({
  tracks,
  hovered,
}: {
  tracks: readonly DrawnTrack[]
  hovered?: DrawnTrack | null
}) {
  const path = useMemo(() => linesPath(tracks.flatMap(({ lines }) => lines)), [tracks])
  const over = useMemo(() => (hovered ? linesPath(hovered.lines) : null), [hovered])
  return (
    <>
      <path className="track-edge" d={path} />
      <path className="track" d={path} />
      {over !== null && <path className="track-hover" d={over} />}
    </>
  )
}

/** The line of the legend that says what a track looks like. */
export function TrackSwatch() {
  return (
    <svg viewBox="0 0 28 18" width="28" height="18" aria-hidden="true">
      <path className="track-edge" d="M2 13L10 5L17 12L26 5" />
      <path className="track" d="M2 13L10 5L17 12L26 5" />
    </svg>
  )
}
