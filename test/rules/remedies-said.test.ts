/** Every remedy in words, in both languages, and the change that it proposes. */
import { expect, test } from 'vitest'
import { type Remedy, remedyOf, showRemedy } from '../../src/rules/remedies/index.ts'
import { remedies } from '../../src/rules/remedies/words.ts'

const shown: [remedy: Remedy, en: string, fr: string, change: string | null][] = [
  [
    remedyOf('SET_CDM_DATA_TYPE', 'X', { given: 'Trajectory', suggested: null, variables: null }),
    'Nothing is to be changed where the data are of a platform that moves, or samples: this harvester indexes Trajectory where the people who run it ask for it (moving_platforms). Else see whether the data are series at fixed stations (TimeSeries), casts (Profile) or casts at fixed stations (TimeSeriesProfile).',
    'Rien n’est à modifier si les données sont celles d’une plateforme mobile, ou des échantillons : ce moissonneur indexe Trajectory si ses responsables le demandent (moving_platforms). Sinon, voyez si les données sont des séries à des stations fixes (TimeSeries), des profils (Profile) ou des profils à des stations fixes (TimeSeriesProfile).',
    null,
  ],
  [
    remedyOf('SET_CDM_DATA_TYPE', 'X', { given: '', suggested: null, variables: null }),
    'Nothing can be proposed for the type that is missing: see whether the data are series at fixed stations (TimeSeries), casts (Profile) or casts at fixed stations (TimeSeriesProfile). If they are none of these, they are not indexed.',
    'Rien ne peut être proposé pour le type absent : voyez si les données sont des séries à des stations fixes (TimeSeries), des profils (Profile) ou des profils à des stations fixes (TimeSeriesProfile). Sinon, elles ne sont pas indexées.',
    null,
  ],
  [
    remedyOf('SET_CDM_DATA_TYPE', 'X', { given: 'Grid', suggested: null, variables: null }),
    'Nothing can be proposed for the type "Grid": see whether the data are series at fixed stations (TimeSeries), casts (Profile) or casts at fixed stations (TimeSeriesProfile). If they are none of these, they are not indexed.',
    'Rien ne peut être proposé pour le type « Grid » : voyez si les données sont des séries à des stations fixes (TimeSeries), des profils (Profile) ou des profils à des stations fixes (TimeSeriesProfile). Sinon, elles ne sont pas indexées.',
    null,
  ],
  [
    remedyOf('SET_CDM_DATA_TYPE', 'X', {
      given: 'profile',
      suggested: 'Profile',
      variables: { attribute: 'cdm_profile_variables', value: 'cast' },
    }),
    'Write Profile instead of "profile": the type is read letter by letter.',
    'Écrivez Profile au lieu de « profile » : le type est lu lettre par lettre.',
    '<addAttributes>\n    <att name="cdm_data_type">Profile</att>\n    <att name="cdm_profile_variables">cast</att>\n</addAttributes>',
  ],
  [
    remedyOf('SET_CDM_DATA_TYPE', 'X', { given: '', suggested: 'Profile', variables: null }),
    'Write Profile instead of nothing: the type is read letter by letter.',
    'Écrivez Profile au lieu de rien : le type est lu lettre par lettre.',
    '<addAttributes>\n    <att name="cdm_data_type">Profile</att>\n</addAttributes>',
  ],
  [
    remedyOf('ALLOW_INGEST', 'X', {}),
    'Set cde_ingest to true, if the dataset may be indexed after all.',
    'Mettez cde_ingest à true, si le jeu de données peut être indexé après tout.',
    '<addAttributes>\n    <att name="cde_ingest">true</att>\n</addAttributes>',
  ],
  [
    remedyOf('NAME_VARIABLES', 'X', {
      missing: [
        { name: 'latitude', from: 'y', alternatives: ['lat2', 'lat3'], fixed: null },
        { name: 'longitude', from: null, alternatives: [], fixed: '-52.5' },
        { name: 'time', from: null, alternatives: [], fixed: null },
      ],
    }),
    'y looks like latitude: give it that destinationName (or lat2, lat3). The metadata say that longitude is -52.5 everywhere: add it as a fixed value. No variable looks like time: name the one that is, or add a fixed value.',
    'y ressemble à latitude : donnez-lui ce destinationName (ou à lat2, lat3). Selon les métadonnées, longitude vaut -52.5 partout : ajoutez-la comme valeur fixe. Aucune variable ne ressemble à time : nommez celle qui l’est, ou ajoutez une valeur fixe.',
    '<dataVariable>\n    <!-- destinationName: y → latitude -->\n    <destinationName>latitude</destinationName>\n</dataVariable>\n<dataVariable>\n    <sourceName>=-52.5</sourceName>\n    <destinationName>longitude</destinationName>\n    <dataType>double</dataType>\n    <addAttributes>\n        <att name="ioos_category">Location</att>\n        <att name="standard_name">longitude</att>\n        <att name="units">degrees_east</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('NAME_VARIABLES', 'X', {
      missing: [{ name: 'latitude', from: null, alternatives: [], fixed: null }],
    }),
    'No variable looks like latitude: name the one that is, or add a fixed value.',
    'Aucune variable ne ressemble à latitude : nommez celle qui l’est, ou ajoutez une valeur fixe.',
    '<dataVariable>\n    <sourceName>=…</sourceName>\n    <destinationName>latitude</destinationName>\n    <dataType>double</dataType>\n    <addAttributes>\n        <att name="ioos_category">Location</att>\n        <att name="standard_name">latitude</att>\n        <att name="units">degrees_north</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('NAME_VARIABLES', 'X', {
      missing: [{ name: 'time', from: null, alternatives: [], fixed: null }],
    }),
    'No variable looks like time: name the one that is, or add a fixed value.',
    'Aucune variable ne ressemble à time : nommez celle qui l’est, ou ajoutez une valeur fixe.',
    null,
  ],
  [
    remedyOf('NAME_VARIABLES', 'X', {
      missing: [{ name: 'time', from: 't', alternatives: [], fixed: null }],
    }),
    't looks like time: give it that destinationName.',
    't ressemble à time : donnez-lui ce destinationName.',
    '<dataVariable>\n    <!-- destinationName: t → time -->\n    <destinationName>time</destinationName>\n</dataVariable>',
  ],
  [
    remedyOf('ADD_STANDARD_NAMES', 'X', { proposals: [] }),
    'No variable looks like an ocean variable. Give those that are measured in the ocean their CF standard_name; names of coordinates, instruments and the atmosphere do not count.',
    'Aucune variable ne ressemble à une variable océanique. Donnez à celles mesurées dans l’océan leur standard_name CF; les noms de coordonnées, d’instruments et d’atmosphère ne comptent pas.',
    null,
  ],
  [
    remedyOf('ADD_STANDARD_NAMES', 'X', {
      proposals: [
        {
          variable: 'TEMP',
          given: '',
          suggested: 'sea_water_temperature',
          eov: 'subSurfaceTemperature',
          alternatives: [],
        },
        {
          variable: 'O2',
          given: 'oxy',
          suggested: 'a',
          eov: 'oxygen',
          alternatives: [
            { name: 'b', eov: 'oxygen' },
            { name: 'c', eov: 'nutrients' },
          ],
        },
      ],
    }),
    'TEMP is most likely sea_water_temperature, which counts for subsurface temperature. O2 ("oxy") is most likely a, which counts for oxygen; else b (oxygen), c (nutrients).',
    'TEMP est sans doute sea_water_temperature, qui compte pour température sous la surface. O2 (« oxy ») est sans doute a, qui compte pour oxygène; sinon b (oxygène), c (éléments nutritifs).',
    '<dataVariable>\n    <destinationName>TEMP</destinationName>\n    <addAttributes>\n        <att name="standard_name">sea_water_temperature</att>\n    </addAttributes>\n</dataVariable>\n<dataVariable>\n    <destinationName>O2</destinationName>\n    <addAttributes>\n        <att name="standard_name">a</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('ADD_STANDARD_NAMES', 'X', {
      proposals: [
        {
          variable: 'TEMP_ERR',
          given: 'sea_water_temperatur standard_error',
          suggested: 'sea_water_temperature standard_error',
          eov: null,
          alternatives: [{ name: 'sea_surface_temperature standard_error', eov: null }],
        },
      ],
    }),
    'TEMP_ERR ("sea_water_temperatur standard_error") is most likely sea_water_temperature standard_error; else sea_surface_temperature standard_error.',
    'TEMP_ERR (« sea_water_temperatur standard_error ») est sans doute sea_water_temperature standard_error; sinon sea_surface_temperature standard_error.',
    '<dataVariable>\n    <destinationName>TEMP_ERR</destinationName>\n    <addAttributes>\n        <att name="standard_name">sea_water_temperature standard_error</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('ADD_CF_ROLE', 'X', { role: 'profile_id', from: null, alternatives: [], variables: null }),
    'No variable looks like an id: give cf_role profile_id to the one whose value tells one cast from another; a fixed value may serve where there is only one.',
    'Aucune variable ne ressemble à un identifiant : donnez le cf_role profile_id à celle dont la valeur distingue un profil d’un autre; une valeur fixe peut servir s’il n’y en a qu’un.',
    '<dataVariable>\n    <sourceName>="…"</sourceName>\n    <destinationName>profile_id</destinationName>\n    <dataType>String</dataType>\n    <addAttributes>\n        <att name="cf_role">profile_id</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('ADD_CF_ROLE', 'X', { role: 'trajectory_id', from: null, alternatives: [], variables: null }),
    'No variable looks like an id: give cf_role trajectory_id to the one whose value tells one trajectory from another; a fixed value may serve where there is only one.',
    'Aucune variable ne ressemble à un identifiant : donnez le cf_role trajectory_id à celle dont la valeur distingue une trajectoire d’une autre; une valeur fixe peut servir s’il n’y en a qu’une.',
    '<dataVariable>\n    <sourceName>="…"</sourceName>\n    <destinationName>trajectory_id</destinationName>\n    <dataType>String</dataType>\n    <addAttributes>\n        <att name="cf_role">trajectory_id</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('ADD_CF_ROLE', 'X', { role: 'timeseries_id', from: null, alternatives: [], variables: null }),
    'No variable looks like an id: give cf_role timeseries_id to the one whose value tells one station from another; a fixed value may serve where there is only one.',
    'Aucune variable ne ressemble à un identifiant : donnez le cf_role timeseries_id à celle dont la valeur distingue une station d’une autre; une valeur fixe peut servir s’il n’y en a qu’une.',
    '<dataVariable>\n    <sourceName>="…"</sourceName>\n    <destinationName>station_id</destinationName>\n    <dataType>String</dataType>\n    <addAttributes>\n        <att name="cf_role">timeseries_id</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('ADD_CF_ROLE', 'X', { role: 'timeseries_id', from: 'stn', alternatives: [], variables: null }),
    'stn looks like the id: give it cf_role timeseries_id.',
    'stn ressemble à l’identifiant : donnez-lui le cf_role timeseries_id.',
    '<dataVariable>\n    <destinationName>stn</destinationName>\n    <addAttributes>\n        <att name="cf_role">timeseries_id</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('ADD_CF_ROLE', 'X', {
      role: 'timeseries_id',
      from: 'stn',
      alternatives: ['site', 'mooring'],
      variables: { attribute: 'cdm_timeseries_variables', value: 'stn' },
    }),
    'stn looks like the id (else site, mooring): give it cf_role timeseries_id, and name it in cdm_timeseries_variables, which ERDDAP wants beside it.',
    'stn ressemble à l’identifiant (sinon site, mooring) : donnez-lui le cf_role timeseries_id, et nommez-la dans cdm_timeseries_variables, qu’ERDDAP exige avec lui.',
    '<addAttributes>\n    <att name="cdm_timeseries_variables">stn</att>\n</addAttributes>\n<dataVariable>\n    <destinationName>stn</destinationName>\n    <addAttributes>\n        <att name="cf_role">timeseries_id</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('KEEP_ONE_VERTICAL', 'X', { keep: 'depth', rename: 'altitude' }),
    'Keep depth, and give altitude another destinationName, or remove it.',
    'Gardez depth, et donnez à altitude un autre destinationName, ou retirez-la.',
    '<dataVariable>\n    <!-- destinationName: altitude → altitude_of_sensor -->\n    <destinationName>altitude_of_sensor</destinationName>\n</dataVariable>',
  ],
  [
    remedyOf('ASK_FOR_LESS', 'X', { subset: [] }),
    'Name the variables that have few distinct values in subsetVariables, so that the server answers about positions from a small table, and give actual_range and time_coverage_resolution.',
    'Nommez dans subsetVariables les variables qui ont peu de valeurs distinctes, pour que le serveur réponde sur les positions à partir d’un petit tableau, et donnez actual_range et time_coverage_resolution.',
    null,
  ],
  [
    remedyOf('ASK_FOR_LESS', 'X', { subset: ['id', 'latitude'] }),
    'Name the variables that have few distinct values in subsetVariables, so that the server answers about positions from a small table, and give actual_range and time_coverage_resolution.',
    'Nommez dans subsetVariables les variables qui ont peu de valeurs distinctes, pour que le serveur réponde sur les positions à partir d’un petit tableau, et donnez actual_range et time_coverage_resolution.',
    '<addAttributes>\n    <att name="subsetVariables">id, latitude</att>\n</addAttributes>',
  ],
  [
    remedyOf('REMOVE_CF_ROLE', 'X', { role: 'profile_id', keep: 'a', remove: ['b', 'c'] }),
    'If a is the id, take cf_role profile_id from b, c.',
    'Si a est l’identifiant, retirez le cf_role profile_id de b, c.',
    '<dataVariable>\n    <destinationName>b</destinationName>\n    <addAttributes>\n        <att name="cf_role">null</att>\n    </addAttributes>\n</dataVariable>\n<dataVariable>\n    <destinationName>c</destinationName>\n    <addAttributes>\n        <att name="cf_role">null</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('SET_PLATFORM', 'X', { given: 'boat', suggested: null, vocabulary: 'v' }),
    'No label is near to "boat": choose one of the NERC L06 vocabulary.',
    'Aucun libellé ne ressemble à « boat » : choisissez-en un dans le vocabulaire NERC L06.',
    null,
  ],
  [
    remedyOf('SET_PLATFORM', 'X', { given: 'boat', suggested: 'ship', vocabulary: 'v' }),
    'Write "ship" for "boat", and name the vocabulary.',
    'Écrivez « ship » pour « boat », et nommez le vocabulaire.',
    '<addAttributes>\n    <att name="platform">ship</att>\n    <att name="platform_vocabulary">v</att>\n</addAttributes>',
  ],
  [
    remedyOf('SET_TITLE', 'X', {}),
    'Give the dataset a title of its own.',
    'Donnez au jeu de données un titre à lui.',
    '<addAttributes>\n    <att name="title">…</att>\n</addAttributes>',
  ],
  [
    remedyOf('UPDATE_ERDDAP', 'X', { version: null }),
    'Nothing is to be changed in datasets.xml: update the server to 2.00 or newer, which can count records by day and cell.',
    'Rien n’est à modifier dans datasets.xml : mettez le serveur à jour vers la version 2.00 ou une plus récente, qui sait compter les enregistrements par jour et par cellule.',
    null,
  ],
  [
    remedyOf('UPDATE_ERDDAP', 'X', { version: '1.82' }),
    'Nothing is to be changed in datasets.xml: update ERDDAP 1.82 to 2.00 or newer, which can count records by day and cell.',
    'Rien n’est à modifier dans datasets.xml : mettez ERDDAP 1.82 à jour vers la version 2.00 ou une plus récente, qui sait compter les enregistrements par jour et par cellule.',
    null,
  ],
  [
    remedyOf('READ_FASTER', 'X', { trajectory: null }),
    'Counting reads every file of the dataset. Let the server read several at once (nThreads, among the settings of the dataset), and give it more memory; else offer each year as a dataset of its own.',
    'Le comptage lit tous les fichiers du jeu de données. Laissez le serveur en lire plusieurs à la fois (nThreads, parmi les paramètres du jeu de données), et donnez-lui plus de mémoire; sinon, offrez chaque année comme un jeu de données distinct.',
    '<nThreads>4</nThreads>',
  ],
  [
    remedyOf('READ_FASTER', 'X', { trajectory: 'wmo' }),
    'Counting reads every file of the dataset. Let the server read several at once (nThreads, among the settings of the dataset), and give it more memory; else offer each wmo, or each year, as a dataset of its own.',
    'Le comptage lit tous les fichiers du jeu de données. Laissez le serveur en lire plusieurs à la fois (nThreads, parmi les paramètres du jeu de données), et donnez-lui plus de mémoire; sinon, offrez chaque wmo, ou chaque année, comme un jeu de données distinct.',
    '<nThreads>4</nThreads>',
  ],
  [
    remedyOf('SPLIT_DATASET', 'X', { trajectory: null }),
    'Nothing has to be changed. Where finer rows are wanted, offer each year as a dataset of its own, or ask the people who run this harvester for a greater limit (moving_max_rows).',
    'Rien ne doit être modifié. Si des lignes plus fines sont voulues, offrez chaque année comme un jeu de données distinct, ou demandez aux responsables de ce moissonneur une limite plus grande (moving_max_rows).',
    null,
  ],
  [
    remedyOf('SPLIT_DATASET', 'X', { trajectory: 'wmo' }),
    'Nothing has to be changed. Where finer rows are wanted, offer each wmo, or each year, as a dataset of its own, or ask the people who run this harvester for a greater limit (moving_max_rows).',
    'Rien ne doit être modifié. Si des lignes plus fines sont voulues, offrez chaque wmo, ou chaque année, comme un jeu de données distinct, ou demandez aux responsables de ce moissonneur une limite plus grande (moving_max_rows).',
    null,
  ],
  [
    remedyOf('PLACE_RECORDS', 'X', { columns: ['wmo', 'time'] }),
    'See which they are: ask the dataset for wmo,time with &latitude=NaN, &longitude=NaN or &time=NaN. Fill in what is known; records that were never placed may stay as they are.',
    'Voyez lesquels : demandez au jeu de données wmo,time avec &latitude=NaN, &longitude=NaN ou &time=NaN. Complétez ce qui est connu; ceux qui n’ont jamais été situés peuvent rester tels quels.',
    null,
  ],
  [
    remedyOf('FILL_TRAJECTORY_ID', 'X', { variable: 'wmo' }),
    'Fill in wmo where it is empty. Where each platform or deployment has files of its own, their names can serve, as shown here.',
    'Remplissez wmo là où elle est vide. Si chaque plateforme ou déploiement a ses propres fichiers, leurs noms peuvent servir, comme montré ici.',
    '<dataVariable>\n    <sourceName>***fileName,(.+)\\.[^.]+,1</sourceName>\n    <destinationName>wmo</destinationName>\n    <dataType>String</dataType>\n    <addAttributes>\n        <att name="cf_role">trajectory_id</att>\n        <att name="ioos_category">Identifier</att>\n    </addAttributes>\n</dataVariable>',
  ],
  [
    remedyOf('TELL_CASTS_APART', 'X', { variables: ['wmo', 'cycle'] }),
    'A row is named by wmo and cycle, joined by "/": see that no two of them read the same, for instance by ids without a slash.',
    'Une ligne est nommée par wmo et cycle, joints par « / » : veillez à ce que deux d’entre elles ne se lisent pas de la même façon, par exemple par des identifiants sans barre oblique.',
    null,
  ],
]

test.each(shown)('%j', (remedy, en, fr, change) => {
  expect(showRemedy('en', remedy)).toMatchObject({ code: remedy.code, of: 'X', text: en, change })
  expect(showRemedy('fr', remedy)).toMatchObject({ code: remedy.code, of: 'X', text: fr, change })
})

test('every remedy is among them', () => {
  expect([...new Set(shown.map(([{ code }]) => code))].sort()).toEqual(Object.keys(remedies).sort())
})

test.each([
  [['b'], '(or b)', '(ou à b)'],
  [['b', 'c'], '(or b, c)', '(ou à b, c)'],
])('other variables that may be meant are named: %j', (alternatives, en, fr) => {
  const remedy = remedyOf('NAME_VARIABLES', 'X', {
    missing: [{ name: 'time', from: 'a', alternatives, fixed: null }],
  })
  expect(showRemedy('en', remedy)?.text).toContain(en)
  expect(showRemedy('fr', remedy)?.text).toContain(fr)
})

test.each([
  [['b'], '(else b)', '(sinon b)'],
  [['b', 'c'], '(else b, c)', '(sinon b, c)'],
])('other ids that may be meant are named: %j', (alternatives, en, fr) => {
  const values = { role: 'profile_id', from: 'a', alternatives, variables: null }
  const remedy = remedyOf('ADD_CF_ROLE', 'X', values)
  expect(showRemedy('en', remedy)?.text).toContain(en)
  expect(showRemedy('fr', remedy)?.text).toContain(fr)
})

test('names of variables without one that looks like it lead to the page of fixed values', () => {
  const page = (from: string | null) =>
    showRemedy(
      'en',
      remedyOf('NAME_VARIABLES', 'X', { missing: [{ name: 'time', from, alternatives: [], fixed: null }] }),
    )?.page
  expect(page(null)).toMatch(/#fixed-value-sourcenames$/)
  expect(page('t')).toMatch(/#destinationname$/)
  const missing = ['t', null].map((from) => ({ name: 'time', from, alternatives: [], fixed: null }))
  expect(showRemedy('en', remedyOf('NAME_VARIABLES', 'X', { missing }))?.page).toMatch(
    /#fixed-value-sourcenames$/,
  )
})
