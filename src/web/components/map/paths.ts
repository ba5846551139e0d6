/** Paths of an SVG in kilometres of EPSG:3857 with y down: metres would be more digits than a screen can show. */
import { again, rings } from '../../coastline/coastline.generated.ts'
import { read } from '../../coastline/numbers.ts'
import { hexagonCorners, toMetres } from '../../model/hexagons.ts'

const land = rings.split(' ').map(read)

/** Land of one world; what crosses its edge is drawn on both sides of it. */
export const landPath: string = [
  ...land.map((ring) => ringPath(ring, 0)),
  ...again.map(([index, degrees]) => ringPath(land[index] ?? [], degrees)),
].join('')

/** Steps of hundredths of a degree, as the coastline has them. */
function ringPath(ring: readonly number[], shift: number): string {
  let [longitude, latitude] = [shift, 0]
  let path = ''
  for (let index = 0; index + 1 < ring.length; index += 2) {
    longitude += (ring[index] ?? 0) / 100
    latitude += (ring[index + 1] ?? 0) / 100
    const [x, y] = toMetres(longitude, latitude)
    path += `${index === 0 ? 'M' : 'L'}${(x / 1000).toFixed(1)} ${(-y / 1000).toFixed(1)}`
  }
  return `${path}Z`
}

/** Lines in metres of EPSG:3857 with y to the north. */
export function linesPath(lines: ReadonlyArray<ReadonlyArray<readonly [x: number, y: number]>>): string {
  return lines
    .map((line) => `M${line.map(([x, y]) => `${(x / 1000).toFixed(2)} ${(-y / 1000).toFixed(2)}`).join('L')}`)
    .join('')
}

/** Hexagons by their centres in degrees. */
export function hexagonsPath(
  centres: ReadonlyArray<{ longitude: number; latitude: number }>,
  edgeMetres: number,
): string {
  return centres
    .map(({ longitude, latitude }) => {
      const [x, y] = toMetres(longitude, latitude)
      return `M${hexagonCorners(x, y, edgeMetres)
        .map(([cx, cy]) => `${(cx / 1000).toFixed(2)} ${(-cy / 1000).toFixed(2)}`)
        .join('L')}Z`
    })
    .join('')
}
