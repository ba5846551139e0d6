/** What part of the world a map shows, in metres of EPSG:3857 with y to the north, and how it is moved. */
import { type Box, toDegrees, withinWorld, worldMetres } from './hexagons.ts'

/** A share of the view: from its left edge, and from its top. */
export interface Spot {
  right: number
  down: number
}

/** Nearer or farther, with what is at the spot staying where it is. */
export function zoomed(box: Box, factor: number, at: Spot = { right: 0.5, down: 0.5 }): Box {
  const width = Math.max(100_000, Math.min(worldMetres * 2.2, box.width * factor))
  const scale = width / box.width
  return withinWorld({
    x: box.x + box.width * at.right * (1 - scale),
    y: box.y + box.height * (1 - at.down) * (1 - scale),
    width,
    height: box.height * scale,
  })
}

/** Shares of the view to the right and up. */
export function moved(box: Box, right: number, up: number): Box {
  return withinWorld({ ...box, x: box.x + right * box.width, y: box.y + up * box.height })
}

/** What a key does to the view; null where it does nothing. */
export function viewAfterKey(box: Box, key: string): Box | null {
  const step = 0.15
  switch (key) {
    case 'ArrowLeft':
      return moved(box, -step, 0)
    case 'ArrowRight':
      return moved(box, step, 0)
    case 'ArrowUp':
      return moved(box, 0, step)
    case 'ArrowDown':
      return moved(box, 0, -step)
    case '+':
    case '=':
      return zoomed(box, 0.6)
    case '-':
      return zoomed(box, 1 / 0.6)
    default:
      return null
  }
}

/** The worlds in view: 0 is the one between the meridians ±180, −1 the same again to its west, 1 to its east. */
export function worldsInView(box: Box): number[] {
  const world = (x: number) => Math.floor((x + worldMetres) / (2 * worldMetres))
  const first = world(box.x)
  // What ends at the very edge shows nothing of the next world.
  const last = Math.ceil((box.x + box.width + worldMetres) / (2 * worldMetres)) - 1
  return Array.from({ length: Math.max(1, last - first + 1) }, (_, index) => first + index)
}

/** The same place between the meridians ±180. */
export function withinMeridians(x: number): number {
  const turn = 2 * worldMetres
  return x - turn * Math.floor((x + worldMetres) / turn)
}

/**
 * West, south, east and north of a view in degrees, a little rounded so that small moves ask nothing new. West is
 * greater than east across the antimeridian.
 */
export function bboxOf(box: Box): string {
  const [left, south] = toDegrees(box.x, box.y)
  const [right, north] = toDegrees(box.x + box.width, box.y + box.height)
  const [west, east] = meridians(Math.floor(left), Math.ceil(right))
  return [west, Math.max(-90, Math.floor(south)), east, Math.min(90, Math.ceil(north))].join(',')
}

function meridians(left: number, right: number): [west: number, east: number] {
  if (right - left >= 360) return [-180, 180]
  const west = left < -180 ? left + 360 : left >= 180 ? left - 360 : left
  const east = right > 180 ? right - 360 : right <= -180 ? right + 360 : right
  // What rounding closed is the whole of the world.
  return west === east ? [-180, 180] : [west, east]
}
