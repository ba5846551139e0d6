/**
 * The line of a trajectory, as a map draws it: cut at the antimeridian, at gaps, and where it would demand a speed that
 * no platform has (positions at 0, 0 are a known plague); then simplified.
 */

import { roundTo } from '../numbers.ts'
import { positionDecimals } from '../position.ts'
import { dayMs } from './time.ts'

export interface Vertex {
  /** Epoch milliseconds. */
  time: number
  latitude: number
  /** Within ±180. */
  longitude: number
}

export type LonLat = [longitude: number, latitude: number]

export interface Bounds {
  /** Greater than `east` where the track crosses the antimeridian. */
  west: number
  east: number
  south: number
  north: number
}

const longestGapMs = 30 * dayMs
/** Of whatever is at sea: ships and animals are slower, an aircraft's track is none of ours. */
const fastestMetresPerSecond = 25
export const mostVertices = 500
/** Degrees. */
const firstTolerance = 0.02
const earthRadiusMetres = 6_371_000

/**
 * @param vertices in order of time
 * @returns the pieces of the line, none of them with less than two vertices; none where nothing can be drawn
 */
export function trackLines(vertices: readonly Vertex[]): LonLat[][] {
  const pieces = cutAtJumps(vertices).map(unwrapped)
  const lines = pieces.flatMap(cutAtAntimeridian).filter((line) => line.length > 1)
  let simplified = lines
  for (let tolerance = firstTolerance; tolerance < 360; tolerance *= 2) {
    simplified = lines.map((line) => simplify(line, tolerance))
    if (count(simplified) <= mostVertices) break
  }
  return longest(simplified).map((line) =>
    line.map(([longitude, latitude]) => [
      roundTo(longitude, positionDecimals),
      roundTo(latitude, positionDecimals),
    ]),
  )
}

/** Where the positions lie; null where there is none. */
export function trackBounds(vertices: readonly Vertex[]): Bounds | null {
  const line = unwrapped(vertices)
  if (line.length === 0) return null
  let [west, south] = line[0]!
  let [east, north] = line[0]!
  for (const [longitude, latitude] of line) {
    west = Math.min(west, longitude)
    east = Math.max(east, longitude)
    south = Math.min(south, latitude)
    north = Math.max(north, latitude)
  }
  const around = east - west >= 360
  const rounded = (value: number) => roundTo(value, positionDecimals)
  return {
    west: rounded(around ? -180 : within(west)),
    east: rounded(around ? 180 : within(east)),
    south: rounded(south),
    north: rounded(north),
  }
}

/** The longitude next to another one: 181 after 179, and not −179. */
export function unwrapAbout(longitude: number, about: number): number {
  return longitude - 360 * Math.round((longitude - about) / 360)
}

/** Brings a longitude back to ±180; the antimeridian stays on its side. */
export function within(longitude: number): number {
  return Math.abs(longitude) <= 180 ? longitude : unwrapAbout(longitude, 0)
}

/** `MULTILINESTRING((1 2,3 4))`; null for no line. */
export function linesWkt(lines: readonly LonLat[][]): string | null {
  if (lines.length === 0) return null
  const text = lines.map((line) => `(${line.map((vertex) => vertex.join(' ')).join(',')})`)
  return `MULTILINESTRING(${text.join(',')})`
}

function cutAtJumps(vertices: readonly Vertex[]): Vertex[][] {
  const pieces: Vertex[][] = []
  let last: Vertex | undefined
  for (const vertex of vertices) {
    if (last === undefined || isJump(last, vertex)) pieces.push([vertex])
    else pieces.at(-1)!.push(vertex)
    last = vertex
  }
  return pieces
}

function isJump(from: Vertex, to: Vertex): boolean {
  const ms = to.time - from.time
  if (ms > longestGapMs) return true
  return distanceMetres(from, to) > (fastestMetresPerSecond * ms) / 1000
}

/** On the great circle. */
function distanceMetres(
  from: Pick<Vertex, 'latitude' | 'longitude'>,
  to: Pick<Vertex, 'latitude' | 'longitude'>,
): number {
  const radians = Math.PI / 180
  const north = (to.latitude - from.latitude) * radians
  const east = (to.longitude - from.longitude) * radians
  const a =
    Math.sin(north / 2) ** 2 +
    Math.cos(from.latitude * radians) * Math.cos(to.latitude * radians) * Math.sin(east / 2) ** 2
  return 2 * earthRadiusMetres * Math.asin(Math.min(1, Math.sqrt(a)))
}

/** Each longitude next to the one before. */
function unwrapped(vertices: readonly Vertex[]): LonLat[] {
  let last: number | undefined
  return vertices.map(({ longitude, latitude }) => {
    last = last === undefined ? longitude : unwrapAbout(longitude, last)
    return [last, latitude]
  })
}

/** Pieces within ±180, each beginning and ending where the line meets the antimeridian. */
function cutAtAntimeridian(line: readonly LonLat[]): LonLat[][] {
  const pieces: LonLat[][] = []
  let piece: LonLat[] = []
  let turns = 0
  for (const [at, vertex] of line.entries()) {
    const [longitude, latitude] = vertex
    const now = turnOf(longitude, turns)
    const last = line[at - 1]
    if (last !== undefined && now !== turns) {
      const step = Math.sign(now - turns)
      const edge = 360 * turns + 180 * step
      const share = (edge - last[0]) / (longitude - last[0])
      const crossing = last[1] + share * (latitude - last[1])
      piece.push([180 * step, crossing])
      pieces.push(piece)
      piece = [[-180 * step, crossing]]
    }
    turns = now
    piece.push([longitude - 360 * turns, latitude])
  }
  pieces.push(piece)
  return pieces.map(withoutRepeats)
}

/** How many turns a longitude is away; one on the antimeridian itself stays where the line is. */
function turnOf(longitude: number, turns: number): number {
  if (Math.abs(longitude - 360 * turns) <= 180) return turns
  return turns + (longitude > 360 * turns ? 1 : -1)
}

function withoutRepeats(line: readonly LonLat[]): LonLat[] {
  return line.filter(([longitude, latitude], at) => {
    const last = line[at - 1]
    return last === undefined || last[0] !== longitude || last[1] !== latitude
  })
}

/** Douglas and Peucker, without recursion: what lies within the tolerance (degrees) of the line between others goes. */
export function simplify(line: readonly LonLat[], tolerance: number): LonLat[] {
  if (line.length < 3) return [...line]
  const kept = new Uint8Array(line.length)
  kept[0] = 1
  kept[line.length - 1] = 1
  const open: [number, number][] = [[0, line.length - 1]]
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    const [from, to] = span
    let furthest = 0
    let distance = tolerance * tolerance
    for (let at = from + 1; at < to; at += 1) {
      const found = squaredDistance(line[at]!, line[from]!, line[to]!)
      if (found > distance) {
        distance = found
        furthest = at
      }
    }
    if (furthest === 0) continue
    kept[furthest] = 1
    open.push([from, furthest], [furthest, to])
  }
  return line.filter((_, at) => kept[at] === 1)
}

/** From a vertex to the segment between two others. */
function squaredDistance([x, y]: LonLat, [x1, y1]: LonLat, [x2, y2]: LonLat): number {
  const dx = x2 - x1
  const dy = y2 - y1
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / length
  const share = Math.max(0, Math.min(1, along))
  const east = x - x1 - share * dx
  const north = y - y1 - share * dy
  return east * east + north * north
}

/** A track in hundreds of pieces loses the shortest ones, in their place. */
function longest(lines: LonLat[][]): LonLat[][] {
  if (count(lines) <= mostVertices) return lines
  const order = [...lines].sort((one, other) => lengthOf(other) - lengthOf(one))
  const kept = new Set<LonLat[]>()
  let vertices = 0
  for (const line of order) {
    vertices += line.length
    if (vertices > mostVertices) break
    kept.add(line)
  }
  return lines.filter((line) => kept.has(line))
}

function lengthOf(line: readonly LonLat[]): number {
  return line.reduce((sum, [x, y], at) => {
    const last = line[at - 1]
    return last === undefined ? 0 : sum + Math.hypot(x - last[0], y - last[1])
  }, 0)
}

function count(lines: readonly LonLat[][]): number {
  return lines.reduce((sum, line) => sum + line.length, 0)
}
