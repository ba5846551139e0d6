import { describe, expect, it } from 'vitest'
import {
  linesWkt,
  mostVertices,
  simplify,
  trackBounds,
  trackLines,
  type Vertex,
} from '../../../src/rules/tracks/line.ts'
import { DayVertices } from '../../../src/rules/tracks/track.ts'

const dayMs = 86_400_000
const at = (day: number, longitude: number, latitude: number): Vertex => ({
  time: day * dayMs,
  longitude,
  latitude,
})

describe('the line of a track', () => {
  it('is cut at the antimeridian, where its pieces end and begin', () => {
    const vertices = [at(0, 179, 10), at(1, -179.5, 11.5), at(2, -179, 12)]
    expect(trackLines(vertices)).toEqual([
      [
        [179, 10],
        [180, 11],
      ],
      [
        [-180, 11],
        [-179, 12],
      ],
    ])
    expect(trackBounds(vertices)).toEqual({ west: 179, east: -179, south: 10, north: 12 })
  })

  it('crosses it westward too, and back again', () => {
    const lines = trackLines([at(0, -179.5, 0), at(1, 179.5, 0), at(2, -179.5, 0)])
    expect(lines).toEqual([
      [
        [-179.5, 0],
        [-180, 0],
      ],
      [
        [180, 0],
        [179.5, 0],
        [180, 0],
      ],
      [
        [-180, 0],
        [-179.5, 0],
      ],
    ])
  })

  it('stays whole where it only touches the antimeridian', () => {
    const touching = [at(0, 179, 0), at(1, 180, 1), at(2, 179, 2)]
    expect(trackLines(touching)).toEqual([
      [
        [179, 0],
        [180, 1],
        [179, 2],
      ],
    ])
    expect(trackBounds(touching)).toEqual({ west: 179, east: 180, south: 0, north: 2 })
  })

  it.each([
    ['eastward', 1],
    ['westward', -1],
  ])('crosses it in a vertex that lies on it, without a repeat: %s', (_way, sign) => {
    const vertices = [
      at(0, 179 * sign, 0),
      at(1, 180 * sign, 1),
      at(2, -179 * sign, 4),
      at(3, -178 * sign, 4),
    ]
    expect(trackLines(vertices)).toEqual([
      [
        [179 * sign, 0],
        [180 * sign, 1],
      ],
      [
        [-180 * sign, 1],
        [-179 * sign, 4],
        [-178 * sign, 4],
      ],
    ])
  })

  it('begins on either side of it, and draws nothing of a single vertex there', () => {
    expect(trackLines([at(0, 180, 0), at(1, 179, 1)])).toEqual([
      [
        [180, 0],
        [179, 1],
      ],
    ])
    expect(trackLines([at(0, 180, 0), at(1, -179, 1)])).toEqual([
      [
        [-180, 0],
        [-179, 1],
      ],
    ])
  })

  it('goes on behind it without another cut', () => {
    const vertices = [at(0, 179, 0), at(1, -179.9, 1.1), at(2, -179.8, 2.1), at(3, -179, 2.1)]
    expect(trackLines(vertices)).toEqual([
      [
        [179, 0],
        [180, 1],
      ],
      [
        [-180, 1],
        [-179.9, 1.1],
        [-179.8, 2.1],
        [-179, 2.1],
      ],
    ])
  })

  it.each([
    ['eastward', 1],
    ['westward', -1],
  ])('goes twice around the world: %s', (_way, sign) => {
    const longitudes = [0, 120, -120, 0, 120, -120, 0]
    const vertices = longitudes.map((longitude, nth) => at(10 * nth, sign * longitude, 6 * nth))
    const lines = [
      [0, 0, 120, 6, 180, 9],
      [-180, 9, -120, 12, 0, 18, 120, 24, 180, 27],
      [-180, 27, -120, 30, 0, 36],
    ]
    expect(trackLines(vertices)).toEqual(
      // A straight line needs its ends alone.
      lines.map((line) => [
        [sign * line[0]! + 0, line[1]],
        [sign * line.at(-2)! + 0, line.at(-1)],
      ]),
    )
    expect(trackBounds(vertices)).toEqual({ west: -180, east: 180, south: 0, north: 36 })
  })

  it('has bounds of all its positions, whatever their order', () => {
    expect(trackBounds([at(0, 5, 3), at(1, 2, -4), at(2, 9, 8), at(3, 6, 1)])).toEqual({
      west: 2,
      east: 9,
      south: -4,
      north: 8,
    })
    // Just once around is all of the world as well.
    expect(trackBounds([0, 120, -120, 0].map((longitude, nth) => at(10 * nth, longitude, 0)))).toEqual({
      west: -180,
      east: 180,
      south: 0,
      north: 0,
    })
  })

  // 25 m/s on the great circle: a degree of latitude, 111.2 km, in 4448 s.
  it.each([
    ['north', [0, 0], [0, 1], 4448],
    ['south', [0, 1], [0, 0], 4448],
    ['east at the equator', [10, 0], [11, 0], 4448],
    ['east at 60 degrees, half as far', [10, 60], [11, 60], 2224],
    ['over the antimeridian', [179.5, 0], [-179.5, 0], 4448],
    ['a quarter of the way round', [0, 0], [90, 0], 400_302],
    ['over a pole', [0, 89.5], [180, 89.5], 4448],
  ] as [string, [number, number], [number, number], number][])(
    'is cut where it would go faster than 25 m/s: %s',
    (_where, from, to, seconds) => {
      const drawn = (after: number) => {
        const vertices = [
          { time: 0, longitude: from[0], latitude: from[1] },
          { time: after * 1000, longitude: to[0], latitude: to[1] },
        ]
        return trackLines(vertices).length > 0
      }
      expect(drawn(seconds * 1.0005)).toBe(true)
      expect(drawn(seconds * 0.9995)).toBe(false)
    },
  )

  it('has bounds of one position, and none of none', () => {
    expect(trackBounds([at(0, 5, 6)])).toEqual({ west: 5, east: 5, south: 6, north: 6 })
    expect(trackBounds([])).toBeNull()
    expect(trackLines([at(0, 5, 6)])).toEqual([])
  })

  it('is cut at a gap of more than 30 days', () => {
    const lines = trackLines([at(0, 0, 1), at(1, 0.5, 1), at(31, 1, 1), at(62, 1.2, 1), at(63, 1.4, 1)])
    expect(lines.map((line) => [line[0], line.at(-1)])).toEqual([
      [
        [0, 1],
        [1, 1],
      ],
      [
        [1.2, 1],
        [1.4, 1],
      ],
    ])
  })

  it('is cut where it would demand more than 25 m/s, as at a position at 0, 0', () => {
    // A day at 25 m/s is 19.4° on the equator.
    expect(trackLines([at(0, 0, 0), at(1, 19.4, 0)])).toHaveLength(1)
    expect(trackLines([at(0, 0, 0), at(1, 19.5, 0)])).toEqual([])
    const lines = trackLines([
      at(0, -60, 45),
      at(1, -60.5, 45),
      at(2, 0, 0),
      at(3, -61, 45),
      at(4, -61.5, 45),
    ])
    expect(lines.map((line) => line.length)).toEqual([2, 2])
    expect(lines.flat().some(([longitude]) => longitude === 0)).toBe(false)
  })

  it('cuts between two places at one time, and not between two times at one place', () => {
    expect(trackLines([at(0, 0, 0), at(0, 1, 1), at(0.5, 1.1, 1)])).toEqual([
      [
        [1, 1],
        [1.1, 1],
      ],
    ])
    expect(trackLines([at(0, 1, 1), at(0, 1, 1), at(0.5, 1.1, 1)])).toHaveLength(1)
  })

  it('keeps the vertices that lie 0.02° off, and no more than 500', () => {
    const small = Array.from({ length: 100 }, (_, day) => at(day, day / 100, (day % 2) * 0.01))
    expect(trackLines(small)[0]).toHaveLength(2)
    const wild = Array.from({ length: 4000 }, (_, day) =>
      at(day, (day % 3600) / 20, 3 * Math.sin(day / 7) * Math.sin(day / 91)),
    )
    const lines = trackLines(wild)
    const vertices = lines.reduce((sum, line) => sum + line.length, 0)
    expect(vertices).toBeGreaterThan(10)
    expect(vertices).toBeLessThanOrEqual(mostVertices)
  })

  /** Vertices that lie as many degrees to the north of the others, one after the other. */
  const zigzag = (from: number, count: number, degrees: number) =>
    Array.from({ length: count }, (_, nth) => at(from + nth, (from + nth) / 10, (nth % 2) * degrees))
  const countOf = (vertices: Vertex[]) => trackLines(vertices).reduce((sum, line) => sum + line.length, 0)

  it('doubles its tolerance until there are no more than 500', () => {
    expect(countOf(zigzag(0, 500, 0.035))).toBe(500)
    // Of 600 those that lie 0.035° off go, and those that lie 0.055° off stay.
    const found = countOf([...zigzag(0, 300, 0.035), ...zigzag(300, 300, 0.055)])
    expect(found).toBeGreaterThan(295)
    expect(found).toBeLessThan(310)
  })

  it.each([
    ['to the east', 1, 0],
    ['to the north', 0, 1],
  ])('keeps the longest of very many pieces, wherever they are: %s', (_way, east, north) => {
    const pieces = Array.from({ length: 300 }, (_, piece) => {
      const isShort = piece % 6 === 0
      const [longitude, latitude, degrees] = isShort ? [150, 70, 0.1] : [-piece / 100, -piece / 100, 1]
      return [
        at(piece * 100, longitude, latitude),
        at(piece * 100 + 1, longitude + east * degrees, latitude + north * degrees),
      ]
    })
    const lines = trackLines(pieces.flat())
    expect(lines).toHaveLength(250)
    expect(lines.filter((line) => line[0]![0] > 0)).toEqual([])
  })

  it('keeps the longest of very many short pieces', () => {
    const pieces = Array.from({ length: 600 }, (_, piece) => [
      at(piece * 100, 0, 0),
      at(piece * 100 + 1, 0.1 + piece / 100, 0),
    ]).flat()
    const lines = trackLines(pieces)
    expect(lines.reduce((sum, line) => sum + line.length, 0)).toBe(mostVertices)
    expect(Math.min(...lines.map((line) => line[1]![0]))).toBeCloseTo(0.1 + 350 / 100, 6)
  })

  it('has no piece of a single vertex', () => {
    expect(trackLines([at(0, 1, 1)])).toEqual([])
    // Where it was on both days.
    expect(trackLines([at(0, 1, 1), at(1, 1, 1)])).toEqual([])
    expect(trackLines([at(0, 1, 1), at(1, 1, 2)])).toHaveLength(1)
    expect(linesWkt([])).toBeNull()
    expect(
      linesWkt([
        [
          [1, 2],
          [3, 4.5],
        ],
      ]),
    ).toBe('MULTILINESTRING((1 2,3 4.5))')
  })

  it('is simplified by the distance to the segment', () => {
    const line: [number, number][] = [
      [0, 0],
      [1, 0.015],
      [2, 0.5],
      [3, 0.01],
      [4, 0],
    ]
    expect(simplify(line, 0.02)).toEqual([line[0], line[1], line[2], line[3], line[4]])
    expect(simplify(line, 0.6)).toEqual([line[0], line[4]])
  })

  it.each([
    ['before its beginning', [0, 0], [-1, 0], [2, 0]],
    ['after its end', [0, 0], [3, 0], [2, 0]],
    ['on the way to where it began', [1, 1], [2, 2], [1, 1]],
    ['across it', [0, 0], [1, 0.6], [2, 0]],
    ['across it, northward', [0, 0], [-0.6, 1], [0, 2]],
  ] as [string, ...[number, number][]][])(
    'keeps a vertex that lies off the segment: %s',
    (_where, ...line) => {
      expect(simplify(line, 0.5)).toEqual(line)
      expect(simplify(line, 2)).toEqual([line[0], line[2]])
    },
  )

  it('keeps a vertex that lies as far off as is tolerated on neither side', () => {
    const line: [number, number][] = [
      [0, 0],
      [1, 0.5],
      [2, 0],
    ]
    expect(simplify(line, 0.5)).toEqual([line[0], line[2]])
    expect(simplify(line, 0.499)).toEqual(line)
  })

  it('has no bounds around the world that are narrower than the world', () => {
    const around = Array.from({ length: 40 }, (_, day) => at(day, ((day * 10 + 180) % 360) - 180, 0))
    expect(trackBounds(around)).toMatchObject({ west: -180, east: 180 })
  })
})

describe('one vertex a day', () => {
  it('is the mean of the centres of its cells by their records, across the antimeridian too', () => {
    const days = new DayVertices()
    days.add('a', 0, { latitude: 10, longitude: 179.9 }, 3)
    days.add('a', 0, { latitude: 10.4, longitude: -179.9 }, 1)
    days.add('a', dayMs, { latitude: 10, longitude: -179.8 }, 2)
    const [track] = days.tracks(new Map([['a', 3]]), null)
    expect(track).toMatchObject({
      trajectory_id: 'a',
      n_days: 2,
      n_rows: 3,
      n_records: 6,
      south: 10,
      north: 10.1,
      west: 179.95,
      east: -179.8,
      time_min: new Date(0),
      time_max: new Date(2 * dayMs - 1000),
    })
    expect(track!.geom).toBe('MULTILINESTRING((179.95 10.1,180 10.08),(-180 10.08,-179.8 10))')
  })
})
