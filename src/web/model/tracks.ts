/** Tracks as a map draws them: lines in metres of EPSG:3857, and which of them a point is on. */
import type { Tracks } from '../../serve/schemas.ts'
import { toMetres } from './hexagons.ts'

export type Track = Tracks['features'][number]['properties']

export interface DrawnTrack {
  track: Track
  lines: Array<Array<readonly [x: number, y: number]>>
  /** Its ends, so that most tracks need no closer look. */
  ends: { left: number; right: number; bottom: number; top: number }
}

/** Those of which there is something to draw. */
export function drawnTracks(tracks: Tracks): DrawnTrack[] {
  return tracks.features.flatMap(({ geometry, properties }) => {
    if (geometry === null || geometry.coordinates.length === 0) return []
    const lines = geometry.coordinates.map((line) =>
      line.map(([longitude, latitude]) => toMetres(longitude, latitude)),
    )
    return [{ track: properties, lines, ends: endsOf(lines) }]
  })
}

function endsOf(lines: DrawnTrack['lines']): DrawnTrack['ends'] {
  const ends = { left: Infinity, right: -Infinity, bottom: Infinity, top: -Infinity }
  for (const line of lines)
    for (const [x, y] of line) {
      ends.left = Math.min(ends.left, x)
      ends.right = Math.max(ends.right, x)
      ends.bottom = Math.min(ends.bottom, y)
      ends.top = Math.max(ends.top, y)
    }
  return ends
}

/** The track nearest to a point, where one is within so many metres of it. */
export function trackAt(
  tracks: readonly DrawnTrack[],
  point: { x: number; y: number },
  within: number,
): DrawnTrack | null {
  let found: DrawnTrack | null = null
  let least = within
  for (const track of tracks) {
    const { left, right, bottom, top } = track.ends
    if (point.x < left - least || point.x > right + least) continue
    if (point.y < bottom - least || point.y > top + least) continue
    for (const line of track.lines) {
      const distance = distanceTo(line, point)
      if (distance > least) continue
      least = distance
      found = track
    }
  }
  return found
}

function distanceTo(
  line: ReadonlyArray<readonly [number, number]>,
  { x, y }: { x: number; y: number },
): number {
  let least = Infinity
  for (let index = 1; index < line.length; index += 1) {
    const [ax, ay] = line[index - 1]!
    const [bx, by] = line[index]!
    const [dx, dy] = [bx - ax, by - ay]
    const length = dx * dx + dy * dy
    const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length))
    least = Math.min(least, Math.hypot(x - ax - along * dx, y - ay - along * dy))
  }
  return least
}

/** What a track is called: its dataset, and its id where it has one. */
export function trackName({ dataset_id, trajectory_id }: Track): string {
  return trajectory_id === '' ? dataset_id : `${dataset_id} · ${trajectory_id}`
}
