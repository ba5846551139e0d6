/** The map's geometry: web Mercator, and the hexagons as PostGIS lays them (flat side up, grid fixed at the origin). */

const radiusMetres = 6_378_137
/** Half the width of the world in EPSG:3857. */
export const worldMetres = Math.PI * radiusMetres

export function toMetres(longitude: number, latitude: number): [x: number, y: number] {
  const clamped = Math.max(-85.06, Math.min(85.06, latitude))
  return [
    (longitude / 180) * worldMetres,
    Math.log(Math.tan(Math.PI / 4 + (clamped * Math.PI) / 360)) * radiusMetres,
  ]
}

export function toDegrees(x: number, y: number): [longitude: number, latitude: number] {
  return [(x / worldMetres) * 180, (Math.atan(Math.exp(y / radiusMetres)) * 360) / Math.PI - 90]
}

/** The corners of a hexagon of the given edge around its centre, all in metres. */
export function hexagonCorners(x: number, y: number, edgeMetres: number): Array<[number, number]> {
  const half = (Math.sqrt(3) / 2) * edgeMetres
  return [
    [x + edgeMetres, y],
    [x + edgeMetres / 2, y + half],
    [x - edgeMetres / 2, y + half],
    [x - edgeMetres, y],
    [x - edgeMetres / 2, y - half],
    [x + edgeMetres / 2, y - half],
  ]
}

/** Column and row of the grid's hexagon that holds a point: the inverse of PostGIS's ST_Hexagon. */
export function hexagonAt(x: number, y: number, edgeMetres: number): { column: number; row: number } {
  const height = Math.sqrt(3) * edgeMetres
  const near = Math.round(x / (1.5 * edgeMetres))
  let best = { column: 0, row: 0 }
  let bestDistance = Number.POSITIVE_INFINITY
  for (const column of [near - 1, near, near + 1]) {
    const offset = column % 2 === 0 ? 0 : 0.5
    const row = Math.round(y / height - offset)
    const dx = x - column * 1.5 * edgeMetres
    const dy = y - (row + offset) * height
    const distance = dx * dx + dy * dy
    if (distance < bestDistance) {
      // Adding nought makes a minus nought a nought.
      best = { column: column + 0, row: row + 0 }
      bestDistance = distance
    }
  }
  return best
}

export interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** The part of the world that shows all the points, with room around them, in the shape of the frame. */
export function fitBox(
  points: ReadonlyArray<readonly [number, number]>,
  aspect: number,
  edgeMetres: number,
): Box {
  if (points.length === 0)
    return shape(-worldMetres, -worldMetres * 0.6, worldMetres * 2, worldMetres * 1.4, aspect)
  let [bottom, top] = [Infinity, -Infinity]
  for (const [, y] of points) {
    bottom = Math.min(bottom, y)
    top = Math.max(top, y)
  }
  const [left, right] = leastSpan(points.map(([x]) => x))
  const margin = Math.max(edgeMetres * 2, (right - left) * 0.08, (top - bottom) * 0.08, 150_000)
  return shape(left - margin, bottom - margin, right - left + 2 * margin, top - bottom + 2 * margin, aspect)
}

/** The shortest way round the world that meets all of these, which may lead across the antimeridian. */
function leastSpan(xs: readonly number[]): [left: number, right: number] {
  const sorted = [...xs].sort((a, b) => a - b)
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)]
  let span: [number, number] = [first, last]
  let widest = first + 2 * worldMetres - last
  for (let index = 1; index < sorted.length; index += 1) {
    const [from = 0, to = 0] = [sorted[index - 1], sorted[index]]
    if (to - from <= widest) continue
    widest = to - from
    span = [to - 2 * worldMetres, from]
  }
  // What reaches round more than half of the world is shown as maps of it are.
  if (span[1] - span[0] > worldMetres) return [first, last]
  // The middle of what is shown lies within the world.
  const turn = span[0] + span[1] < -2 * worldMetres ? 2 * worldMetres : 0
  return [span[0] + turn, span[1] + turn]
}

/** Widens or heightens a box around its centre until it has the aspect (width / height). */
function shape(x: number, y: number, width: number, height: number, aspect: number): Box {
  if (width / height < aspect) {
    const wider = height * aspect
    return { x: x - (wider - width) / 2, y, width: wider, height }
  }
  const higher = width / aspect
  return { x, y: y - (higher - height) / 2, width, height: higher }
}

/** Upper bounds of the legend's classes: powers of ten that the data reach, at most five. */
export function classBounds(counts: readonly number[]): number[] {
  const most = counts.reduce((best, count) => Math.max(best, count), 0)
  if (most <= 0) return []
  const bounds = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]
  const needed = bounds.filter((_, index) => index === 0 || (bounds[index - 1] ?? 0) < most)
  return needed.length <= 5 ? needed : needed.slice(needed.length - 5)
}

/** Which class a count belongs to: the first whose bound is not below it. */
export function classOf(count: number, bounds: readonly number[]): number {
  const index = bounds.findIndex((bound) => count <= bound)
  return index < 0 ? bounds.length - 1 : index
}

/** The box moved so that the middle of the view stays within the world: beyond its edge there is nothing to see. */
export function withinWorld(box: Box): Box {
  const middle = (from: number, length: number) => from + length / 2
  const held = (at: number) => Math.max(-worldMetres, Math.min(worldMetres, at))
  return {
    ...box,
    x: held(middle(box.x, box.width)) - box.width / 2,
    y: held(middle(box.y, box.height)) - box.height / 2,
  }
}
