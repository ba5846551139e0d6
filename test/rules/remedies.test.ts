import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadVocabularies } from '../../src/config/vocabularies.ts'
import { type AttemptOutcome, failed, skipped } from '../../src/rules/attempt.ts'
import { decideFromMetadata } from '../../src/rules/decisions.ts'
import { type Fact, fact, languages, sentence } from '../../src/rules/reasons/index.ts'
import { remedyGroup, showRemedy } from '../../src/rules/remedies/index.ts'
import { likenessOf, nearestNames } from '../../src/rules/remedies/nearest.ts'
import { suggestRemedies } from '../../src/rules/remedies/suggest.ts'
import { remedies } from '../../src/rules/remedies/words.ts'
import { indexVocabularies } from '../../src/rules/vocabularies.ts'
import { questionsOf } from '../../src/sources/erddap/questions.ts'
import type { DatasetMetadata } from '../../src/sources/erddap/types.ts'
import { listedAs, metadataOf, station } from './examples.ts'

const vocabularies = indexVocabularies(loadVocabularies())

function shown(outcome: Pick<AttemptOutcome, 'facts'>, metadata: DatasetMetadata | null) {
  const [first] = suggestRemedies(outcome.facts, metadata, vocabularies)
  return first ? { ...first, en: showRemedy('en', first)!, fr: showRemedy('fr', first)! } : null
}

function decided(metadata: DatasetMetadata, type = 'TimeSeries') {
  const decision = decideFromMetadata({ listed: listedAs(type), metadata, vocabularies })
  if (decision.kind !== 'skip') throw new Error('the dataset is harvested')
  return shown(decision.outcome, metadata)
}

const { station_id: _, ...withoutStation } = station

describe('a dataset without the needed cf_role', () => {
  test('gets it on the variable that looks like the station, and the attribute that ERDDAP wants beside it', () => {
    const remedy = decided(
      metadataOf({ ...withoutStation, station_name: { long_name: 'Station' }, crew: { units: '1' } }),
    )
    expect(remedy?.en).toMatchObject({
      code: 'ADD_CF_ROLE',
      of: 'MISSING_CF_ROLE',
      page: expect.stringMatching(/^https:\/\/erddap\.github\.io\//),
    })
    expect(remedy?.en.text).toContain('station_name looks like the id')
    expect(remedy?.fr.text).toContain('station_name ressemble à l’identifiant')
    expect(remedy?.en.change).toBe(`<addAttributes>
    <att name="cdm_timeseries_variables">station_name, latitude, longitude</att>
</addAttributes>
<dataVariable>
    <destinationName>station_name</destinationName>
    <addAttributes>
        <att name="cf_role">timeseries_id</att>
    </addAttributes>
</dataVariable>`)
  })

  test('keeps what cdm_timeseries_variables names already', () => {
    const variables = { ...withoutStation, station: {} }
    const named = decided(metadataOf(variables, { cdm_timeseries_variables: 'station, depth' }))
    expect(named?.en.change).not.toContain('cdm_timeseries_variables')
    const other = decided(metadataOf(variables, { cdm_timeseries_variables: 'latitude, depth' }))
    expect(other?.en.change).toContain('>station, latitude, depth</att>')
  })

  test('is told to name one, or a fixed value, where no variable looks like an id', () => {
    const remedy = decided(metadataOf(withoutStation))
    expect(remedy?.en.text).toMatch(/No variable looks like an id/)
    expect(remedy?.en.change).toContain('<sourceName>="…"</sourceName>')
  })

  test('never gets it on something that is measured', () => {
    const remedy = decided(metadataOf({ ...withoutStation, station_temp: { units: 'degree_C' } }))
    expect(remedy?.values).toMatchObject({ from: null })
  })

  test('of casts gets a profile_id', () => {
    const remedy = decided(metadataOf({ ...withoutStation, cast_number: {}, station: {} }), 'Profile')
    expect(remedy?.values).toMatchObject({ role: 'profile_id', from: 'cast_number' })
    expect(remedy?.en.change).toContain(
      '<att name="cdm_profile_variables">cast_number, latitude, longitude, time',
    )
  })
})

describe('a type', () => {
  test.each([
    ['timeseries', 'TimeSeries'],
    ['time_series', 'TimeSeries'],
    ['PROFILE', 'Profile'],
    ['TimeseriesProfile', 'TimeSeriesProfile'],
  ])('written %s means %s', (given, suggested) => {
    const outcome = skipped('CDM_DATA_TYPE_UNSUPPORTED', {
      cdmDataType: given,
      supported: ['TimeSeries', 'Profile', 'TimeSeriesProfile'],
    })
    const remedy = shown(outcome, null)
    expect(remedy?.en.text).toBe(
      `Write ${suggested} instead of "${given}": the type is read letter by letter.`,
    )
    expect(remedy?.en.change).toContain(`<att name="cdm_data_type">${suggested}</att>`)
  })

  test.each(['Trajectory', 'Point', 'Other', ''])('%j is not guessed, but says what to look at', (given) => {
    const outcome = skipped('CDM_DATA_TYPE_UNSUPPORTED', { cdmDataType: given, supported: ['TimeSeries'] })
    const remedy = shown(outcome, null)
    expect(remedy?.en.change).toBeNull()
    expect(remedy?.en.text).toContain('see whether the data are series')
  })
})

describe('a missing coordinate', () => {
  const { latitude: __, ...withoutLatitude } = station

  test('is the variable that looks like it', () => {
    const remedy = decided(metadataOf({ ...withoutLatitude, y: { units: 'degrees_north', axis: 'Y' } }))
    expect(remedy?.values).toMatchObject({ missing: [{ name: 'latitude', from: 'y', fixed: null }] })
    expect(remedy?.en.change).toContain('<destinationName>latitude</destinationName>')
  })

  test('is a fixed value where the metadata give one, as ERDDAP writes it', () => {
    const remedy = decided(
      metadataOf(withoutLatitude, { geospatial_lat_min: '48.5', geospatial_lat_max: '48.50' }),
    )
    expect(remedy?.en.change).toContain('<sourceName>=48.5</sourceName>')
    expect(remedy?.fr.text).toContain('latitude vaut 48.5 partout')
  })
})

describe('a standard name', () => {
  test('that is misspelt is the nearest accepted one, with what it counts for', () => {
    const remedy = decided(metadataOf({ ...station, TEMP: { standard_name: 'sea_watr_temprature' } }))
    expect(remedy?.values).toMatchObject({
      proposals: [{ variable: 'TEMP', suggested: 'sea_water_temperature', eov: expect.any(String) }],
    })
    expect(remedy?.en.text).toMatch(/is most likely sea_water_temperature, which counts for \w+/)
  })

  test('that is missing is found by what the variable is called', () => {
    const remedy = decided(metadataOf({ ...station, TEMP: {}, PSAL: { long_name: 'Practical salinity' } }))
    const suggested = (remedy!.values as { proposals: { variable: string; suggested: string }[] }).proposals
    expect(suggested).toContainEqual(
      expect.objectContaining({ variable: 'PSAL', suggested: 'sea_water_practical_salinity' }),
    )
  })

  test('is never that of a coordinate, nor of a flag', () => {
    const remedy = decided(
      metadataOf({
        ...station,
        TEMP: {},
        time_qc: { long_name: 'sea water temperature flag' },
        deepness: { standard_name: 'depth' },
      }),
    )
    for (const { variable, suggested } of (
      remedy!.values as { proposals: { variable: string; suggested: string }[] }
    ).proposals) {
      expect(['time_qc', 'deepness', 'time', 'latitude', 'longitude', 'depth']).not.toContain(variable)
      expect(['time', 'latitude', 'longitude', 'depth', 'altitude']).not.toContain(suggested)
    }
  })

  test('is not made up where nothing is near', () => {
    const remedy = decided(metadataOf({ ...station, TEMP: { standard_name: 'wind_speed' } }))
    expect(remedy?.values).toMatchObject({ proposals: [] })
    expect(remedy?.en.change).toBeNull()
    expect(nearestNames(['battery_voltage'], vocabularies.oceanVariables)).toEqual([])
  })

  test('of hostile length costs no time', () => {
    expect(likenessOf('a'.repeat(1_000_000), 'sea_water_temperature')).toBe(0)
  })
})

test('an excluded dataset, two verticals, and too much data have a change of their own', () => {
  const all = metadataOf({ ...station, altitude: {} })
  expect(decided(all)?.en.change).toContain('altitude_of_sensor')
  expect(decided(metadataOf(station, { cde_ingest: 'false' }))?.en.change).toContain('cde_ingest')
  const fault = {
    kind: 'status' as const,
    status: 413,
    sentence: 'Your query produced too much data.',
    meaning: 'too-much-data',
    request: null,
    attempts: 1,
  }
  expect(shown(failed('HTTP_ERROR', { fault }), metadataOf(station))?.en.change).toContain(
    '<att name="subsetVariables">station_id, latitude, longitude</att>',
  )
  expect(shown(failed('HTTP_ERROR', { fault: { ...fault, meaning: 'blocked' } }), null)).toBeNull()
})

// A tenth of a second of the processor a hundred variables; without an end to them it would be minutes.
test('metadata of more variables than any dataset has hold nobody up', () => {
  const names = Array.from({ length: 20_000 }, (_, at) => `v${at}`)
  const variables = (standardName: (name: string) => string) =>
    Object.fromEntries(names.map((name) => [name, { standard_name: standardName(name) }]))
  const unknown = metadataOf({ ...station, ...variables((name) => `sea_water_temperatur_${name}`) })
  const known = metadataOf({ ...station, ...variables(() => 'sea_water_temperature') })
  const began = process.cpuUsage()
  const unknownNames = names.map((name) => `sea_water_temperatur_${name}`)
  const proposed = suggestRemedies(
    [fact('STANDARD_NAME_UNKNOWN', { names: unknownNames, cfVersion: '90' })],
    unknown,
    vocabularies,
  )
  expect(proposed).toMatchObject([{ code: 'ADD_STANDARD_NAMES' }])
  const decision = decideFromMetadata({ listed: listedAs('TimeSeries'), metadata: known, vocabularies })
  if (decision.kind === 'skip') throw new Error('the dataset is harvested')
  expect(questionsOf(decision.plan, known).probe).toBe('TEMP')
  const { user, system } = process.cpuUsage(began)
  expect(user + system).toBeLessThan(20_000_000)
})

test('what is written into XML is escaped', () => {
  const remedy = decided(metadataOf({ ...withoutStation, 'station<&>': {} }))
  expect(remedy?.en.change).toContain('<destinationName>station&lt;&amp;&gt;</destinationName>')
})

test('every remedy has its group in both languages, and one of another version is left out', () => {
  for (const code of Object.keys(remedies))
    for (const language of languages) expect(remedyGroup(language, code)).not.toBe(code)
  expect(remedyGroup('fr', 'FROM_TOMORROW')).toBe('FROM_TOMORROW')
  expect(showRemedy('fr', { code: 'FROM_TOMORROW', of: 'X', values: {} })).toBeNull()
  expect(showRemedy('fr', { code: 'ADD_CF_ROLE', of: 'X', values: null })).toBeNull()
})

describe('a platform that moves', () => {
  const floats = metadataOf({
    time: {},
    latitude: {},
    longitude: {},
    platform_number: { cf_role: 'trajectory_id' },
    cycle: { cf_role: 'profile_id' },
  })
  const of = (found: Fact) => shown({ facts: [found] }, floats)!

  test('of a type that the harvester does not index is right as it is', () => {
    const remedy = of(
      fact('CDM_DATA_TYPE_UNSUPPORTED', { cdmDataType: 'Trajectory', supported: ['TimeSeries'] }),
    )
    expect(remedy.en).toMatchObject({ change: null, text: expect.stringContaining('moving_platforms') })
    expect(remedy.fr.text).toContain(
      'Rien n’est à modifier si les données sont celles d’une plateforme mobile',
    )
  })

  test('whose type differs in case gets the attributes that ERDDAP wants beside it, of its own ids', () => {
    const facts = [
      fact('CDM_DATA_TYPE_UNSUPPORTED', {
        cdmDataType: 'trajectoryprofile',
        supported: ['TimeSeries', 'TrajectoryProfile'],
      }),
    ]
    const metadata = metadataOf({ platform_id: {}, profile_id: {}, time: {}, latitude: {}, longitude: {} })
    expect(shown({ facts }, metadata)?.en.change).toBe(`<addAttributes>
    <att name="cdm_data_type">TrajectoryProfile</att>
    <att name="cdm_trajectory_variables">platform_id</att>
    <att name="cdm_profile_variables">profile_id, latitude, longitude, time</att>
</addAttributes>`)
  })

  test('on a server that is too old needs another server, and nothing in datasets.xml', () => {
    const remedy = of(fact('SERVER_TOO_OLD_FOR_TRACKS', { version: '1.82' }))
    expect(remedy.en).toMatchObject({ code: 'UPDATE_ERDDAP', change: null })
    expect(remedy.en.text).toContain('update ERDDAP 1.82 to 2.00')
    expect(remedy.en.page).toMatch(/deploy-update$/)
  })

  test('that is too large is read by several threads, or offered in parts', () => {
    const fault = {
      kind: 'status',
      status: 504,
      sentence: '',
      meaning: '',
      request: null,
      attempts: 3,
    } as const
    const remedy = of(fact('TRACK_TOO_LARGE', { fault, spans: 12 }))
    expect(remedy.en.change).toBe('<nThreads>4</nThreads>')
    expect(remedy.en.text).toContain('each platform_number, or each year,')
    expect(remedy.fr.text).toContain('chaque platform_number, ou chaque année,')
  })

  test('with coarser rows may be split', () => {
    const values = { limit: 20_000, of: 'rows', period: 'year', degrees: '1/4', byTrajectory: true } as const
    const remedy = of(fact('TRACK_COARSER', values))
    expect(remedy.en).toMatchObject({ code: 'SPLIT_DATASET', change: null })
    expect(remedy.en.text).toContain('Nothing has to be changed')
  })

  test('with records that lie nowhere is told how to find them', () => {
    const remedy = of(fact('TRACK_UNPLACED', { records: 12, groups: 3 }))
    expect(remedy.en.text).toContain('platform_number,cycle,time,latitude,longitude with &latitude=NaN')
    expect(remedy.fr.text).toContain('platform_number,cycle,time,latitude,longitude avec &latitude=NaN')
  })

  test('without an id in some records may take it from the names of its files', () => {
    const remedy = of(fact('TRACK_ID_EMPTY', { variable: 'platform_number' }))
    expect(remedy.en.change).toBe(String.raw`<dataVariable>
    <sourceName>***fileName,(.+)\.[^.]+,1</sourceName>
    <destinationName>platform_number</destinationName>
    <dataType>String</dataType>
    <addAttributes>
        <att name="cf_role">trajectory_id</att>
        <att name="ioos_category">Identifier</att>
    </addAttributes>
</dataVariable>`)
  })

  test('with two casts that read the same is told which variables name them', () => {
    const repeated = { variables: ['platform_number', 'cycle'], id: 'a/b/c' }
    const found = fact('BAD_METADATA', {
      detail: 'two rows of platform_number and cycle have the same id',
      repeated,
    })
    expect(of(found).en.text).toContain('platform_number and cycle, joined by "/"')
    expect(sentence('fr', found)).toBe(
      'deux lignes de platform_number et cycle ont le même identifiant « a/b/c »',
    )
    expect(shown({ facts: [fact('BAD_METADATA', { detail: 'x' })] }, floats)).toBeNull()
  })
})

test('each remedy links to a heading that ERDDAP’s documentation has', () => {
  const words = ['words', 'moving']
    .map((file) => readFileSync(`src/rules/remedies/${file}.ts`, 'utf8'))
    .join('')
  const anchors = [...words.matchAll(/\$\{manual\}#([\w-]+)/g)].map(([, anchor]) => anchor)
  // Of docs/server-admin/datasets.md in ERDDAP/erddap.github.io.
  const known = [
    'cdm_data_type',
    'destinationname',
    'filename-sourcenames',
    'fixed-value-sourcenames',
    'global-attributes',
    'nthreads',
    'standard_name',
    'subsetvariables',
    'variable-addattributes',
  ]
  expect([...new Set(anchors)].sort()).toEqual(known)
})
