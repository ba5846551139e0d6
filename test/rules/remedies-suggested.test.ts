/** What is proposed of a dataset's own variables: which of them, in which order, and where nothing is. */
import { describe, expect, it, test } from 'vitest'
import { type Fact, fact, type RequestFault } from '../../src/rules/reasons/index.ts'
import { likenessOf, nearestNames } from '../../src/rules/remedies/nearest.ts'
import { suggestRemedies } from '../../src/rules/remedies/suggest.ts'
import type { DatasetMetadata } from '../../src/sources/erddap/types.ts'
import { metadataOf, station, vocabularies } from './examples.ts'

const suggested = (of: Fact, metadata: DatasetMetadata | null) =>
  suggestRemedies([of], metadata, vocabularies)[0]?.values ?? null

const fault: RequestFault = {
  ...{ kind: 'status', status: 413, sentence: '', meaning: 'too-much-data' },
  ...{ request: null, attempts: 1 },
}
const needs = (cdmDataType: string, needed: string) =>
  fact('MISSING_CF_ROLE', { cdmDataType, needed, present: [] })
const lacks = (...missing: string[]) => fact('MISSING_REQUIRED_VARS', { missing })

describe('without metadata', () => {
  it.each([
    needs('TimeSeries', 'timeseries_id'),
    lacks('latitude'),
    fact('NO_SUPPORTED_VARIABLES', { standardNames: [] }),
    fact('STANDARD_NAME_UNKNOWN', { names: ['x'], cfVersion: '90' }),
    fact('UNCHANGED', {}),
    fact('BAD_METADATA', { detail: 'x' }),
    fact('HTTP_ERROR', { fault: { ...fault, meaning: '' } }),
  ])('nothing is proposed for $code', (of) => {
    expect(suggestRemedies([of], null, vocabularies)).toEqual([])
  })

  it.each<[Fact, object]>([
    [
      fact('CDM_DATA_TYPE_UNSUPPORTED', { cdmDataType: 'profile', supported: ['Profile'] }),
      { suggested: 'Profile', variables: null },
    ],
    [fact('TRACK_TOO_LARGE', { fault, spans: 0 }), { trajectory: null }],
    [
      fact('TRACK_COARSER', { limit: 1, of: 'rows', period: 'all', degrees: '1', byTrajectory: false }),
      { trajectory: null },
    ],
    [fact('TRACK_UNPLACED', { records: 1, groups: 1 }), { columns: ['time', 'latitude', 'longitude'] }],
    [fact('RESPONSE_TOO_LARGE', { limit: 1, unit: 'rows', request: null }), { subset: [] }],
  ])('%j is proposed by the little that is known', (of, values) => {
    expect(suggested(of, null)).toMatchObject(values)
  })
})

describe('the id of a role', () => {
  const from = (variables: Record<string, Record<string, string>>, needed = 'timeseries_id') =>
    suggested(needs(needed === 'profile_id' ? 'Profile' : 'TimeSeries', needed), metadataOf(variables))

  it('is the variable that looks most like it; up to three others are named', () => {
    const variables = { site: {}, mooring_id: {}, station: {}, wmo_code: {}, buoy_name: {}, crew: {} }
    expect(from(variables)).toMatchObject({
      from: 'mooring_id',
      alternatives: ['station', 'wmo_code', 'buoy_name'],
    })
  })

  it('is found by what it is called in words, too', () => {
    expect(from({ s: { long_name: 'Station of the mooring' } })).toMatchObject({ from: 's' })
    expect(from({ s: { standard_name: 'platform_name' } })).toMatchObject({ from: 's' })
  })

  it.each([
    ['has units', { station: { units: 'm' } }],
    ['is measured', { station_value: { standard_name: 'sea_water_temperature' } }],
    ['is a coordinate', { depth: { long_name: 'Depth of the station id' } }],
    ['only reads like an id', { crew_id: {} }],
  ])('is none that %s', (_why, variables) => {
    expect(from(variables)).toMatchObject({ from: null, alternatives: [], variables: null })
  })

  it('may have the unit 1, which is none', () => {
    expect(from({ station: { units: '1' } })).toMatchObject({ from: 'station' })
  })

  it('may be a text that is called an id, though nothing says of what', () => {
    const { variables, ...others } = metadataOf({ crew_code: {}, x_name: {}, site: {} })
    const text = variables.map((one) => (one.name === 'site' ? one : { ...one, dataType: 'String' }))
    // As likely as a name that fits: the first of those alike.
    expect(suggested(needs('TimeSeries', 'timeseries_id'), { ...others, variables: text })).toMatchObject({
      from: 'crew_code',
      alternatives: ['x_name', 'site'],
    })
  })

  it('of a role that is not known is that of a station', () => {
    expect(from({ station: {}, cast: {} }, 'other_id')).toMatchObject({ from: 'station', alternatives: [] })
  })

  it('keeps the one name that is stated beside it', () => {
    const stated = { cdm_timeseries_variables: 'depth' }
    const of = suggested(
      needs('TimeSeries', 'timeseries_id'),
      metadataOf({ station: {}, latitude: {} }, stated),
    )
    expect(of).toMatchObject({ variables: { value: 'station, depth' } })
  })

  it('of casts is a cast or an event', () => {
    expect(from({ station: {}, event: {}, cast: {} }, 'profile_id')).toMatchObject({
      from: 'event',
      alternatives: ['cast'],
    })
  })

  it('names beside it what is there of a place', () => {
    const variables = { station: {}, longitude: {} }
    expect(from(variables)).toMatchObject({
      variables: { attribute: 'cdm_timeseries_variables', value: 'station, longitude' },
    })
  })
})

describe('the type that is meant', () => {
  const meant = (cdmDataType: string, variables: Record<string, Record<string, string>>) =>
    suggested(
      fact('CDM_DATA_TYPE_UNSUPPORTED', { cdmDataType, supported: ['Trajectory', 'Point', 'TimeSeries'] }),
      metadataOf(variables),
    )

  it('of a trajectory wants the trajectory named, and nothing else of it', () => {
    const variables = { platform: {}, latitude: {}, longitude: {} }
    expect(meant('trajectory', variables)).toEqual({
      given: 'trajectory',
      suggested: 'Trajectory',
      variables: { attribute: 'cdm_trajectory_variables', value: 'platform' },
    })
  })

  it('of points wants nothing beside it', () => {
    expect(meant('point', { platform: {} })).toEqual({
      ...{ given: 'point', suggested: 'Point', variables: null },
    })
  })

  it('of casts along a track names the casts where nothing looks like a trajectory', () => {
    const of = fact('CDM_DATA_TYPE_UNSUPPORTED', {
      cdmDataType: 'trajectoryprofile',
      supported: ['TrajectoryProfile'],
    })
    expect(suggested(of, metadataOf({ cast: {}, time: {} }))).toEqual({
      given: 'trajectoryprofile',
      suggested: 'TrajectoryProfile',
      variables: { attribute: 'cdm_profile_variables', value: 'cast, time' },
    })
  })

  it('without a variable that looks like an id wants nothing beside it', () => {
    expect(meant('time series', { crew: {} })).toMatchObject({ suggested: 'TimeSeries', variables: null })
  })
})

describe('a missing coordinate', () => {
  const missing = (name: string, variables: Record<string, Record<string, string>>, globals = {}) =>
    (suggested(lacks(name), metadataOf(variables, globals)) as { missing: object[] }).missing[0]

  it.each([
    ['latitude', 'y', { standard_name: 'latitude' }],
    ['latitude', 'y', { axis: 'y' }],
    ['latitude', 'y', { units: 'degree_north' }],
    ['latitude', 'LATITUDE_1', {}],
    ['longitude', 'x', { standard_name: 'longitude' }],
    ['longitude', 'x', { axis: 'X' }],
    ['longitude', 'x', { units: 'degrees_east' }],
    ['longitude', 'lng', {}],
    ['time', 't', { standard_name: 'time' }],
    ['time', 't', { axis: 'T' }],
    ['time', 't', { units: 'days since 1950-01-01' }],
    ['time', 'datetime', {}],
  ])('%s may be the variable %s with %j', (name, from, attributes) => {
    expect(missing(name, { other: {}, [from]: attributes })).toEqual({
      ...{ name, from, alternatives: [], fixed: null },
    })
  })

  it('is the one with most signs; up to three others are named', () => {
    const variables = {
      lat_a: {},
      lat_b: { units: 'degrees_north' },
      northing: { standard_name: 'latitude' },
      lat_d: { axis: 'Y', units: 'degrees_north' },
      lat_e: {},
    }
    expect(missing('latitude', variables)).toMatchObject({
      from: 'lat_d',
      alternatives: ['northing', 'lat_b', 'lat_a'],
    })
  })

  it('by its axis is as likely as by its units', () => {
    const found = (first: object, second: object) =>
      missing('latitude', { a: first, b: second } as Record<string, Record<string, string>>)
    const [axis, units] = [{ axis: 'Y' }, { units: 'degrees_north' }]
    expect(found(axis, units)).toMatchObject({ from: 'a', alternatives: ['b'] })
    expect(found(units, axis)).toMatchObject({ from: 'a', alternatives: ['b'] })
  })

  const everywhere = { geospatial_lon_min: ' -52.5 ', geospatial_lon_max: '-52.50' }

  it('is a fixed value only where the metadata give one for the whole dataset', () => {
    expect(missing('longitude', {}, everywhere)).toMatchObject({ from: null, fixed: '-52.5' })
    expect(missing('latitude', {}, everywhere)).toMatchObject({ from: null, fixed: null })
    expect(missing('longitude', { lon: {} }, everywhere)).toMatchObject({ from: 'lon', fixed: null })
    const two = { geospatial_lon_min: '-52.5', geospatial_lon_max: '-50' }
    expect(missing('longitude', {}, two)).toMatchObject({ from: null, fixed: null })
    const none = { geospatial_lon_min: '', geospatial_lon_max: '' }
    expect(missing('longitude', {}, none)).toMatchObject({ from: null, fixed: null })
  })

  it('that nothing is known of is none', () => {
    expect(missing('depth', { depth_1: {} })).toMatchObject({ from: null, alternatives: [] })
  })
})

describe('a standard name', () => {
  const proposed = (variables: Record<string, Record<string, string>>) =>
    (
      suggested(fact('NO_SUPPORTED_VARIABLES', { standardNames: [] }), metadataOf(variables)) as {
        proposals: { variable: string; suggested: string; alternatives: object[] }[]
      }
    ).proposals

  it('is proposed for five variables at most, the likeliest first', () => {
    const variables = Object.fromEntries(
      ['q', 'r', 's', 't', 'u', 'v'].map((name) => [name, { standard_name: `sea_water_temperatur_${name}` }]),
    )
    const proposals = proposed({ ...variables, z: { standard_name: 'sea_water_temperatur' } })
    expect(proposals).toHaveLength(5)
    expect(proposals[0]).toMatchObject({ variable: 'z', suggested: 'sea_water_temperature' })
  })

  it('comes with two others that are near', () => {
    const [first] = proposed({ S: { long_name: 'sea salinity' } })
    expect(first).toMatchObject({ variable: 'S', given: '', suggested: 'sea_surface_salinity' })
    expect(first!.alternatives).toEqual([{ name: 'sea_water_practical_salinity', eov: 'subSurfaceSalinity' }])
  })

  it.each([
    ['a flag by its name', { temperature_qc: { long_name: 'sea water temperature' } }],
    ['a flag by its standard name', { T: { standard_name: 'sea_water_temperatur quality_flag' } }],
    ['a name that CF has', { T: { standard_name: 'wind_speed', long_name: 'sea water temperature' } }],
    ['a coordinate', { depth: { long_name: 'sea water temperature' } }],
  ])('is not proposed for %s', (_what, variables) => {
    expect(proposed(variables as Record<string, Record<string, string>>)).toEqual([])
  })

  it('that is unknown is held against its own variables only', () => {
    const variables = {
      T: { standard_name: 'sea_water_temperatur x' },
      S: { standard_name: 'sea_surface_salinit' },
    }
    const of = fact('STANDARD_NAME_UNKNOWN', { names: ['sea_water_temperatur'], cfVersion: '93' })
    expect(suggested(of, metadataOf(variables))).toMatchObject({ proposals: [{ variable: 'T' }] })
    const far = fact('STANDARD_NAME_UNKNOWN', { names: ['battery_voltage'], cfVersion: '93' })
    expect(suggested(far, metadataOf({ V: { standard_name: 'battery_voltage' } }))).toBeNull()
  })

  it.each(['standard_error', 'status_flag', 'number_of_observations', 'detection_minimum'])(
    'is held against the others without its modifier %s, which stays',
    (modifier) => {
      const given = `sea_salinity  ${modifier}`
      const of = fact('STANDARD_NAME_UNKNOWN', { names: ['sea_salinity'], cfVersion: '93' })
      // It would count for nothing, spelt right.
      expect(suggested(of, metadataOf({ S_qc: { standard_name: given } }))).toEqual({
        proposals: [
          {
            variable: 'S_qc',
            given,
            suggested: `sea_surface_salinity ${modifier}`,
            eov: null,
            alternatives: [{ name: `sea_water_practical_salinity ${modifier}`, eov: null }],
          },
        ],
      })
    },
  )

  it('with a modifier is none that a dataset lacks to have an ocean variable', () => {
    expect(proposed({ T: { standard_name: 'sea_water_temperature standard_error' } })).toEqual([])
    expect(proposed({ T: { standard_name: 'sea_water_temperatur standard_error' } })).toEqual([])
  })

  it('is proposed without words that are no modifier', () => {
    expect(proposed({ T: { standard_name: 'sea_water_temperature of_the_whole_column' } })).toMatchObject([
      { variable: 'T', suggested: 'sea_water_temperature', eov: 'subSurfaceTemperature' },
    ])
  })

  it('that is right beside one that is not is left as it is', () => {
    const of = fact('STANDARD_NAME_UNKNOWN', { names: ['sea_surface_salinit'], cfVersion: '93' })
    const variables = {
      T: { standard_name: 'sea_water_temperature standard_error' },
      S: { standard_name: 'sea_surface_salinit' },
    }
    expect(suggested(of, metadataOf(variables))).toMatchObject({ proposals: [{ variable: 'S' }] })
  })
})

describe('a platform', () => {
  it.each([
    ['Mooring', 'mooring'],
    ['moored surface bouy', 'moored surface buoy'],
    ['autonomous vehicle', 'autonomous underwater vehicle'],
    ['spaceship', null],
  ])('that is called %s is most likely a %s', (platform, label) => {
    expect(suggested(fact('PLATFORM_UNKNOWN', { platform, vocabulary: '' }), null)).toMatchObject({
      suggested: label,
    })
  })
})

describe('an answer that is too large', () => {
  const subset = (variables: Record<string, Record<string, string>>, globals = {}) =>
    suggested(
      fact('RESPONSE_TOO_LARGE', { limit: 1, unit: 'rows', request: null }),
      metadataOf(variables, globals),
    )

  it('is made smaller by naming the ids, and the places that are there', () => {
    expect(subset(station)).toEqual({ subset: ['station_id', 'latitude', 'longitude'] })
    const { latitude: _, ...others } = station
    expect(subset(others)).toEqual({ subset: ['station_id', 'longitude'] })
  })

  it('is not where subsetVariables are given, or there is no id', () => {
    expect(subset(station, { subsetVariables: 'station_id' })).toEqual({ subset: [] })
    expect(subset(station, { subsetVariables: ' ' })).toMatchObject({
      subset: ['station_id', 'latitude', 'longitude'],
    })
    const { station_id: _, ...others } = station
    expect(subset(others)).toEqual({ subset: [] })
  })
})

test('records without a place are asked for by the ids of their casts and trajectories only', () => {
  const metadata = metadataOf({
    crew: {},
    wmo: { cf_role: 'trajectory_id' },
    station: { cf_role: 'timeseries_id' },
    cast: { cf_role: 'profile_id' },
  })
  expect(suggested(fact('TRACK_UNPLACED', { records: 1, groups: 1 }), metadata)).toEqual({
    columns: ['wmo', 'cast', 'time', 'latitude', 'longitude'],
  })
})

test('a repeated role is left on the variable that is used', () => {
  const of = fact('CF_ROLE_REPEATED', { role: 'profile_id', variables: ['a', 'b', 'c'], used: 'b' })
  expect(suggested(of, null)).toEqual({ role: 'profile_id', keep: 'b', remove: ['a', 'c'] })
})

test('each thing that is said has its own remedy, in that order', () => {
  const of = [fact('TITLE_MISSING', {}), fact('UNCHANGED', {}), fact('INGEST_FLAG_FALSE', { value: 'false' })]
  expect(suggestRemedies(of, null, vocabularies).map((remedy) => [remedy.code, remedy.of])).toEqual([
    ['SET_TITLE', 'TITLE_MISSING'],
    ['ALLOW_INGEST', 'INGEST_FLAG_FALSE'],
  ])
})

describe('how near a name is', () => {
  it.each([
    ['sea_water_temperature', 'sea_water_temperature', 1],
    [' Sea Water-Temperature ', 'sea_water_temperature', 1],
    // By letters: one of four may differ.
    ['abcd', 'abcx', 0.75],
    ['abc', 'abx', 0],
    ['kitten_mitten', 'sitten_mitteng', 1 - 2 / 14],
    // By words: those that tell, what is spelled out, and then the water they lie in.
    ['temp', 'sea_water_temperature', 0.95],
    ['water temp', 'sea_water_temperature', 0.97],
    ['sea water temp', 'sea_water_temperature', 0.99],
    ['temp 2', 'sea_water_temperature', 0.95],
    ['salinity temp', 'sea_water_temperature', 0.625],
    ['temp', 'sea_surface_temperature', 0.8],
    ['sea water', 'sea_water_temperature', 0],
    ['', 'sea_water_temperature', 0],
  ])('%j to %s: %d', (written, name, likeness) => {
    expect(likenessOf(written, name)).toBeCloseTo(likeness, 10)
  })

  it('the nearest come first; of those alike the shorter, then the one that the alphabet has first', () => {
    const names = (...standardNames: string[]) => [{ name: 'eov', standardNames }]
    const found = nearestNames(
      ['temp'],
      names('b_temperature', 'a_temperature', 'aaa_temperature', 'temperature'),
    )
    expect(found.map(({ name }) => name)).toEqual([
      'temperature',
      'a_temperature',
      'b_temperature',
      'aaa_temperature',
    ])
    expect(nearestNames(['temp'], names('a_temperature', 'b_temperature'), 1)).toHaveLength(1)
    expect(nearestNames([' ', ''], names('temperature'))).toEqual([])
  })

  it('what half of the words fit is proposed, what less fit is not', () => {
    const of = (written: string) => nearestNames([written], [{ name: 'eov', standardNames: ['temperature'] }])
    expect(of('temp red')).toHaveLength(1)
    expect(of('temp red green blue')).toEqual([])
  })

  it('a name that counts for several ocean variables is that of the first', () => {
    expect(nearestNames(['sea_surface_salinity'], vocabularies.oceanVariables)[0]).toMatchObject({
      eov: 'seaSurfaceSalinity',
    })
  })
})
