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

function round(degrees: number): number {
  return Math.round(degrees * 100_000) / 100_000
}
