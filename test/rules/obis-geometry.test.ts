/** Shapes of regions and extents, as owners and OBIS write them. */
import { describe, expect, it } from 'vitest'
import { parseShape } from '../../src/rules/obis-geometry.ts'

const ring = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 0],
]
const other = ring.map(([x, y]) => [x! + 5, y! + 5])
const text = (points: number[][]) => points.map((point) => point.join(' ')).join(', ')

describe('a shape is read', () => {
  it.each<[string, unknown]>([
    ['a polygon', { type: 'Polygon', coordinates: [ring] }],
    ['a feature', { type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] } }],
    [
      'a collection',
      {
        type: 'FeatureCollection',
        features: [
          { type: 'Feature', geometry: null },
          { type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] } },
        ],
      },
    ],
    [
      'a collection of geometries',
      { type: 'GeometryCollection', geometries: [{ type: 'Polygon', coordinates: [ring] }] },
    ],
    ['several polygons', { type: 'MultiPolygon', coordinates: [[ring]] }],
  ])('of %s in GeoJSON', (_what, value) => {
    expect(parseShape(JSON.stringify(value))).toEqual({ polygons: [[ring]], points: [] })
  })

  it.each([
    ['Point', [1, 2], [[1, 2]]],
    ['MultiPoint', ring, ring],
    ['LineString', ring, ring],
  ])('of a %s in GeoJSON, as its points', (type, coordinates, points) => {
    expect(parseShape(JSON.stringify({ type, coordinates }))).toEqual({ polygons: [], points })
  })

  it.each([
    `POLYGON((${text(ring)}))`,
    `\ufeffPOLYGON ((${text(ring)}))  `,
    `SRID=4326;POLYGON((${text(ring)}))`,
    `polygon z ((${text(ring)}))`,
    `MULTIPOLYGON(((${text(ring)})))`,
  ])('of %j in WKT', (wkt) => {
    expect(parseShape(wkt)).toEqual({ polygons: [[ring]], points: [] })
  })

  it('of several polygons, with holes', () => {
    const wkt = `MULTIPOLYGON (((${text(ring)}), (${text(other)})) , ((${text(other)})))`
    expect(parseShape(wkt)).toEqual({ polygons: [[ring, other], [other]], points: [] })
  })

  it.each([
    ['POINT(1 2)', [[1, 2]]],
    [
      'MULTIPOINT((1 2), (3 4))',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'MULTIPOINT(1 2, 3 4)',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'MULTILINESTRING((1 2, 3 4), (5 6))',
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
  ])('of %j, as its points', (wkt, points) => {
    expect(parseShape(wkt)).toEqual({ polygons: [], points })
  })

  it('up to the ends of the world, and longitudes that go round it', () => {
    const points = [
      [360, 90],
      [-360, -90],
    ]
    expect(parseShape(`LINESTRING(${text(points)})`).points).toEqual(points)
  })
})

describe('what is no shape says why', () => {
  it.each([
    ['{"type":"FeatureCollection","features":[]}', 'it holds no coordinates'],
    ['{"type":"FeatureCollection","features":[null]}', 'it is no GeoJSON'],
    ['{"type":"FeatureCollection","features":[3]}', 'it is no GeoJSON'],
    ['{"type":"FeatureCollection"}', 'a list of coordinates is missing'],
    ['{"type":"Feature","geometry":null}', 'it holds no coordinates'],
    ['{"type":"Point","coordinates":["1",2]}', 'a coordinate is no number'],
    ['{"type":"Point","coordinates":[1,null]}', 'a coordinate is no number'],
    ['{"type":"Circle","coordinates":[1,2]}', 'it holds a Circle, where polygons are expected'],
    ['POINT(361 2)', '361 2 is no position in degrees, longitude first'],
    ['POINT(2 90.5)', '2 90.5 is no position in degrees, longitude first'],
    ['POLYGON((0 0, 0 91, 1 1, 0 0))', '0 91 is no position in degrees, longitude first'],
    ['POINT(1)', '"1" is no position'],
    ['POINT(a b)', '"a b" is no position'],
    ['POINT(1 b)', '"1 b" is no position'],
    ['CIRCLE(1 2)', 'it is neither GeoJSON nor a shape in WKT ("CIRCLE(1 2)")'],
    ['POINT(1 2', 'it is neither GeoJSON nor a shape in WKT ("POINT(1 2")'],
    [`${'x'.repeat(50)}`, `it is neither GeoJSON nor a shape in WKT ("${'x'.repeat(40)}")`],
  ])('%s', (shape, why) => {
    expect(() => parseShape(shape)).toThrow(new Error(why))
  })
})
