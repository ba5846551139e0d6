/** The region whose occurrences a site wants: point in polygon at millions a second. */

import type { Region } from './obis-cells.ts'
import type { Ring, Shape } from './obis-geometry.ts'

const mostBands = 16_384
/** Tiles along each side of the region. */
const tilesAcross = 1024
const [unknown, outside, inside, edged] = [0, 1, 2, 3]

/**
 * The polygons of a shape, indexed: their edges by bands of latitude, so that a position is held against the few edges
 * at its latitude only; and tiles, since a tile without an edge is either inside or outside as a whole. A position on an edge counts as inside or outside, as the numbers fall.
 */
export class PolygonRegion implements Region {
  readonly #south: number
  readonly #north: number
  readonly #west: number
  readonly #east: number
  readonly #bandsPerDegree: number
  readonly #rings: readonly Ring[]
  /** Which polygon an edge belongs to; those of a band come polygon by polygon. */
  readonly #polygonOf: Uint32Array
  /** What is known of each tile, row by row; learnt from the first position in it. */
  readonly #tiles = new Uint8Array(tilesAcross * tilesAcross)
  readonly #tilesPerLatitude: number
  readonly #tilesPerLongitude: number
  /** Four numbers an edge: southern latitude, northern latitude, longitude at the southern end, slope. */
  readonly #edges: Float64Array
  /** The edges of band b are `#edgeOf[#starts[b]]` to before `#edgeOf[#starts[b + 1]]`. */
  readonly #starts: Uint32Array
  readonly #edgeOf: Uint32Array

  constructor({ polygons }: Pick<Shape, 'polygons'>) {
    this.#rings = polygons.flat()
    const edges: number[] = []
    const polygonOf: number[] = []
    let [south, north, west, east] = [90, -90, 360, -360]
    for (const [polygon, ring] of polygons.flatMap((rings, at) => rings.map((ring) => [at, ring] as const))) {
      ring.forEach(([lon, lat], at) => {
        south = Math.min(south, lat)
        north = Math.max(north, lat)
        west = Math.min(west, lon)
        east = Math.max(east, lon)
        const [nextLon, nextLat] = ring[(at + 1) % ring.length]!
        if (lat === nextLat) return
        polygonOf.push(polygon)
        const slope = (nextLon - lon) / (nextLat - lat)
        if (lat < nextLat) edges.push(lat, nextLat, lon, slope)
        else edges.push(nextLat, lat, nextLon, slope)
      })
    }
    this.#south = south
    this.#north = north
    this.#west = west
    this.#east = east
    this.#edges = Float64Array.from(edges)
    this.#polygonOf = Uint32Array.from(polygonOf)
    this.#tilesPerLatitude = tilesAcross / Math.max(north - south, 1e-9)
    this.#tilesPerLongitude = tilesAcross / Math.max(east - west, 1e-9)
    for (let edge = 0; edge < edges.length; edge += 4) this.#markTiles(edge)
    const count = edges.length / 4
    const bands = Math.max(1, Math.min(mostBands, count * 2))
    this.#bandsPerDegree = bands / Math.max(north - south, 1e-9)
    const counts = new Uint32Array(bands + 1)
    const span = (edge: number): [number, number] => [
      this.#band(edges[4 * edge]!, bands),
      this.#band(edges[4 * edge + 1]!, bands),
    ]
    for (let edge = 0; edge < count; edge++) {
      const [first, last] = span(edge)
      for (let band = first; band <= last; band++) counts[band + 1]! += 1
    }
    for (let band = 0; band < bands; band++) counts[band + 1]! += counts[band]!
    const next = counts.slice()
    this.#edgeOf = new Uint32Array(counts[bands]!)
    for (let edge = 0; edge < count; edge++) {
      const [first, last] = span(edge)
      for (let band = first; band <= last; band++) {
        this.#edgeOf[next[band]!] = edge
        next[band]! += 1
      }
    }
    this.#starts = counts
  }

  /** Degrees; a longitude is the same place a turn further on, since regions across the antimeridian go beyond ±180. */
  contains(longitude: number, latitude: number): boolean {
    if (this.#holds(longitude, latitude)) return true
    // Millions of positions are asked about: mostly both are within the meridians.
    if (this.#west >= -180 && this.#east <= 180 && Math.abs(longitude) <= 180) return false
    return this.#holds(longitude + 360, latitude) || this.#holds(longitude - 360, latitude)
  }

  /** Longitudes are as the region's. */
  #holds(longitude: number, latitude: number): boolean {
    // Written so that what is no number is outside.
    if (
      !(
        latitude >= this.#south &&
        latitude <= this.#north &&
        longitude >= this.#west &&
        longitude <= this.#east
      )
    )
      return false
    const tile = this.#row(latitude) * tilesAcross + this.#column(longitude)
    const known = this.#tiles[tile]
    if (known === edged) return this.#isInside(longitude, latitude)
    if (known === unknown) this.#tiles[tile] = this.#isInside(longitude, latitude) ? inside : outside
    return this.#tiles[tile] === inside
  }

  #isInside(longitude: number, latitude: number): boolean {
    const edges = this.#edges
    const band = this.#band(latitude, this.#starts.length - 1)
    const end = this.#starts[band + 1]!
    // Inside of one polygon is enough: polygons may overlap.
    let isInside = false
    let polygon = -1
    for (let at = this.#starts[band]!; at < end; at++) {
      const number = this.#edgeOf[at]!
      const edge = 4 * number
      const low = edges[edge]!
      if (latitude < low || latitude >= edges[edge + 1]!) continue
      if (this.#polygonOf[number] !== polygon) {
        if (isInside) return true
        polygon = this.#polygonOf[number]!
      }
      if (longitude < edges[edge + 2]! + (latitude - low) * edges[edge + 3]!) isInside = !isInside
    }
    return isInside
  }

  /** Whether a shape and the region have anything in common. */
  meets(shape: Shape): boolean {
    if (shape.points.some(([lon, lat]) => this.contains(lon, lat))) return true
    const rings = shape.polygons.flat()
    if (rings.some((ring) => ring.some(([lon, lat]) => this.contains(lon, lat)))) return true
    if (rings.length === 0) return false
    const other = new PolygonRegion(shape)
    if (this.#rings.some((ring) => ring.some(([lon, lat]) => other.contains(lon, lat)))) return true
    return [0, 360, -360]
      .filter((turn) => other.#west + turn <= this.#east && other.#east + turn >= this.#west)
      .flatMap((turn) => rings.map((ring) => turned(ring, turn)))
      .some((ring) => this.#rings.some((own) => ringsCross(ring, own)))
  }

  #row(latitude: number): number {
    return Math.min(tilesAcross - 1, Math.floor((latitude - this.#south) * this.#tilesPerLatitude))
  }

  #column(longitude: number): number {
    return Math.min(
      tilesAcross - 1,
      Math.max(0, Math.floor((longitude - this.#west) * this.#tilesPerLongitude)),
    )
  }

  /** The tiles that an edge passes, and their neighbours, lest the last digit of a number decide. */
  #markTiles(edge: number): void {
    const low = this.#edges[edge]!
    const high = this.#edges[edge + 1]!
    const at = (latitude: number) =>
      this.#edges[edge + 2]! + (Math.min(high, Math.max(low, latitude)) - low) * this.#edges[edge + 3]!
    const last = Math.min(tilesAcross - 1, this.#row(high) + 1)
    for (let row = Math.max(0, this.#row(low) - 1); row <= last; row++) {
      const one = this.#column(at(this.#south + row / this.#tilesPerLatitude))
      const other = this.#column(at(this.#south + (row + 1) / this.#tilesPerLatitude))
      const from = Math.max(0, Math.min(one, other) - 1)
      const to = Math.min(tilesAcross - 1, Math.max(one, other) + 1)
      this.#tiles.fill(edged, row * tilesAcross + from, row * tilesAcross + to + 1)
    }
  }

  #band(latitude: number, bands: number): number {
    return Math.min(bands - 1, Math.max(0, Math.floor((latitude - this.#south) * this.#bandsPerDegree)))
  }
}

function turned(ring: Ring, degrees: number): Ring {
  return degrees === 0 ? ring : ring.map(([longitude, latitude]) => [longitude + degrees, latitude])
}

function ringsCross(a: Ring, b: Ring): boolean {
  for (let i = 0; i < a.length; i++) {
    const a1 = a[i]!
    const a2 = a[(i + 1) % a.length]!
    for (let j = 0; j < b.length; j++) if (cross(a1, a2, b[j]!, b[(j + 1) % b.length]!)) return true
  }
  return false
}

function cross(a: Ring[number], b: Ring[number], c: Ring[number], d: Ring[number]): boolean {
  // Of edges on one line the last digits of numbers would decide, wherever they are on it.
  for (const axis of [0, 1] as const)
    if (
      Math.max(a[axis], b[axis]) < Math.min(c[axis], d[axis]) ||
      Math.max(c[axis], d[axis]) < Math.min(a[axis], b[axis])
    )
      return false
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b)
}

function side([ax, ay]: Ring[number], [bx, by]: Ring[number], [cx, cy]: Ring[number]): boolean {
  return (bx - ax) * (cy - ay) > (by - ay) * (cx - ax)
}
