/** What a data manager should know of a dataset that was harvested all the same. A new warning is one entry here. */

import { amount } from '../../text.ts'
import type { AnswerName } from '../evidence/index.ts'
import { type DroppedRows, dropSentence, type LeftOut, leftOutSentence } from './drops.ts'
import { faultWithRequest, type RequestFault } from './requests.ts'
import { counted, entry, listed, numeral, type Text } from './words.ts'

/** Why records were not counted. `refused` has the fault of the request. */
export type UncountedBecause =
  | 'unsupported'
  | 'all-grouped'
  | 'mirrored'
  | 'no-times'
  | 'subset-only'
  | 'no-rows'
  | 'no-values'
  | 'refused'

const uncountedWords: Record<Exclude<UncountedBecause, 'refused'>, Text> = {
  unsupported: {
    en: 'the server cannot count (no orderByCount)',
    fr: 'le serveur ne sait pas compter (pas d’orderByCount)',
  },
  'all-grouped': {
    en: 'every column that would be counted is part of the id',
    fr: 'toutes les colonnes à compter font partie de l’identifiant',
  },
  mirrored: {
    en: 'the server mirrors another one and answers itself, so that it counts counts',
    fr: 'le serveur est le miroir d’un autre et répond lui-même : il compte des comptes',
  },
  'no-times': {
    en: 'the server counts no times of rows that have times',
    fr: 'le serveur ne compte aucune heure de lignes qui ont des heures',
  },
  'subset-only': {
    en: 'every variable is in subsetVariables, so that the server counts distinct rows',
    fr: 'toutes les variables sont dans subsetVariables : le serveur compte des lignes distinctes',
  },
  'no-values': {
    en: 'the variable that is counted has no values there',
    fr: 'la variable comptée n’y a aucune valeur',
  },
  'no-rows': {
    en: 'the server says that there are no rows to count',
    fr: 'le serveur dit qu’il n’y a pas de lignes à compter',
  },
}

const answerWords: Record<AnswerName, Text> = {
  positions: { en: 'positions', fr: 'les positions' },
  times: { en: 'times', fr: 'les heures' },
  verticals: { en: 'depths', fr: 'les profondeurs' },
  counts: { en: 'counts', fr: 'les comptes' },
}

/** How large the rows of a moving platform are, when there were too many `of` a finer kind. `degrees` is a cell's side. */
export interface CoarserRows {
  limit: number
  of: 'rows' | 'casts' | 'positions'
  period: 'month' | 'year' | 'all'
  degrees: string
  byTrajectory: boolean
}

const periodWords: Record<Exclude<CoarserRows['period'], 'all'>, Text> = {
  month: { en: 'month', fr: 'mois' },
  year: { en: 'year', fr: 'année' },
}

const finerWords: Record<CoarserRows['of'], Text> = {
  rows: { en: 'rows', fr: 'lignes' },
  casts: { en: 'casts', fr: 'profils' },
  positions: { en: 'positions and days', fr: 'positions et jours' },
}

export const warnings = {
  CF_ROLE_REPEATED: entry<{ role: string; variables: readonly string[]; used: string }>({
    title: { en: 'A cf_role is given more than once', fr: 'Un cf_role est donné plus d’une fois' },
    advice: {
      en: 'Leave the cf_role on the one variable that identifies a station or cast, and remove it from the others.',
      fr: 'Laissez le cf_role sur la seule variable qui identifie une station ou un profil, et retirez-le des autres.',
    },
    said: {
      en: ({ role, variables, used }) =>
        `cf_role ${role} is that of ${variables.join(', ')}; ${used} is used`,
      fr: ({ role, variables, used }) =>
        `le cf_role ${role} est celui de ${variables.join(', ')}; ${used} est utilisée`,
    },
  }),
  STANDARD_NAME_UNKNOWN: entry<{ names: readonly string[]; cfVersion: string }>({
    title: { en: 'Standard names that CF does not know', fr: 'Noms standard inconnus de CF' },
    advice: {
      en: 'Correct the standard_name: only names of the CF table can count for an ocean variable.',
      fr: 'Corrigez le standard_name : seuls les noms de la table CF peuvent compter pour une variable océanique.',
    },
    said: {
      en: ({ names, cfVersion }) =>
        `standard names not in the CF table (version ${cfVersion}): ${names.join(', ')}`,
      fr: ({ names, cfVersion }) =>
        `noms standard absents de la table CF (version ${cfVersion}) : ${names.join(', ')}`,
    },
  }),
  PLATFORM_UNKNOWN: entry<{ platform: string; vocabulary: string }>({
    title: { en: 'Platform not known', fr: 'Plateforme inconnue' },
    advice: {
      en: 'Set platform to a label of the NERC L06 or the IOOS vocabulary, and platform_vocabulary to its address.',
      fr: 'Donnez à platform un libellé du vocabulaire NERC L06 ou IOOS, et à platform_vocabulary son adresse.',
    },
    said: {
      en: ({ platform, vocabulary }) =>
        vocabulary === ''
          ? `platform "${platform}" is not a label of L06 or IOOS, and platform_vocabulary is missing`
          : `platform "${platform}" of platform_vocabulary "${vocabulary}" is not a label of L06 or IOOS`,
      fr: ({ platform, vocabulary }) =>
        vocabulary === ''
          ? `la plateforme « ${platform} » n’est pas un libellé de L06 ou d’IOOS, et platform_vocabulary est absent`
          : `la plateforme « ${platform} » de platform_vocabulary « ${vocabulary} » n’est pas un libellé de L06 ou d’IOOS`,
    },
  }),
  TITLE_MISSING: entry<Record<never, never>>({
    title: { en: 'No title', fr: 'Aucun titre' },
    advice: {
      en: 'Give the dataset the global attribute title.',
      fr: 'Donnez au jeu de données l’attribut global title.',
    },
    said: {
      en: () => 'the dataset has no title; its id is used',
      fr: () => 'le jeu de données n’a pas de titre; son identifiant est utilisé',
    },
  }),
  CKAN_RECORDS_SEVERAL: entry<{ records: readonly string[]; count?: number }>({
    title: { en: 'Several catalogue records', fr: 'Plusieurs fiches du catalogue' },
    advice: {
      en: 'Leave the address of the dataset in one record of the catalogue only.',
      fr: 'Ne laissez l’adresse du jeu de données que dans une seule fiche du catalogue.',
    },
    said: {
      en: ({ records, count = records.length }) =>
        `${count} CKAN records point at the dataset (${some(records, count)}); the first is used`,
      fr: ({ records, count = records.length }) =>
        `${count} fiches CKAN désignent le jeu de données (${some(records, count)}); la première est utilisée`,
    },
  }),
  ROWS_DROPPED: entry<DroppedRows>({
    title: { en: 'Rows left out', fr: 'Lignes laissées de côté' },
    advice: {
      en: 'Correct the values of these rows in the source data; the others are in the index.',
      fr: 'Corrigez les valeurs de ces lignes dans les données sources; les autres sont dans l’index.',
    },
    said: { en: (rows) => dropSentence('en', rows), fr: (rows) => dropSentence('fr', rows) },
  }),
  POSITIONS_SEVERAL: entry<{ count: number; ids: readonly string[] }>({
    title: { en: 'Several positions for one id', fr: 'Plusieurs positions pour un identifiant' },
    advice: {
      en: 'An id should have one position. Give each place an id of its own, or one latitude and longitude to all rows of an id.',
      fr: 'Un identifiant devrait avoir une seule position. Donnez à chaque lieu son identifiant, ou les mêmes latitude et longitude à toutes les lignes d’un identifiant.',
    },
    said: {
      en: ({ count, ids }) =>
        `${counted('en', count, 'id has', 'ids have')} several positions, the first is used: ${listed('en', ids, count)}`,
      fr: ({ count, ids }) =>
        `${counted('fr', count, 'identifiant a', 'identifiants ont')} plusieurs positions, la première est utilisée : ${listed('fr', ids, count)}`,
    },
  }),
  ANSWERS_DISAGREE: entry<{ answer: AnswerName; count: number; ids: readonly string[] }>({
    title: { en: 'Answers that disagree', fr: 'Réponses qui ne concordent pas' },
    advice: {
      en: 'The server may be reading the dataset anew, or a cached table of it is old: reload the dataset. It is harvested again each time until its answers agree.',
      fr: 'Le serveur relit peut-être le jeu de données, ou en garde une table ancienne : rechargez-le. Il est moissonné à chaque fois tant que les réponses ne concordent pas.',
    },
    said: {
      en: ({ answer, count, ids }) =>
        `${counted('en', count, 'id is', 'ids are')} in another answer of the server, but not in the one with ${answerWords[answer].en}, asked twice: ${listed('en', ids, count)}`,
      fr: ({ answer, count, ids }) =>
        `${counted('fr', count, 'identifiant est', 'identifiants sont')} dans une autre réponse du serveur, mais pas dans celle avec ${answerWords[answer].fr}, demandée deux fois : ${listed('fr', ids, count)}`,
    },
  }),
  RECORDS_UNCOUNTED: entry<{
    because: UncountedBecause
    fault: RequestFault | null
    count: number
    total: number
  }>({
    title: { en: 'Records not counted', fr: 'Enregistrements non comptés' },
    advice: {
      en: 'The index knows the profiles, and keeps the number of records that it had. Follow the last request to see why the server did not count.',
      fr: 'L’index connaît les profils, et garde le nombre d’enregistrements qu’il avait. Suivez la dernière requête pour voir pourquoi le serveur n’a pas compté.',
    },
    said: {
      en: ({ because, fault, count, total }) =>
        `the records of ${count} of ${counted('en', total, 'row', 'rows')} are not known, n_records is empty: ${because === 'refused' ? (fault && faultWithRequest('en', fault)) || 'refused' : uncountedWords[because].en}`,
      fr: ({ because, fault, count, total }) =>
        `le nombre d’enregistrements de ${count} sur ${counted('fr', total, 'ligne', 'lignes')} n’est pas connu, n_records est vide : ${because === 'refused' ? (fault && faultWithRequest('fr', fault)) || 'refus' : uncountedWords[because].fr}`,
    },
  }),
  EXTENT_UNREADABLE: entry<{ detail: string }>({
    title: { en: 'Extent not understood', fr: 'Étendue incomprise' },
    advice: {
      en: 'The dataset’s extent should be a shape in WKT. Correct it where the dataset is published.',
      fr: 'L’étendue du jeu de données devrait être une forme en WKT. Corrigez-la là où il est publié.',
    },
    said: {
      en: ({ detail }) => `its extent cannot be understood (${detail}); every occurrence was looked at`,
      fr: ({ detail }) =>
        `son étendue n’a pas pu être comprise (${detail}); toutes les occurrences ont été examinées`,
    },
  }),
  OCCURRENCES_MISPLACED: entry<{ count: number; total: number }>({
    title: { en: 'Occurrences without a usable position', fr: 'Occurrences sans position utilisable' },
    advice: {
      en: 'Check decimalLatitude and decimalLongitude in the published dataset.',
      fr: 'Vérifiez decimalLatitude et decimalLongitude dans le jeu de données publié.',
    },
    said: {
      en: ({ count, total }) =>
        `${count} of ${counted('en', total, 'occurrence', 'occurrences')} ${count === 1 ? 'has' : 'have'} no position that a map can show`,
      fr: ({ count, total }) =>
        `${count} ${total < 2 ? 'de' : 'des'} ${counted('fr', total, 'occurrence', 'occurrences')} ${count < 2 ? 'n’a' : 'n’ont'} pas de position qu’une carte puisse montrer`,
    },
  }),
  DATES_IMPOSSIBLE: entry<{ count: number }>({
    title: { en: 'Impossible dates', fr: 'Dates impossibles' },
    advice: {
      en: 'Correct the dates in the published dataset; the occurrences are in the index without them.',
      fr: 'Corrigez les dates dans le jeu de données publié; les occurrences sont dans l’index sans elles.',
    },
    said: {
      en: ({ count }) =>
        `${counted('en', count, 'date lies', 'dates lie')} outside of the years 1 to 9999 and ${count === 1 ? 'was' : 'were'} left out`,
      fr: ({ count }) =>
        `${counted('fr', count, 'date', 'dates')} hors des années 1 à 9999 ${count < 2 ? 'a été laissée' : 'ont été laissées'} de côté`,
    },
  }),
  PARQUET_UNUSABLE: entry<{ fault: RequestFault }>({
    title: { en: 'Published file of no use', fr: 'Fichier publié inutilisable' },
    advice: {
      en: 'The slower API was asked instead. If this repeats, tell OBIS about the file.',
      fr: 'L’API, plus lente, a été interrogée à sa place. Si cela se répète, signalez le fichier à OBIS.',
    },
    said: {
      en: ({ fault }) =>
        `the published file is of no use (${faultWithRequest('en', fault)}); the paged API was asked instead`,
      fr: ({ fault }) =>
        `le fichier publié est inutilisable (${faultWithRequest('fr', fault)}); l’API paginée a été interrogée à sa place`,
    },
  }),
  PARQUET_COLUMNS_MISSING: entry<{ columns: readonly string[] }>({
    title: { en: 'Columns missing in the published file', fr: 'Colonnes absentes du fichier publié' },
    advice: {
      en: 'The map cells go without what these columns would say. Tell OBIS about the file.',
      fr: 'Les mailles se passent de ce que ces colonnes diraient. Signalez le fichier à OBIS.',
    },
    said: {
      en: ({ columns }) => `the published file lacks ${columns.join(', ')}; its cells go without`,
      fr: ({ columns }) => `le fichier publié n’a pas ${columns.join(', ')}; ses mailles s’en passent`,
    },
  }),
  PARQUET_FLAGS_MISSING: entry<{ columns: readonly string[] }>({
    title: { en: 'Flags missing in the published file', fr: 'Indicateurs absents du fichier publié' },
    advice: {
      en: 'Records that OBIS would leave out may be counted. Tell OBIS about the file.',
      fr: 'Des enregistrements qu’OBIS laisserait de côté peuvent être comptés. Signalez le fichier à OBIS.',
    },
    said: {
      en: ({ columns }) =>
        `the published file lacks ${columns.join(', ')}; records that OBIS leaves out cannot be told apart`,
      fr: ({ columns }) =>
        `le fichier publié n’a pas ${columns.join(', ')}; les enregistrements qu’OBIS laisse de côté ne peuvent pas être reconnus`,
    },
  }),
  OCCURRENCES_LEFT_OUT: entry<LeftOut>({
    title: { en: 'Records left out', fr: 'Enregistrements laissés de côté' },
    advice: {
      en: 'Nothing to do: OBIS’s own services leave them out, too.',
      fr: 'Rien à faire : les services d’OBIS les laissent de côté aussi.',
    },
    said: {
      en: (counts) => leftOutSentence('en', counts),
      fr: (counts) => leftOutSentence('fr', counts),
    },
  }),
  OCCURRENCES_FEWER: entry<{ stated: number; given: number }>({
    title: { en: 'Fewer occurrences than stated', fr: 'Moins d’occurrences qu’annoncé' },
    advice: {
      en: 'The next harvest looks again. If this repeats, tell OBIS.',
      fr: 'Le prochain moissonnage vérifiera. Si cela se répète, signalez-le à OBIS.',
    },
    said: {
      en: ({ stated, given }) => `OBIS states ${amount(stated, 'occurrence')} of it, its API gave ${given}`,
      fr: ({ stated, given }) =>
        `OBIS annonce ${stated} ${stated < 2 ? 'occurrence' : 'occurrences'}, son API en a donné ${given}`,
    },
  }),
  SERVER_REMARK: entry<{ detail: string }>({
    title: { en: 'Something was odd', fr: 'Quelque chose d’inhabituel' },
    advice: {
      en: 'Nothing to do, unless the remark says so.',
      fr: 'Rien à faire, sauf si la remarque le dit.',
    },
    said: { en: ({ detail }) => detail, fr: ({ detail }) => detail },
  }),
  LIST_CUT: entry<{ items: number }>({
    title: { en: 'A list is too long', fr: 'Une liste est trop longue' },
    advice: {
      en: 'Shorten the names, or list fewer of them: a list holds four million characters, a name in it 2,000 bytes.',
      fr: 'Raccourcissez les noms, ou listez-en moins : une liste contient quatre millions de caractères, et un nom 2 000 octets.',
    },
    said: {
      en: ({ items }) =>
        `${counted('en', items, 'item of its lists is', 'items of its lists are')} cut or left out: longer than a list can hold`,
      fr: ({ items }) =>
        `${counted('fr', items, 'élément de ses listes est coupé ou omis', 'éléments de ses listes sont coupés ou omis')} : une liste n’en contient pas autant`,
    },
  }),
  TRACK_COARSER: entry<CoarserRows>({
    title: { en: 'Coarser rows than usual', fr: 'Lignes plus grossières que d’habitude' },
    advice: {
      en: 'Nothing to do: the dataset has more rows than the limit of this harvester (moving_max_rows), so that its rows cover more time or larger cells.',
      fr: 'Rien à faire : le jeu de données a plus de lignes que la limite de ce moissonneur (moving_max_rows); ses lignes couvrent donc plus de temps ou de plus grandes cellules.',
    },
    said: {
      en: ({ limit, of, period, degrees, byTrajectory }) =>
        `more than ${numeral('en', limit)} ${finerWords[of].en}: there is one row for each ${byTrajectory ? 'trajectory, ' : ''}${period === 'all' ? '' : `${periodWords[period].en} and `}cell of ${degrees}°${period === 'all' ? ', for all time' : ''}${byTrajectory ? '' : ', all trajectories together'}`,
      fr: ({ limit, of, period, degrees, byTrajectory }) =>
        `plus de ${numeral('fr', limit)} ${finerWords[of].fr} : il y a une ligne par ${byTrajectory ? 'trajectoire, ' : ''}${period === 'all' ? '' : `${periodWords[period].fr} et `}cellule de ${degrees}°${period === 'all' ? ', pour toute la durée' : ''}${byTrajectory ? '' : ', toutes trajectoires confondues'}`,
    },
  }),
  TRACK_UNPLACED: entry<{ records: number | null; groups: number }>({
    title: { en: 'Records without position or time', fr: 'Enregistrements sans position ou sans heure' },
    advice: {
      en: 'Records without latitude, longitude or time cannot be on a map. Fill them in, or leave them.',
      fr: 'Les enregistrements sans latitude, longitude ou heure ne peuvent pas figurer sur une carte. Complétez-les, ou laissez-les.',
    },
    said: {
      en: ({ records, groups }) =>
        records === null
          ? `${counted('en', groups, 'group', 'groups')} of records without position or time left out`
          : `${counted('en', records, 'record', 'records')} without position or time left out`,
      fr: ({ records, groups }) =>
        records === null
          ? `${counted('fr', groups, 'groupe', 'groupes')} d’enregistrements sans position ou sans heure laissés de côté`
          : `${counted('fr', records, 'enregistrement', 'enregistrements')} sans position ou sans heure ${records < 2 ? 'laissé' : 'laissés'} de côté`,
    },
  }),
  TRACK_ID_EMPTY: entry<{ variable: string }>({
    title: { en: 'Records without a trajectory', fr: 'Enregistrements sans trajectoire' },
    advice: {
      en: 'Give each platform or deployment its id: several may hide behind an empty one.',
      fr: 'Donnez à chaque plateforme ou déploiement son identifiant : plusieurs peuvent se cacher derrière un identifiant vide.',
    },
    said: {
      en: ({ variable }) =>
        `${variable} is empty in some records, which are taken for one trajectory: several platforms may hide in it`,
      fr: ({ variable }) =>
        `${variable} est vide dans certains enregistrements, pris pour une seule trajectoire : plusieurs plateformes peuvent s’y cacher`,
    },
  }),
}

/** The first of a list, and that there are more. */
function some(shown: readonly string[], count: number): string {
  return `${shown.join(', ')}${count > shown.length ? ', …' : ''}`
}
