import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CellGatherer, type ObisCell } from '../../src/rules/obis-cells.ts'
import { NameTable, type OccurrenceBatch } from '../../src/sources/obis/occurrences.ts'

interface Occurrence {
  lat: number
  lon: number
  start?: number
  end?: number
  top?: number
  bottom?: number
  name?: string
  absence?: boolean
  dropped?: boolean
}

function batchOf(occurrences: readonly Occurrence[], names: NameTable): OccurrenceBatch {
  const column = (of: (o: Occurrence) => number | undefined) =>
    Float64Array.from(occurrences, (o) => of(o) ?? Number.NaN)
  return {
    rows: occurrences.length,
    latitude: column((o) => o.lat),
    longitude: column((o) => o.lon),
    dateStartMs: column((o) => o.start),
    dateEndMs: column((o) => o.end),
    depthMinMetres: column((o) => o.top),
    depthMaxMetres: column((o) => o.bottom),
    absence: Float64Array.from(occurrences, (o) => Number(o.absence ?? false)),
    dropped: Float64Array.from(occurrences, (o) => Number(o.dropped ?? false)),
    name: Int32Array.from(occurrences, (o) => names.id(o.name)),
  }
}

function gather(occurrences: readonly Occurrence[], region = null as { contains(): boolean } | null) {
  const names = new NameTable()
  const gatherer = new CellGatherer(region)
  gatherer.add(batchOf(occurrences, names))
  return { cells: [...gatherer.cells(names.names)], counts: gatherer.counts }
}

describe('occurrences gathered into cells', () => {
  it('snap to the nearest twelfth of a degree, written with eight decimals, halves away from zero', () => {
    const { cells } = gather([
      { lat: 44.65, lon: -63.57 },
      { lat: 1 / 24, lon: -1 / 24 },
      { lat: -0.01, lon: 0.01 },
    ])
    expect(cells.map(({ latitude, longitude }) => [latitude, longitude])).toEqual([
      [0, 0],
      [0.08333333, -0.08333333],
      [44.66666667, -63.58333333],
    ])
  })

  it('count, and keep the earliest start, the latest end, the least and greatest depth and each name once', () => {
    const { cells } = gather([
      { lat: 50, lon: -60, start: 2000, end: 3000, top: 10, bottom: 20, name: 'Gadus morhua' },
      { lat: 50.01, lon: -60.01, start: 1000, end: 2500, top: 5, bottom: 90, name: 'Clupea harengus' },
      { lat: 50, lon: -60, name: ' Gadus\tmorhua ' },
      { lat: 50, lon: -60, name: '  ' },
    ])
    expect(cells).toEqual<ObisCell[]>([
      {
        latitude: 50,
        longitude: -60,
        n_records: 4,
        time_min: new Date(1000),
        time_max: new Date(3000),
        depth_min: 5,
        depth_max: 90,
        scientific_names: ['Clupea harengus', 'Gadus morhua'],
      },
    ])
  })

  it('keep the ends whatever the order of the occurrences', () => {
    const two = [
      { lat: 0, lon: 0, start: 1000, end: 3000, top: 5, bottom: 90 },
      { lat: 0, lon: 0, start: 2000, end: 2500, top: 10, bottom: 20 },
    ]
    for (const occurrences of [two, [...two].reverse()])
      expect(gather(occurrences).cells).toMatchObject([
        { time_min: new Date(1000), time_max: new Date(3000), depth_min: 5, depth_max: 90 },
      ])
  })

  it('without a date have no impossible one', () => {
    expect(gather([{ lat: 0, lon: 0 }]).counts.impossibleDates).toBe(0)
    expect(gather([{ lat: 0, lon: 0, end: 1000 }]).counts.impossibleDates).toBe(0)
  })

  it('lie apart at the ends of the world', () => {
    const corners = [-85, 85].flatMap((lat) => [-180, 180].map((lon) => ({ lat, lon })))
    const { cells } = gather([...corners].reverse())
    expect(cells.map(({ latitude, longitude }) => ({ lat: latitude, lon: longitude }))).toEqual(corners)
  })

  it('sort names by code point, not by UTF-16 unit', () => {
    const { cells } = gather(['\u{1F41F}', '\uFFFD', 'é', 'Z', 'a'].map((name) => ({ lat: 0, lon: 0, name })))
    expect(cells[0]!.scientific_names).toEqual(['Z', 'a', 'é', '\uFFFD', '\u{1F41F}'])
  })

  it('have depth 0 where none is known, and ranges that portals can use where one end is missing', () => {
    const depths = (o: Partial<Occurrence>) => {
      const { depth_min, depth_max } = gather([{ lat: 0, lon: 0, ...o }]).cells[0]!
      return [depth_min, depth_max]
    }
    expect(depths({})).toEqual([0, 0])
    expect(depths({ top: 30 })).toEqual([30, 30])
    expect(depths({ bottom: 30 })).toEqual([0, 30])
    expect(depths({ top: 40, bottom: 30 })).toEqual([30, 40])
    const times = (o: Partial<Occurrence>) => {
      const { time_min, time_max } = gather([{ lat: 0, lon: 0, ...o }]).cells[0]!
      return [time_min?.getTime() ?? null, time_max?.getTime() ?? null]
    }
    expect(times({})).toEqual([null, null])
    expect(times({ start: 5000 })).toEqual([5000, 5000])
    expect(times({ start: 5000, end: 4000 })).toEqual([4000, 5000])
  })

  it('leave out dates that no calendar of four digits holds, and count them', () => {
    const { cells, counts } = gather([
      { lat: 0, lon: 0, start: Date.UTC(20_000, 0, 1), end: Date.UTC(2020, 0, 1) },
      { lat: 0, lon: 0, start: Date.UTC(-1, 0, 1), end: Number.POSITIVE_INFINITY },
    ])
    expect(counts.impossibleDates).toBe(3)
    expect(cells[0]).toMatchObject({
      time_min: new Date('2020-01-01T00:00:00Z'),
      time_max: new Date('2020-01-01T00:00:00Z'),
      n_records: 2,
    })
  })

  it('drop and count positions that are missing or that no map shows, and those outside of the region', () => {
    const { cells, counts } = gather(
      [
        { lat: Number.NaN, lon: 0 },
        { lat: 85.07, lon: 0 },
        { lat: 85.04, lon: 180 },
        { lat: 0, lon: -180.01 },
      ],
      { contains: () => false },
    )
    expect(cells).toEqual([])
    expect(counts).toMatchObject({
      records: 4,
      occurrences: 4,
      misplaced: 3,
      outsideRegion: 1,
      impossibleDates: 0,
    })
  })

  it('judge the cell that an occurrence is brought to: none is written that no map shows', () => {
    const { cells, counts } = gather([
      { lat: 85.06, lon: 10 },
      { lat: -85.05, lon: 10 },
      { lat: 85.04, lon: 10 },
    ])
    expect(cells.map(({ latitude }) => latitude)).toEqual([85])
    expect(counts).toMatchObject({ occurrences: 3, misplaced: 2 })
  })

  it('leave out what was looked for and not found, and what OBIS drops, and count both', () => {
    const { cells, counts } = gather([
      { lat: 45, lon: -65, name: 'Gadus morhua' },
      { lat: 45, lon: -65, name: 'Balaena mysticetus', absence: true },
      { lat: 47, lon: -60, name: 'Orcinus orca', absence: true },
      { lat: 44, lon: -63, name: 'Incertae', dropped: true },
      { lat: 44, lon: -63, name: 'Incertae', dropped: true, absence: true },
    ])
    expect(cells).toMatchObject([{ latitude: 45, n_records: 1, scientific_names: ['Gadus morhua'] }])
    expect(counts).toMatchObject({ records: 5, absences: 2, dropped: 2, occurrences: 1 })
  })

  it('are the same however the occurrences came in batches, and count each of them once', () => {
    const occurrence = fc.record({
      lat: fc.double({ min: -86, max: 86, noNaN: true }),
      lon: fc.double({ min: -181, max: 181, noNaN: true }),
      name: fc.constantFrom('a', 'b', 'c', 'd', ''),
      start: fc.integer({ min: 0, max: 2e9 }),
    })
    fc.assert(
      fc.property(fc.array(occurrence, { maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (all, size) => {
        const names = new NameTable()
        const piecemeal = new CellGatherer(null)
        for (let at = 0; at < all.length; at += size) piecemeal.add(batchOf(all.slice(at, at + size), names))
        const { cells, counts } = gather(all)
        expect([...piecemeal.cells(names.names)]).toEqual(cells)
        expect(cells.reduce((sum, cell) => sum + cell.n_records!, 0) + counts.misplaced).toBe(all.length)
        const simple = new Map<string, Set<string>>()
        for (const { lat, lon, name } of all) {
          if (Math.abs(lat) > 85.06 || Math.abs(lon) > 180) continue
          const snap = (x: number) => Math.sign(x) * Math.round(Math.abs(x) * 12) + 0
          const key = `${snap(lat)} ${snap(lon)}`
          simple.set(key, (simple.get(key) ?? new Set()).add(name))
        }
        expect(cells).toHaveLength(simple.size)
        for (const cell of cells) {
          const key = `${Math.round(cell.latitude * 12) + 0} ${Math.round(cell.longitude * 12) + 0}`
          expect(cell.scientific_names).toEqual([...simple.get(key)!].filter((name) => name !== '').sort())
        }
      }),
    )
  })

  it('keep apart the names of many cells', () => {
    const all: Occurrence[] = []
    for (let i = 0; i < 20_000; i++)
      all.push({ lat: (i % 500) / 12, lon: -((i * 7) % 300) / 12, name: `n${i % 97}` })
    const { cells } = gather(all)
    const wanted = new Map<string, Set<string>>()
    for (const { lat, lon, name } of all) {
      const key = `${Math.round(lat * 12)} ${Math.round(lon * 12) + 0}`
      wanted.set(key, (wanted.get(key) ?? new Set()).add(name!))
    }
    expect(cells).toHaveLength(wanted.size)
    for (const cell of cells)
      expect(new Set(cell.scientific_names)).toEqual(
        wanted.get(`${Math.round(cell.latitude * 12)} ${Math.round(cell.longitude * 12) + 0}`),
      )
  })
})
