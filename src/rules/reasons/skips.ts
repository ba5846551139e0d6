/** Why a dataset was left out, in the order in which the decisions are taken. A new reason is one entry here. */

import { type DroppedRows, dropSentence, type LeftOut, leftOutSentence } from './drops.ts'
import { faultWithRequest, type RequestFault } from './requests.ts'
import { counted, entry, type Text } from './words.ts'

/** Where a dataset lost its last row. */
export type EmptyStep = 'positions' | 'times' | 'dataset' | 'dropped'

const emptyWords: Record<Exclude<EmptyStep, 'dropped'>, Text> = {
  positions: {
    en: 'the server has no rows for the positions of this dataset',
    fr: 'le serveur n’a aucune ligne pour les positions de ce jeu de données',
  },
  times: { en: 'no row has a time', fr: 'aucune ligne n’a d’heure' },
  dataset: {
    en: 'the server has no rows for this dataset',
    fr: 'le serveur n’a aucune ligne pour ce jeu de données',
  },
}

export const skips = {
  CDM_DATA_TYPE_UNSUPPORTED: entry<{ cdmDataType: string; supported: readonly string[] }>({
    title: { en: 'Data type not supported', fr: 'Type de données non pris en charge' },
    advice: {
      en: 'Only cdm_data_type TimeSeries, Profile and TimeSeriesProfile are indexed. If the data fit one of them, set cdm_data_type (and the cdm_…_variables) in the dataset’s addAttributes.',
      fr: 'Seuls les cdm_data_type TimeSeries, Profile et TimeSeriesProfile sont indexés. Si les données correspondent à l’un d’eux, définissez cdm_data_type (et les cdm_…_variables) dans les addAttributes du jeu de données.',
    },
    said: {
      en: ({ cdmDataType, supported }) =>
        cdmDataType === ''
          ? 'the dataset has no cdm_data_type'
          : `cdm_data_type "${cdmDataType}" is not one of ${supported.join(', ')}`,
      fr: ({ cdmDataType, supported }) =>
        cdmDataType === ''
          ? 'le jeu de données n’a pas de cdm_data_type'
          : `le cdm_data_type « ${cdmDataType} » n’est aucun de ${supported.join(', ')}`,
    },
  }),
  ON_SKIP_LIST: entry<Record<never, never>>({
    title: { en: 'On the skip list', fr: 'Sur la liste d’exclusion' },
    advice: {
      en: 'The people who run this harvester left the dataset out on purpose. Ask them to take it off the list.',
      fr: 'Les responsables de ce moissonneur ont exclu ce jeu de données exprès. Demandez-leur de le retirer de la liste.',
    },
    said: {
      en: () => 'the dataset is on the skip list',
      fr: () => 'le jeu de données est sur la liste d’exclusion',
    },
  }),
  UNCHANGED: entry<Record<never, never>>({
    title: { en: 'Unchanged since the last harvest', fr: 'Inchangé depuis le dernier moissonnage' },
    advice: {
      en: 'Nothing to do: metadata and source files are as they were, so the index is up to date.',
      fr: 'Rien à faire : les métadonnées et les fichiers sources sont comme avant, l’index est donc à jour.',
    },
    said: { en: () => 'nothing has changed', fr: () => 'rien n’a changé' },
  }),
  INGEST_FLAG_FALSE: entry<{ value: string }>({
    title: { en: 'Excluded by its owner', fr: 'Exclu par son propriétaire' },
    advice: {
      en: 'The global attribute cde_ingest is "false". Remove it, or set it to "true", to have the dataset indexed.',
      fr: 'L’attribut global cde_ingest vaut « false ». Supprimez-le ou mettez-le à « true » pour que le jeu de données soit indexé.',
    },
    said: {
      en: ({ value }) => `the global attribute cde_ingest is "${value}"`,
      fr: ({ value }) => `l’attribut global cde_ingest vaut « ${value} »`,
    },
  }),
  MISSING_REQUIRED_VARS: entry<{ missing: readonly string[] }>({
    title: { en: 'Required variables missing', fr: 'Variables obligatoires absentes' },
    advice: {
      en: 'The dataset needs variables named time, latitude and longitude. Set their destinationName in datasets.xml, or add fixed values as destination variables.',
      fr: 'Il faut des variables nommées time, latitude et longitude. Définissez leur destinationName dans datasets.xml, ou ajoutez des valeurs fixes comme variables de destination.',
    },
    said: {
      en: ({ missing }) => `variables missing: ${missing.join(', ')}`,
      fr: ({ missing }) =>
        `${missing.length < 2 ? 'variable absente' : 'variables absentes'} : ${missing.join(', ')}`,
    },
  }),
  NO_SUPPORTED_VARIABLES: entry<{ standardNames: readonly string[] }>({
    title: { en: 'No supported ocean variable', fr: 'Aucune variable océanique reconnue' },
    advice: {
      en: 'No variable has a standard_name that maps to an essential ocean variable. Add the CF standard_name of what was measured, for instance sea_water_temperature.',
      fr: 'Aucune variable n’a un standard_name associé à une variable océanique essentielle. Ajoutez le standard_name CF de ce qui a été mesuré, par exemple sea_water_temperature.',
    },
    said: {
      en: ({ standardNames }) =>
        standardNames.length === 0
          ? 'no variable has a standard_name'
          : `no ocean variable has one of its standard names: ${standardNames.join(', ')}`,
      fr: ({ standardNames }) =>
        standardNames.length === 0
          ? 'aucune variable n’a de standard_name'
          : `aucune variable océanique n’a l’un de ses standard_name : ${standardNames.join(', ')}`,
    },
  }),
  DEPTH_AND_ALTITUDE: entry<Record<never, never>>({
    title: { en: 'Both depth and altitude', fr: 'Profondeur et altitude à la fois' },
    advice: {
      en: 'A dataset may have depth or altitude, not both. Rename or remove one of them in datasets.xml.',
      fr: 'Un jeu de données peut avoir depth ou altitude, pas les deux. Renommez ou retirez l’une d’elles dans datasets.xml.',
    },
    said: {
      en: () => 'the dataset has both depth and altitude',
      fr: () => 'le jeu de données a depth et altitude à la fois',
    },
  }),
  MISSING_CF_ROLE: entry<{ cdmDataType: string; needed: string; present: readonly string[] }>({
    title: { en: 'No variable with the needed cf_role', fr: 'Aucune variable avec le cf_role requis' },
    advice: {
      en: 'Give the variable that identifies a station or cast the attribute cf_role: timeseries_id for TimeSeries and TimeSeriesProfile, profile_id for Profile.',
      fr: 'Donnez à la variable qui identifie une station ou un profil l’attribut cf_role : timeseries_id pour TimeSeries et TimeSeriesProfile, profile_id pour Profile.',
    },
    said: {
      en: ({ cdmDataType, needed, present }) =>
        `${cdmDataType} needs a variable with cf_role ${needed}; roles present: ${present.join(', ') || 'none'}`,
      fr: ({ cdmDataType, needed, present }) =>
        `${cdmDataType} exige une variable au cf_role ${needed}; rôles présents : ${present.join(', ') || 'aucun'}`,
    },
  }),
  SERVER_TOO_OLD_FOR_TRACKS: entry<{ version: string | null }>({
    title: {
      en: 'Server too old for moving platforms',
      fr: 'Serveur trop ancien pour les plateformes mobiles',
    },
    advice: {
      en: 'Gliders, floats, ships and samples are indexed by cells, which ERDDAP can count since version 2.00. Update the server.',
      fr: 'Planeurs, flotteurs, navires et échantillons sont indexés par cellules, qu’ERDDAP sait compter depuis la version 2.00. Mettez le serveur à jour.',
    },
    said: {
      en: ({ version }) =>
        version === null
          ? 'the server does not say which version of ERDDAP it is; moving platforms need 2.00'
          : `the server is ERDDAP ${version}; moving platforms need 2.00`,
      fr: ({ version }) =>
        version === null
          ? 'le serveur ne dit pas sa version d’ERDDAP; les plateformes mobiles exigent la 2.00'
          : `le serveur est un ERDDAP ${version}; les plateformes mobiles exigent la 2.00`,
    },
  }),
  TRACK_TOO_LARGE: entry<{ fault: RequestFault; spans: number }>({
    title: { en: 'Too large for its server', fr: 'Trop volumineux pour son serveur' },
    advice: {
      en: 'The server could not count the dataset in time, not even in parts. It keeps what the index has of it. Give the server more time or memory, or split the dataset.',
      fr: 'Le serveur n’a pas pu compter le jeu de données à temps, même par parties. L’index garde ce qu’il en a. Donnez au serveur plus de temps ou de mémoire, ou divisez le jeu de données.',
    },
    said: {
      en: ({ fault, spans }) =>
        `${spans > 0 ? `asked whole and in ${counted('en', spans, 'span', 'spans')} of time` : 'asked whole'}: ${faultWithRequest('en', fault)}`,
      fr: ({ fault, spans }) =>
        `${spans > 0 ? `demandé en entier et en ${counted('fr', spans, 'période', 'périodes')}` : 'demandé en entier'} : ${faultWithRequest('fr', fault)}`,
    },
  }),
  NO_PROFILES_FOUND: entry<{ step: EmptyStep; dropped: readonly DroppedRows[] }>({
    title: { en: 'No usable profile', fr: 'Aucun profil utilisable' },
    advice: {
      en: 'No row was left after rows without position or time, or with impossible values, were dropped; the message says at which step. Follow the requests to see what the server answers.',
      fr: 'Il ne restait aucune ligne après le retrait de celles sans position ou sans heure, ou aux valeurs impossibles; le message dit à quelle étape. Suivez les requêtes pour voir ce que le serveur répond.',
    },
    said: {
      en: ({ step, dropped }) =>
        step === 'dropped' ? dropped.map((rows) => dropSentence('en', rows)).join('; ') : emptyWords[step].en,
      fr: ({ step, dropped }) =>
        step === 'dropped' ? dropped.map((rows) => dropSentence('fr', rows)).join('; ') : emptyWords[step].fr,
    },
  }),
  OUT_OF_REGION: entry<{ region: string; occurrences: number | null }>({
    title: { en: 'Outside the region', fr: 'Hors de la région' },
    advice: {
      en: 'The dataset’s extent does not meet the region that this harvester covers. Nothing to do, unless its bounding box is wrong.',
      fr: 'L’étendue du jeu de données ne touche pas la région couverte par ce moissonneur. Rien à faire, sauf si son rectangle englobant est faux.',
    },
    said: {
      en: ({ region, occurrences }) =>
        occurrences === null
          ? `its extent does not meet ${region}`
          : `none of its ${counted('en', occurrences, 'occurrence', 'occurrences')} lies within ${region}`,
      fr: ({ region, occurrences }) =>
        occurrences === null
          ? `son étendue ne touche pas la région « ${region} »`
          : `aucune des occurrences (${occurrences}) n’est dans la région « ${region} »`,
    },
  }),
  NO_OCCURRENCES: entry<{ leftOut: LeftOut | null }>({
    title: { en: 'No occurrences', fr: 'Aucune occurrence' },
    advice: {
      en: 'OBIS holds no occurrence of this dataset. Check that it was published there in full.',
      fr: 'OBIS n’a aucune occurrence de ce jeu de données. Vérifiez qu’il y a été publié en entier.',
    },
    said: {
      en: ({ leftOut }) => (leftOut ? leftOutSentence('en', leftOut) : 'OBIS holds no occurrence of it'),
      fr: ({ leftOut }) => (leftOut ? leftOutSentence('fr', leftOut) : 'OBIS n’en a aucune occurrence'),
    },
  }),
  NO_VALID_COORDINATES: entry<{ occurrences: number }>({
    title: { en: 'No valid coordinates', fr: 'Aucune coordonnée valide' },
    advice: {
      en: 'No occurrence has usable coordinates. Check decimalLatitude and decimalLongitude in the published dataset.',
      fr: 'Aucune occurrence n’a de coordonnées utilisables. Vérifiez decimalLatitude et decimalLongitude dans le jeu de données publié.',
    },
    said: {
      en: ({ occurrences }) =>
        `none of its ${counted('en', occurrences, 'occurrence', 'occurrences')} has a usable position`,
      fr: ({ occurrences }) => `aucune des occurrences (${occurrences}) n’a de position utilisable`,
    },
  }),
}
