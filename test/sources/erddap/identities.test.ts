import { describe, expect, it } from 'vitest'
import { collectExtents } from '../../../src/sources/erddap/extents.ts'
import { type IdentityColumns, identityColumns, idsOfKey } from '../../../src/sources/erddap/identity.ts'
import { collectPositions, type PositionGroup } from '../../../src/sources/erddap/positions.ts'
import type { ErddapTable } from '../../../src/sources/erddap/types.ts'

const columns = ['station', 'latitude', 'longitude']

function identity(numeric: string[] = []): IdentityColumns {
  return {
    timeseries: 'station',
    profile: null,
    cast: null,
    missingCasts: [''],
    numeric: new Set(numeric),
  }
}

async function groupsOf(rows: string[][], { numeric = [] as string[] } = {}): Promise<PositionGroup[]> {
  const answer: ErddapTable = {
    columns,
    rows: (async function* () {
      yield* rows
    })(),
  }
  const table = await collectPositions(
    answer,
    identity(numeric),
    { counted: [], vertical: null, timed: false },
    '/nowhere',
  )
  const found: PositionGroup[] = []
  for await (const groups of table.groups()) found.push(...groups)
  await table.close()
  return found
}

const idsOf = (groups: readonly PositionGroup[]) =>
  groups.map(({ key }) => idsOfKey(key, identity()).timeseriesId)

describe('positions by identity', () => {
  it('compare longitudes after normalising: 350 and −10 are one place', async () => {
    const [group] = await groupsOf([
      ['A', '48.5', '350'],
      ['A', '48.5', '-10'],
    ])
    expect(group).toMatchObject({ severalPositions: false, position: { latitude: 48.5, longitude: -10 } })
    const [moved] = await groupsOf([
      ['A', '48.5', '350'],
      ['A', '48.5', '-11'],
    ])
    expect(moved?.severalPositions).toBe(true)
  })

  it('take a missing number for no id, but not a station that is called NaN', async () => {
    const rows = [
      ['1', '48', '-122'],
      ['NaN', '48', '-122'],
      ['NaN', '48', '-123'],
    ]
    expect(idsOf(await groupsOf(rows, { numeric: ['station'] }))).toEqual(['', '1'])
    expect(idsOf(await groupsOf(rows))).toEqual(['1', 'NaN'])
  })

  it('compare ids as they are stored', async () => {
    const rows = ['s\0', 's', '\ud800', '\ufffd'].map((id) => [id, '48', '-122'])
    expect(idsOf(await groupsOf(rows))).toEqual(['s', '\ufffd'])
  })

  it('count a cast whose id is a NUL as one without an id', async () => {
    const byCast = { ...identity(), cast: 'cast', missingCasts: ['', 'NaN'] }
    const rows = [
      ['A', '\0', '45', '-60', '2020-01-01T00:00:00Z'],
      ['A', 'd', '45', '-60', '2020-01-01T00:00:00Z'],
      ['A', 'd\0', '45', '-60', '2020-01-02T00:00:00Z'],
      ['B', 'd', '45', '-61', '2020-01-03T00:00:00Z'],
    ]
    const answer = (): ErddapTable => ({
      columns: ['station', 'cast', 'latitude', 'longitude', 'time'],
      rows: (async function* () {
        yield* rows
      })(),
    })
    const contents = { counted: [], vertical: null, timed: true }
    const positions = await collectPositions(answer(), byCast, contents, '/nowhere')
    const found: PositionGroup[] = []
    for await (const groups of positions.groups()) found.push(...groups)
    expect(idsOf(found)).toEqual(['A', 'B'])
    expect(found.map(({ casts }) => casts)).toEqual([1, 1])
    const grouping = { groupBy: ['station', 'cast'], variable: 'time' }
    const extents = await collectExtents(answer(), byCast, grouping, '/nowhere')
    expect(extents.groups).toBe(3)
    for (const { key, time } of found) expect(await extents.at(key)).toMatchObject(time!)
  })

  it('know which ids are numbers from the type of the variable', () => {
    const variable = (name: string, dataType: string) => ({ name, dataType, attributes: new Map() })
    const metadata = {
      datasetId: 'd',
      globals: new Map(),
      variables: [variable('station', 'String'), variable('cast', 'int'), variable('flag', 'char')],
    }
    const plan = {
      cdmDataType: 'Profile',
      timeseriesIdVariable: 'station',
      profileIdVariable: 'cast',
      identity: ['station', 'cast'],
    }
    expect([...identityColumns(plan as never, metadata).numeric]).toEqual(['cast'])
  })
})
