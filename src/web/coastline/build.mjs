// Makes coastline.generated.ts from Natural Earth's land at 1:50 million: simplified, and as flat lists of whole numbers
// (hundredths of a degree, each point as the difference from the one before) in the characters of numbers.ts, which is
// small and needs no library to read.
//   tsx src/web/coastline/build.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { feature } from 'topojson-client'
import { presimplify, simplify, sphericalTriangleArea } from 'topojson-simplify'
import { written } from './numbers.ts'

const require = createRequire(import.meta.url)
const land = JSON.parse(readFileSync(require.resolve('world-atlas/land-50m.json'), 'utf8'))
// 3e-6 steradians: wiggles of less than about 120 km² go, which is finer than the small hexagons show.
const simple = simplify(presimplify(land, sphericalTriangleArea), 3e-6)
const shapes = feature(simple, simple.objects.land)
const rings = []
const again = []
const polygons =
  shapes.type === 'FeatureCollection' ? shapes.features.map((f) => f.geometry) : [shapes.geometry]
for (const geometry of polygons) {
  const all = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  for (const polygon of all) for (const ring of polygon) addRing(unwrap(ring))
}

// Land that crosses the antimeridian goes on beyond 180 degrees, and is drawn at both ends of the map. What goes
// around the pole is closed below it.
function unwrap(ring) {
  const points = []
  let shift = 0
  for (const [index, [longitude, latitude]] of ring.entries()) {
    const before = ring[index - 1]?.[0] ?? longitude
    if (longitude - before > 180) shift -= 360
    if (longitude - before < -180) shift += 360
    points.push([longitude + shift, latitude])
  }
  if (shift !== 0) points.push([points.at(-1)[0], -85], [points[0][0], -85])
  return points
}

function addRing(points) {
  const flat = flatten(points)
  // Islands too small to be seen are left out: fewer than four points are left of them.
  if (flat.length < 8) return
  rings.push(flat)
  const longitudes = points.map(([longitude]) => longitude)
  if (Math.max(...longitudes) > 180.01) again.push([rings.length - 1, -360])
  if (Math.min(...longitudes) < -180.01) again.push([rings.length - 1, 360])
}

function flatten(points) {
  const flat = []
  let [px, py] = [0, 0]
  for (const [longitude, latitude] of points) {
    const x = Math.round(longitude * 100)
    const y = Math.round(Math.max(-85, Math.min(85, latitude)) * 100)
    if (flat.length > 0 && x === px && y === py) continue
    flat.push(x - px, y - py)
    px = x
    py = y
  }
  return flat
}

const text = `/** Natural Earth's land at 1:50 million (public domain), simplified by build.mjs: do not edit. */
export const rings = ${JSON.stringify(rings.map(written).join(' '))}

/** Rings that cross the antimeridian, and by how many degrees they are drawn again. */
export const again: readonly (readonly [ring: number, degrees: number])[] = ${JSON.stringify(again)}
`
writeFileSync(new URL('coastline.generated.ts', import.meta.url), text)
console.log(`${rings.length} rings, ${text.length} bytes`)
