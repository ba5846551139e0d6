import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseShape, type Ring } from '../../src/rules/obis-geometry.ts'
import { PolygonRegion } from '../../src/rules/obis-region.ts'
import { coarseOutlineFile } from '../../src/sources/obis/filter.ts'

const square = (west: number, south: number, east: number, north: number): Ring => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
]

const corner = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 }))

/** Ray casting over all edges, as textbooks have it. */
function plainContains(polygons: readonly (readonly Ring[])[], lon: number, lat: number): boolean {
  return polygons.some((rings) => {
    let inside = false
    for (const ring of rings)
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [xi, yi] = ring[i]!
        const [xj, yj] = ring[j]!
        if (yi > lat !== yj > lat && lon < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) inside = !inside
      }
    return inside
  })
}

describe('a region', () => {
  it('holds what lies in any of its polygons, and not what lies in their holes', () => {
    const region = new PolygonRegion({
      polygons: [[square(0, 0, 10, 10), square(4, 4, 6, 6)], [square(8, 8, 20, 20)]],
    })
    expect(region.contains(1, 1)).toBe(true)
    expect(region.contains(5, 5)).toBe(false)
    // Where two polygons overlap it is inside of both.
    expect(region.contains(9, 9)).toBe(true)
    expect(region.contains(15, 15)).toBe(true)
    expect(region.contains(21, 15)).toBe(false)
    expect(region.contains(Number.NaN, 1)).toBe(false)
    expect(region.contains(1, Number.NaN)).toBe(false)
  })

  it('decides as a test against every edge does, whatever the polygons', () => {
    // Corners on a grid, positions off it: on an edge the last digit of a number would decide.
    const position = corner.map(([lon, lat]) => [lon + Math.PI / 10, lat + Math.E / 10] as const)
    const polygons = fc.array(
      fc.array(fc.array(corner, { minLength: 3, maxLength: 12 }), { minLength: 1, maxLength: 2 }),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    fc.assert(
      fc.property(polygons, fc.array(position, { maxLength: 40 }), (shape, points) => {
        const region = new PolygonRegion({ polygons: shape })
        for (const [lon, lat] of points)
          expect(region.contains(lon, lat)).toBe(plainContains(shape, lon, lat))
      }),
    )
  })

  it('decides on both sides of every edge, near it', () => {
    fc.assert(
      fc.property(fc.array(corner, { minLength: 3, maxLength: 6 }), (ring) => {
        const region = new PolygonRegion({ polygons: [[ring]] })
        for (const [i, [x1, y1]] of ring.entries()) {
          const [x2, y2] = ring[(i + 1) % ring.length]!
          for (let step = 1; step < 40; step += 1)
            for (const [east, north] of [
              [0.0217, 0.0131],
              [-0.0217, -0.0131],
            ] as const) {
              const lon = x1 + ((x2 - x1) * step) / 40.3 + east
              const lat = y1 + ((y2 - y1) * step) / 40.3 + north
              expect([lon, lat, region.contains(lon, lat)]).toEqual([
                lon,
                lat,
                plainContains([[ring]], lon, lat),
              ])
            }
        }
      }),
    )
  })

  it('across the antimeridian holds what lies on either side of it, however it counts the longitudes', () => {
    for (const turn of [0, -360]) {
      const region = new PolygonRegion({ polygons: [[square(170 + turn, -20, 190 + turn, -10)]] })
      for (const [longitude, is] of [
        [175, true],
        [-175, true],
        [180, true],
        [-180, true],
        [185, true],
        [165, false],
        [-165, false],
        [0, false],
        [Number.NaN, false],
      ] as const)
        expect([turn, longitude, region.contains(longitude, -15)]).toEqual([turn, longitude, is])
      const meets = (wkt: string) => region.meets(parseShape(wkt))
      expect(meets('POINT(-175 -15)')).toBe(true)
      expect(meets('POLYGON((-175 -14,-170 -14,-170 -12,-175 -12,-175 -14))')).toBe(true)
      expect(meets('POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))')).toBe(true)
      // Without any corner of one in the other.
      expect(meets('POLYGON((-195 -16,-165 -16,-165 -14,-195 -14,-195 -16))')).toBe(true)
      expect(meets('POLYGON((-176 -30,-174 -30,-174 0,-176 0,-176 -30))')).toBe(true)
      expect(meets('POLYGON((-165 -30,-160 -30,-160 0,-165 0,-165 -30))')).toBe(false)
    }
    const near = new PolygonRegion({ polygons: [[square(-10, 0, 10, 10)]] })
    expect(near.meets(parseShape('POLYGON((355 -5,358 -5,358 20,355 20,355 -5))'))).toBe(true)
    expect(near.meets(parseShape('POLYGON((345 -5,348 -5,348 20,345 20,345 -5))'))).toBe(false)
  })

  it('meets an extent that it overlaps, encloses, lies in or crosses without any corner inside', () => {
    const region = new PolygonRegion({ polygons: [[square(0, 0, 10, 10)]] })
    const meets = (wkt: string) => region.meets(parseShape(wkt))
    expect(meets('POLYGON((5 5,15 5,15 15,5 15,5 5))')).toBe(true)
    expect(meets('POLYGON((1 1,2 1,2 2,1 2,1 1))')).toBe(true)
    expect(meets('POLYGON((-50 -50,50 -50,50 50,-50 50,-50 -50))')).toBe(true)
    expect(meets('POLYGON((-5 4,15 4,15 6,-5 6,-5 4))')).toBe(true)
    expect(meets('POLYGON((11 11,15 11,15 15,11 15,11 11))')).toBe(false)
    expect(meets('POINT(3 3)')).toBe(true)
    expect(meets('POINT(13 3)')).toBe(false)
  })

  it.each([
    [0, 30, 40],
    [20, -50, 35],
    [45, 60, -30],
    [70, -90, -20],
    [110, 5, 5],
    [160, -12, 44],
  ])(
    'meets a strip that crosses it without any corner inside, and none that passes by: %i°',
    (degrees, east, north) => {
      /** Turned about the middle, which lies elsewhere each time. */
      const strip = (x: number, y: number, length: number, width: number): Ring => {
        const [sin, cos] = [Math.sin((degrees / 180) * Math.PI), Math.cos((degrees / 180) * Math.PI)]
        return square(x - length / 2, y - width / 2, x + length / 2, y + width / 2).map(([a, b]) => [
          east + a * cos - b * sin,
          north + a * sin + b * cos,
        ])
      }
      const region = new PolygonRegion({ polygons: [[strip(0, 0, 20, 1)]] })
      const meets = (ring: Ring) => region.meets({ points: [], polygons: [[ring]] })
      for (const x of [-9, -4, 0, 6, 9]) expect([x, meets(strip(x, 0, 1, 20))]).toEqual([x, true])
      for (const x of [-12, -11, 11, 12]) expect([x, meets(strip(x, 0, 1, 20))]).toEqual([x, false])
      // Beside it, as long, and at either end of its own line.
      for (const [x, y] of [
        [0, 2],
        [0, -2],
        [21, 0],
        [-21, 0],
      ] as const)
        expect([x, y, meets(strip(x, y, 20, 1))]).toEqual([x, y, false])
      expect(meets(strip(0, 12, 1, 20))).toBe(false)
    },
  )

  it('of the coarse outline holds Canada’s seas and not those of others, and says that it is coarse', () => {
    const text = readFileSync(coarseOutlineFile, 'utf8')
    const region = new PolygonRegion(parseShape(text))
    const inside = {
      'Strait of Georgia': [-123.6, 49.2],
      'Line P': [-130, 49.3],
      'Hecate Strait': [-131, 53],
      'Beaufort Sea': [-135, 71],
      'Lancaster Sound': [-84, 74.2],
      'Hudson Bay': [-85, 60],
      'James Bay': [-80.5, 53],
      'Ungava Bay': [-67.5, 59.5],
      'Gulf of St. Lawrence': [-62, 48],
      'Scotian Shelf': [-62, 44],
      'Grand Banks': [-50, 46],
      'Bay of Fundy': [-65.5, 45],
      'Labrador Sea': [-55, 57],
    } as const
    const outside = {
      'Gulf of Maine, south': [-69, 42.5],
      'Gulf of Alaska': [-148, 58],
      'off Oregon': [-126, 44],
      'Greenland Sea': [-5, 75],
      'North Sea': [3, 56],
      'Coral Sea': [148, -17],
      Nuuk: [-52, 64],
    } as const
    for (const [name, [lon, lat]] of Object.entries(inside))
      expect([name, region.contains(lon, lat)]).toEqual([name, true])
    for (const [name, [lon, lat]] of Object.entries(outside))
      expect([name, region.contains(lon, lat)]).toEqual([name, false])
    expect(JSON.parse(text).description).toMatch(/coarse/)
  })
})

describe('a shape', () => {
  it('is read alike from WKT and from GeoJSON', () => {
    const rings = [square(0, 0, 10, 10), square(4, 4, 6, 6)]
    const wkt = 'POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (4 4, 6 4, 6 6, 4 6, 4 4))'
    const geojson = { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: rings } }
    expect(parseShape(wkt)).toEqual({ polygons: [rings], points: [] })
    expect(parseShape(`SRID=4326;${wkt}`)).toEqual({ polygons: [rings], points: [] })
    expect(parseShape(JSON.stringify(geojson))).toEqual({ polygons: [rings], points: [] })
    const two =
      'MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0),(4 4,6 4,6 6,4 6,4 4)),((20 20,30 20,30 30,20 30,20 20)))'
    expect(parseShape(two)).toEqual({ polygons: [rings, [square(20, 20, 30, 30)]], points: [] })
    expect(
      parseShape(JSON.stringify({ type: 'MultiPolygon', coordinates: [rings, [square(20, 20, 30, 30)]] })),
    ).toEqual(parseShape(two))
    expect(parseShape('POINT Z (1 2 3)')).toEqual({ polygons: [], points: [[1, 2]] })
  })

  it('that is none is refused with what is wrong', () => {
    expect(() => parseShape('canada')).toThrow(/neither GeoJSON nor/)
    expect(() => parseShape('POLYGON((0 0, x 0))')).toThrow(/no position/)
    expect(() => parseShape('{"type":"FeatureCollection","features":[]}')).toThrow(/no coordinates/)
    expect(() => parseShape('{"type":"Polygon","coordinates":[[["a",1]]]}')).toThrow(/no number/)
    // Metres of a projected file are no degrees.
    expect(() => parseShape('POLYGON((0 0,500000 0,500000 5000000,0 0))')).toThrow(/in degrees/)
  })
})
