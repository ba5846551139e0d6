import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DatasetPlan, decideFromListing, decideFromMetadata } from '../../src/rules/decisions.ts'
import { listedAs, metadataOf, station, vocabularies } from './examples.ts'

const none = { skipList: new Set<string>() }

function decide(
  variables: Record<string, Record<string, string>>,
  { listedType = 'TimeSeries', globals = {} }: { listedType?: string; globals?: Record<string, string> } = {},
) {
  return decideFromMetadata({
    listed: listedAs(listedType),
    metadata: metadataOf(variables, globals),
    vocabularies,
  })
}

function planOf(...args: Parameters<typeof decide>): DatasetPlan {
  const decision = decide(...args)
  if (decision.kind !== 'harvest') throw new Error(`skipped: ${decision.outcome.reason}`)
  return decision.plan
}

function skipOf(...args: Parameters<typeof decide>) {
  const decision = decide(...args)
  return decision.kind === 'skip' ? decision.outcome : null
}

const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(station).filter(([name]) => !names.includes(name)))

describe('rule 1, cdm_data_type', () => {
  test.each(['TimeSeries', 'Profile', 'TimeSeriesProfile'])('%s is harvested', (type) => {
    expect(decideFromListing(listedAs(type), none)).toBeNull()
  })

  test.each([
    'Point',
    'Trajectory',
    'TrajectoryProfile',
    'Grid',
    'Other',
    'timeseries',
    'PROFILE',
    ' Profile',
  ])('%j is not, and the message names it', (type) => {
    const outcome = decideFromListing(listedAs(type), none)
    expect(outcome).toMatchObject({ status: 'skipped', reason: 'CDM_DATA_TYPE_UNSUPPORTED' })
    expect(outcome?.message).toContain(type)
  })

  test('a dataset without one is not', () => {
    expect(decideFromListing(listedAs(''), none)).toMatchObject({ reason: 'CDM_DATA_TYPE_UNSUPPORTED' })
  })

  test('comes before the skip list', () => {
    const skipList = new Set(['buoy_1'])
    expect(decideFromListing(listedAs('Point'), { skipList })?.reason).toBe('CDM_DATA_TYPE_UNSUPPORTED')
  })

  test('of the metadata wins over that of the list and is checked again', () => {
    expect(skipOf(station, { globals: { cdm_data_type: 'Point' } })).toMatchObject({
      reason: 'CDM_DATA_TYPE_UNSUPPORTED',
      message: expect.stringContaining('Point'),
    })
    const cast = { ...station, station_id: { cf_role: 'profile_id' } }
    expect(planOf(cast, { globals: { cdm_data_type: 'Profile' } }).cdmDataType).toBe('Profile')
  })

  test('of the list counts where the metadata has none', () => {
    expect(planOf(station).cdmDataType).toBe('TimeSeries')
    expect(planOf(station, { globals: { cdm_data_type: ' ' } }).cdmDataType).toBe('TimeSeries')
  })
})

test('rule 2: a dataset on the skip list is left out, and only that one', () => {
  const skipList = new Set(['buoy_1'])
  expect(decideFromListing(listedAs('Profile'), { skipList })).toMatchObject({
    status: 'skipped',
    reason: 'ON_SKIP_LIST',
  })
  expect(decideFromListing(listedAs('Profile', 'buoy_11'), { skipList })).toBeNull()
})

describe('rule 4, cde_ingest', () => {
  test.each(['false', 'False', 'FALSE', ' false '])('%j leaves the dataset out', (flag) => {
    expect(skipOf(station, { globals: { cde_ingest: flag } })?.reason).toBe('INGEST_FLAG_FALSE')
  })

  test.each(['true', '', 'no', '0', 'falsehood'])('%j does not', (flag) => {
    expect(skipOf(station, { globals: { cde_ingest: flag } })).toBeNull()
  })
})

describe('rule 5, required variables', () => {
  test('names those that are missing, and no others', () => {
    const outcome = skipOf(without('time', 'longitude'))
    expect(outcome).toMatchObject({
      reason: 'MISSING_REQUIRED_VARS',
      message: 'variables missing: time, longitude',
    })
  })

  test('goes by name of variable, not by standard name', () => {
    const renamed = { ...without('latitude'), LAT: { standard_name: 'latitude' } }
    expect(skipOf(renamed)?.reason).toBe('MISSING_REQUIRED_VARS')
  })
})

describe('rule 6, ocean variables', () => {
  test('a dataset without a mapped standard name is left out, and the message names those it has', () => {
    const outcome = skipOf({ ...station, TEMP: { standard_name: 'wind_speed' } })
    expect(outcome?.reason).toBe('NO_SUPPORTED_VARIABLES')
    expect(outcome?.message).toContain('wind_speed')
    expect(outcome?.message).toContain('latitude')
  })

  test('so is one without standard names', () => {
    const bare = Object.fromEntries(
      Object.entries(station).map(([name, { standard_name: _, ...attributes }]) => [name, attributes]),
    )
    expect(skipOf(bare)).toMatchObject({
      reason: 'NO_SUPPORTED_VARIABLES',
      message: 'no variable has a standard_name',
    })
  })
})

describe('rule 7, depth and altitude', () => {
  test('both leave the dataset out', () => {
    expect(skipOf({ ...station, altitude: {} })?.reason).toBe('DEPTH_AND_ALTITUDE')
  })

  test('either is the vertical of the dataset, and neither is none', () => {
    expect(planOf(station).vertical).toBe('depth')
    expect(planOf({ ...without('depth'), altitude: {} }).vertical).toBe('altitude')
    expect(planOf(without('depth')).vertical).toBeNull()
  })
})

describe('rule 8, roles', () => {
  const needs = [
    ['TimeSeries', 'timeseries_id', 'profile_id'],
    ['Profile', 'profile_id', 'timeseries_id'],
    ['TimeSeriesProfile', 'timeseries_id', 'profile_id'],
  ] as const

  test.each(needs)('%s needs %s and is left out with only %s or none', (listedType, needed, other) => {
    const rest = without('station_id')
    expect(planOf({ ...rest, id: { cf_role: needed } }, { listedType }).identity).toEqual(['id'])
    expect(skipOf({ ...rest, id: { cf_role: other } }, { listedType })?.reason).toBe('MISSING_CF_ROLE')
    expect(skipOf({ ...rest, id: { cf_role: 'trajectory_id' } }, { listedType })?.reason).toBe(
      'MISSING_CF_ROLE',
    )
    expect(skipOf(rest, { listedType })?.reason).toBe('MISSING_CF_ROLE')
  })
})

describe('the order of decisions', () => {
  test('is that of the rules: mending one fault brings up the next', () => {
    const variables: Record<string, Record<string, string>> = { altitude: {}, depth: {} }
    const globals: Record<string, string> = { cdm_data_type: 'Point', cde_ingest: 'false' }
    const reason = () => skipOf(variables, { globals })?.reason ?? null
    expect(reason()).toBe('CDM_DATA_TYPE_UNSUPPORTED')
    globals.cdm_data_type = 'TimeSeries'
    expect(reason()).toBe('INGEST_FLAG_FALSE')
    globals.cde_ingest = 'true'
    expect(reason()).toBe('MISSING_REQUIRED_VARS')
    Object.assign(variables, { time: {}, latitude: {}, longitude: {} })
    expect(reason()).toBe('NO_SUPPORTED_VARIABLES')
    variables.TEMP = { standard_name: 'sea_water_temperature' }
    expect(reason()).toBe('DEPTH_AND_ALTITUDE')
    delete variables.altitude
    expect(reason()).toBe('MISSING_CF_ROLE')
    variables.station_id = { cf_role: 'timeseries_id' }
    expect(reason()).toBeNull()
  })
})

describe('the identity of a row', () => {
  const rest = without('station_id')
  const both = { ...rest, st: { cf_role: 'timeseries_id' }, cast: { cf_role: 'profile_id' } }

  test('of TimeSeries is the station, whatever other roles there are', () => {
    const plan = planOf({ ...both, traj: { cf_role: 'trajectory_id' } })
    expect(plan.identity).toEqual(['st'])
    expect(plan.roleColumns).toEqual(['st'])
  })

  test('of Profile is the cast, with the station if there is one', () => {
    expect(planOf({ ...rest, cast: { cf_role: 'profile_id' } }, { listedType: 'Profile' }).identity).toEqual([
      'cast',
    ])
    const plan = planOf(both, { listedType: 'Profile' })
    expect(plan.identity).toEqual(['cast', 'st'])
    expect(plan.roleColumns).toEqual(['cast', 'st'])
  })

  test('of TimeSeriesProfile is the station; its casts are asked for, to be counted', () => {
    const plan = planOf(both, { listedType: 'TimeSeriesProfile' })
    expect(plan.identity).toEqual(['st'])
    expect(plan.roleColumns).toEqual(['st', 'cast'])
  })

  test('never holds a trajectory', () => {
    const plan = planOf({ ...both, traj: { cf_role: 'trajectory_id' } }, { listedType: 'Profile' })
    expect(plan.identity).not.toContain('traj')
    expect(plan.trajectoryIdVariable).toBe('traj')
  })
})

describe('a role that repeats', () => {
  const plan = planOf({
    ...without('station_id'),
    z_id: { cf_role: 'timeseries_id' },
    B_id: { cf_role: 'timeseries_id' },
    traj: { cf_role: 'trajectory_id' },
  })

  test('is that of the last variable, with a warning', () => {
    expect(plan.timeseriesIdVariable).toBe('B_id')
    expect(plan.warnings).toEqual([
      {
        code: 'CF_ROLE_REPEATED',
        values: { role: 'timeseries_id', variables: ['z_id', 'B_id'], used: 'B_id' },
      },
    ])
  })

  test('has all its variables in profile_variables, sorted by code point', () => {
    expect(plan.profileVariables).toEqual(['B_id', 'traj', 'z_id'])
  })
})

test('a standard name that CF does not have is a warning that names it', () => {
  const { warnings } = planOf({ ...station, X: { standard_name: 'sea_watr_temp' } })
  expect(warnings).toEqual([
    { code: 'STANDARD_NAME_UNKNOWN', values: { names: ['sea_watr_temp'], cfVersion: expect.any(String) } },
  ])
})

test('num_columns is the number of variables', () => {
  expect(planOf(station).numColumns).toBe(6)
})

test('any metadata whatever ends as a skip with a reason or as a plan with an identity', () => {
  const name = fc.constantFrom('time', 'latitude', 'longitude', 'depth', 'altitude', 'a', 'b', 'c')
  const attributes = fc.record(
    {
      cf_role: fc.constantFrom('timeseries_id', 'profile_id', 'trajectory_id', '', 'other'),
      standard_name: fc.constantFrom('sea_water_temperature', 'sea_surface_salinity', 'nonsense', ''),
    },
    { requiredKeys: [] },
  )
  const globals = fc.record(
    {
      cdm_data_type: fc.constantFrom('TimeSeries', 'Profile', 'TimeSeriesProfile', 'Point', ''),
      cde_ingest: fc.constantFrom('false', 'true'),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.dictionary(name, attributes, { minKeys: 4 }), globals, (variables, attributesOfAll) => {
      const decision = decide(variables as never, {
        globals: attributesOfAll as never,
        listedType: 'Profile',
      })
      if (decision.kind === 'skip') {
        expect(decision.outcome.status).toBe('skipped')
        expect(decision.outcome.message).not.toBe('')
      } else {
        const { plan } = decision
        expect(plan.identity.length).toBeGreaterThan(0)
        expect(plan.roleColumns.slice(0, plan.identity.length)).toEqual(plan.identity)
        for (const column of plan.roleColumns) expect(plan.profileVariables).toContain(column)
        expect(plan.eovs.length).toBeGreaterThan(0)
        expect(plan.firstEovColumn).not.toBeNull()
      }
    }),
    { numRuns: 500 },
  )
})

describe('a platform that moves', () => {
  const glider = (cast: string) => {
    const variables = {
      ...without('station_id'),
      trajectory: { cf_role: 'trajectory_id' },
      profile: {},
    } as Record<string, Record<string, string>>
    const decision = decideFromMetadata({
      listed: listedAs('TrajectoryProfile'),
      metadata: metadataOf({ ...variables, [cast]: { ...variables[cast], cf_role: 'profile_id' } }),
      vocabularies,
      moving: ['TrajectoryProfile'],
    })
    return decision.kind === 'harvest' ? decision.plan : null
  }

  test('has casts where a variable tells them apart', () => {
    expect(glider('profile')).toMatchObject({
      profileIdVariable: 'profile',
      identity: ['trajectory', 'profile'],
    })
  })

  test.each(['time', 'latitude', 'depth'])('is a track where %s would name its casts', (cast) => {
    // Asked for the ends of a coordinate, a server cannot group by it.
    expect(glider(cast)).toMatchObject({ profileIdVariable: null, identity: ['trajectory'] })
  })

  test('without casts is a track, whatever roles there are', () => {
    const decision = decideFromMetadata({
      listed: listedAs('Trajectory'),
      metadata: metadataOf({ ...without('station_id'), profile: { cf_role: 'profile_id' } }),
      vocabularies,
      moving: ['Trajectory'],
    })
    expect(decision).toMatchObject({
      kind: 'harvest',
      plan: { trajectoryIdVariable: null, profileIdVariable: null, timeseriesIdVariable: null, identity: [] },
    })
  })

  test('has casts of its own only where a variable is given to them', () => {
    const decision = decideFromMetadata({
      listed: listedAs('TrajectoryProfile'),
      metadata: metadataOf({ ...without('station_id'), trajectory: { cf_role: 'trajectory_id' } }),
      vocabularies,
      moving: ['TrajectoryProfile'],
    })
    expect(decision).toMatchObject({
      kind: 'harvest',
      plan: { profileIdVariable: null, identity: ['trajectory'] },
    })
  })
})

test('a platform that no vocabulary has is a warning of the plan', () => {
  const known = { platform: 'buoy', platform_vocabulary: 'ioos' }
  expect(planOf(station, { globals: known }).warnings).toEqual([])
  expect(planOf(station, { globals: { ...known, platform: 'raft' } }).warnings).toMatchObject([
    { code: 'PLATFORM_UNKNOWN' },
  ])
})
