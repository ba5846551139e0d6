/** The grid of PostGIS's `ST_HexagonGrid` in EPSG:3857: flat side up, odd columns half a cell higher. */

export const edgeMetres = { 0: 100_000, 1: 10_000 } as const

const radiusMetres = 6_378_137

/** The centre of a cell in degrees, to five decimals (a metre). */
export function hexagonCentre(
  column: number,
  row: number,
  edge: number,
): { longitude: number; latitude: number } {
  const x = 1.5 * edge * column
  const y = Math.sqrt(3) * edge * (row + (column % 2 === 0 ? 0 : 0.5))
  const degrees = 180 / Math.PI
  return {
    longitude: round((x / radiusMetres) * degrees),
    latitude: round((2 * Math.atan(Math.exp(y / radiusMetres)) - Math.PI / 2) * degrees),
  }
}

/**
 * Columns and rows of the hexagons that a box of degrees (west, south, east, north) may show; null for all. Where the
 * box crosses the antimeridian, the columns begin at its west side and end at its east side.
 */
export function gridBounds(
  box: readonly [west: number, south: number, east: number, north: number] | null,
  edge: number,
): { columns: readonly [number, number] | null; rows: readonly [number, number] | null } {
  if (box === null) return { columns: null, rows: null }
  const [west, south, east, north] = box
  const x = (longitude: number) => (longitude / 180) * Math.PI * radiusMetres
  const y = (latitude: number) =>
    Math.log(Math.tan(Math.PI / 4 + (Math.max(-85.06, Math.min(85.06, latitude)) * Math.PI) / 360)) *
    radiusMetres
  const column = (metres: number) => metres / (1.5 * edge)
  const row = (metres: number) => metres / (Math.sqrt(3) * edge)
  const [first, last] = [Math.floor(column(x(west))) - 1, Math.ceil(column(x(east))) + 1]
  return {
    // A box across the antimeridian that is all but closed has all columns.
    columns: west > east && first <= last ? null : [first, last],
    rows: [Math.floor(row(y(south))) - 1, Math.ceil(row(y(north))) + 1],
  }
}

function round(degrees: number): number {
  return Math.round(degrees * 100_000) / 100_000
}
