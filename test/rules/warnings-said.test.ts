/** Every sentence of a warning or a note, in both languages. */
import { describe, expect, test } from 'vitest'
import {
  type DropReason,
  type Fact,
  fact,
  type RequestFault,
  sentence,
  warningCodes,
} from '../../src/rules/reasons/index.ts'
import { notes } from '../../src/rules/reasons/notes.ts'

type Said = [fact: Fact, en: string, fr: string]

const ofWarnings: Said[] = [
  [
    fact('CF_ROLE_REPEATED', { role: 'profile_id', variables: ['a', 'b'], used: 'a' }),
    'cf_role profile_id is that of a, b; a is used',
    'le cf_role profile_id est celui de a, b; a est utilisée',
  ],
  [
    fact('STANDARD_NAME_UNKNOWN', { names: ['a', 'b'], cfVersion: '90' }),
    'standard names not in the CF table (version 90): a, b',
    'noms standard absents de la table CF (version 90) : a, b',
  ],
  [
    fact('PLATFORM_UNKNOWN', { platform: 'boat', vocabulary: '' }),
    'platform "boat" is not a label of L06 or IOOS, and platform_vocabulary is missing',
    'la plateforme « boat » n’est pas un libellé de L06 ou d’IOOS, et platform_vocabulary est absent',
  ],
  [
    fact('PLATFORM_UNKNOWN', { platform: 'boat', vocabulary: 'ours' }),
    'platform "boat" of platform_vocabulary "ours" is not a label of L06 or IOOS',
    'la plateforme « boat » de platform_vocabulary « ours » n’est pas un libellé de L06 ou d’IOOS',
  ],
  [
    fact('TITLE_MISSING', {}),
    'the dataset has no title; its id is used',
    'le jeu de données n’a pas de titre; son identifiant est utilisé',
  ],
  [
    fact('CKAN_RECORDS_SEVERAL', { records: ['a', 'b'] }),
    '2 CKAN records point at the dataset (a, b); the first is used',
    '2 fiches CKAN désignent le jeu de données (a, b); la première est utilisée',
  ],
  [
    fact('CKAN_RECORDS_SEVERAL', { records: ['a', 'b'], count: 5 }),
    '5 CKAN records point at the dataset (a, b, …); the first is used',
    '5 fiches CKAN désignent le jeu de données (a, b, …); la première est utilisée',
  ],
  [
    fact('ROWS_DROPPED', rows('no_position', 1)),
    '1 row dropped, since it has no position: a',
    '1 ligne retirée, car elle n’a pas de position : a',
  ],
  [
    fact('ROWS_DROPPED', rows('no_time', 1)),
    '1 row dropped, since it has no start or end time: a',
    '1 ligne retirée, car elle n’a pas d’heure de début ou de fin : a',
  ],
  [
    fact('ROWS_DROPPED', rows('id_too_long', 1)),
    '1 row dropped, since it has an id of more than 600 bytes: a',
    '1 ligne retirée, car elle a un identifiant de plus de 600 octets : a',
  ],
  [
    fact('ROWS_DROPPED', rows('time_outside', 1)),
    '1 row dropped, since it has a time outside of the years 1 to 9999: a',
    '1 ligne retirée, car elle a une heure hors des années 1 à 9999 : a',
  ],
  [
    fact('ROWS_DROPPED', rows('latitude_outside', 1)),
    '1 row dropped, since it has a latitude outside ±90: a',
    '1 ligne retirée, car elle a une latitude hors de ±90 : a',
  ],
  [
    fact('ROWS_DROPPED', rows('longitude_outside', 1)),
    '1 row dropped, since it has a longitude outside ±180: a',
    '1 ligne retirée, car elle a une longitude hors de ±180 : a',
  ],
  [
    fact('ROWS_DROPPED', rows('pole', 1)),
    '1 row dropped, since it lies on a pole: a',
    '1 ligne retirée, car elle est située sur un pôle : a',
  ],
  [
    fact('ROWS_DROPPED', rows('antimeridian', 1)),
    '1 row dropped, since it lies on the antimeridian: a',
    '1 ligne retirée, car elle est située sur l’antiméridien : a',
  ],
  [
    fact('ROWS_DROPPED', rows('beyond_projection', 1)),
    '1 row dropped, since it lies beyond ±85.06° of latitude, where maps end: a',
    '1 ligne retirée, car elle est située au-delà de ±85,06° de latitude, où les cartes s’arrêtent : a',
  ],
  [
    fact('ROWS_DROPPED', rows('too_deep', 1)),
    '1 row dropped, since it is deeper than 15,000 m: a',
    '1 ligne retirée, car elle est à plus de 15\u00A0000 m de profondeur : a',
  ],
  [
    fact('ROWS_DROPPED', rows('too_high', 1)),
    '1 row dropped, since it is higher than 100 m above the surface: a',
    '1 ligne retirée, car elle est à plus de 100 m au-dessus de la surface : a',
  ],
  [
    fact('ROWS_DROPPED', rows('start_after_end', 1)),
    '1 row dropped, since it starts after it ends: a',
    '1 ligne retirée, car elle commence après sa fin : a',
  ],
  [
    fact('ROWS_DROPPED', rows('too_deep', 2)),
    '2 rows dropped, since each is deeper than 15,000 m: a, b',
    '2 lignes retirées, car chacune est à plus de 15\u00A0000 m de profondeur : a, b',
  ],
  [
    fact('POSITIONS_SEVERAL', { count: 1, ids: ['a'] }),
    '1 id has several positions, the first is used: a',
    '1 identifiant a plusieurs positions, la première est utilisée : a',
  ],
  [
    fact('POSITIONS_SEVERAL', { count: 12, ids: ['a', 'b'] }),
    '12 ids have several positions, the first is used: a, b and 10 more',
    '12 identifiants ont plusieurs positions, la première est utilisée : a, b et 10 autres',
  ],
  [
    fact('POSITIONS_SEVERAL', { count: 3, ids: ['a', 'b'] }),
    '3 ids have several positions, the first is used: a, b and 1 more',
    '3 identifiants ont plusieurs positions, la première est utilisée : a, b et 1 autre',
  ],
  [
    fact('ANSWERS_DISAGREE', { answer: 'positions', count: 1, ids: ['a'] }),
    '1 id is in another answer of the server, but not in the one with positions, asked twice: a',
    '1 identifiant est dans une autre réponse du serveur, mais pas dans celle avec les positions, demandée deux fois : a',
  ],
  [
    fact('ANSWERS_DISAGREE', { answer: 'times', count: 2, ids: ['a', 'b'] }),
    '2 ids are in another answer of the server, but not in the one with times, asked twice: a, b',
    '2 identifiants sont dans une autre réponse du serveur, mais pas dans celle avec les heures, demandée deux fois : a, b',
  ],
  [
    fact('ANSWERS_DISAGREE', { answer: 'verticals', count: 2, ids: ['a', 'b'] }),
    '2 ids are in another answer of the server, but not in the one with depths, asked twice: a, b',
    '2 identifiants sont dans une autre réponse du serveur, mais pas dans celle avec les profondeurs, demandée deux fois : a, b',
  ],
  [
    fact('ANSWERS_DISAGREE', { answer: 'counts', count: 2, ids: ['a', 'b'] }),
    '2 ids are in another answer of the server, but not in the one with counts, asked twice: a, b',
    '2 identifiants sont dans une autre réponse du serveur, mais pas dans celle avec les comptes, demandée deux fois : a, b',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'unsupported', fault: null, count: 2, total: 3 }),
    'the records of 2 of 3 rows are not known, n_records is empty: the server cannot count (no orderByCount)',
    'le nombre d’enregistrements de 2 sur 3 lignes n’est pas connu, n_records est vide : le serveur ne sait pas compter (pas d’orderByCount)',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'all-grouped', fault: null, count: 2, total: 3 }),
    'the records of 2 of 3 rows are not known, n_records is empty: every column that would be counted is part of the id',
    'le nombre d’enregistrements de 2 sur 3 lignes n’est pas connu, n_records est vide : toutes les colonnes à compter font partie de l’identifiant',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'mirrored', fault: null, count: 2, total: 3 }),
    'the records of 2 of 3 rows are not known, n_records is empty: the server mirrors another one and answers itself, so that it counts counts',
    'le nombre d’enregistrements de 2 sur 3 lignes n’est pas connu, n_records est vide : le serveur est le miroir d’un autre et répond lui-même : il compte des comptes',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'no-times', fault: null, count: 2, total: 3 }),
    'the records of 2 of 3 rows are not known, n_records is empty: the server counts no times of rows that have times',
    'le nombre d’enregistrements de 2 sur 3 lignes n’est pas connu, n_records est vide : le serveur ne compte aucune heure de lignes qui ont des heures',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'subset-only', fault: null, count: 2, total: 3 }),
    'the records of 2 of 3 rows are not known, n_records is empty: every variable is in subsetVariables, so that the server counts distinct rows',
    'le nombre d’enregistrements de 2 sur 3 lignes n’est pas connu, n_records est vide : toutes les variables sont dans subsetVariables : le serveur compte des lignes distinctes',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'no-rows', fault: null, count: 2, total: 3 }),
    'the records of 2 of 3 rows are not known, n_records is empty: the server says that there are no rows to count',
    'le nombre d’enregistrements de 2 sur 3 lignes n’est pas connu, n_records est vide : le serveur dit qu’il n’y a pas de lignes à compter',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'no-values', fault: null, count: 2, total: 3 }),
    'the records of 2 of 3 rows are not known, n_records is empty: the variable that is counted has no values there',
    'le nombre d’enregistrements de 2 sur 3 lignes n’est pas connu, n_records est vide : la variable comptée n’y a aucune valeur',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'refused', fault: null, count: 1, total: 1 }),
    'the records of 1 of 1 row are not known, n_records is empty: refused',
    'le nombre d’enregistrements de 1 sur 1 ligne n’est pas connu, n_records est vide : refus',
  ],
  [
    fact('RECORDS_UNCOUNTED', { because: 'refused', fault: status(), count: 2, total: 3 }),
    'the records of 2 of 3 rows are not known, n_records is empty: Out of memory [HTTP 500] (GET /a)',
    'le nombre d’enregistrements de 2 sur 3 lignes n’est pas connu, n_records est vide : Out of memory [HTTP 500] (GET /a)',
  ],
  [
    fact('EXTENT_UNREADABLE', { detail: 'POLYGON((' }),
    'its extent cannot be understood (POLYGON((); every occurrence was looked at',
    'son étendue n’a pas pu être comprise (POLYGON((); toutes les occurrences ont été examinées',
  ],
  [
    fact('OCCURRENCES_MISPLACED', { count: 1, total: 1 }),
    '1 of 1 occurrence has no position that a map can show',
    '1 de 1 occurrence n’a pas de position qu’une carte puisse montrer',
  ],
  [
    fact('OCCURRENCES_MISPLACED', { count: 2, total: 1200 }),
    '2 of 1,200 occurrences have no position that a map can show',
    '2 des 1\u00A0200 occurrences n’ont pas de position qu’une carte puisse montrer',
  ],
  [
    fact('DATES_IMPOSSIBLE', { count: 1 }),
    '1 date lies outside of the years 1 to 9999 and was left out',
    '1 date hors des années 1 à 9999 a été laissée de côté',
  ],
  [
    fact('DATES_IMPOSSIBLE', { count: 2 }),
    '2 dates lie outside of the years 1 to 9999 and were left out',
    '2 dates hors des années 1 à 9999 ont été laissées de côté',
  ],
  [
    fact('PARQUET_UNUSABLE', { fault: status() }),
    'the published file is of no use (Out of memory [HTTP 500] (GET /a)); the paged API was asked instead',
    'le fichier publié est inutilisable (Out of memory [HTTP 500] (GET /a)); l’API paginée a été interrogée à sa place',
  ],
  [
    fact('PARQUET_COLUMNS_MISSING', { columns: ['a', 'b'] }),
    'the published file lacks a, b; its cells go without',
    'le fichier publié n’a pas a, b; ses mailles s’en passent',
  ],
  [
    fact('PARQUET_FLAGS_MISSING', { columns: ['a', 'b'] }),
    'the published file lacks a, b; records that OBIS leaves out cannot be told apart',
    'le fichier publié n’a pas a, b; les enregistrements qu’OBIS laisse de côté ne peuvent pas être reconnus',
  ],
  [
    fact('OCCURRENCES_LEFT_OUT', { records: 9, absences: 1, dropped: 0 }),
    '1 of its 9 records says that nothing was found; it was left out',
    '1 de ses 9 enregistrements dit que rien n’a été trouvé; il a été laissé de côté',
  ],
  [
    fact('OCCURRENCES_LEFT_OUT', { records: 9, absences: 0, dropped: 1 }),
    '1 of its 9 records is dropped by OBIS for quality; it was left out',
    '1 de ses 9 enregistrements est écarté par OBIS pour sa qualité; il a été laissé de côté',
  ],
  [
    fact('OCCURRENCES_LEFT_OUT', { records: 9, absences: 2, dropped: 3 }),
    '2 of its 9 records say that nothing was found, 3 of its 9 records are dropped by OBIS for quality; they were left out',
    '2 de ses 9 enregistrements disent que rien n’a été trouvé, 3 de ses 9 enregistrements sont écartés par OBIS pour leur qualité; ils ont été laissés de côté',
  ],
  [
    fact('OCCURRENCES_FEWER', { stated: 12, given: 11 }),
    'OBIS states 12 occurrences of it, its API gave 11',
    'OBIS annonce 12 occurrences, son API en a donné 11',
  ],
  [
    fact('OCCURRENCES_FEWER', { stated: 1, given: 0 }),
    'OBIS states 1 occurrence of it, its API gave 0',
    'OBIS annonce 1 occurrence, son API en a donné 0',
  ],
  [fact('SERVER_REMARK', { detail: 'odd' }), 'odd', 'odd'],
  [
    fact('LIST_CUT', { items: 1 }),
    '1 item of its lists is cut or left out: longer than a list can hold',
    '1 élément de ses listes est coupé ou omis : une liste n’en contient pas autant',
  ],
  [
    fact('LIST_CUT', { items: 2 }),
    '2 items of its lists are cut or left out: longer than a list can hold',
    '2 éléments de ses listes sont coupés ou omis : une liste n’en contient pas autant',
  ],
  [
    fact('TRACK_COARSER', {
      limit: 20_000,
      of: 'rows',
      period: 'month',
      degrees: '0.25',
      byTrajectory: true,
    }),
    'more than 20,000 rows: there is one row for each trajectory, month and cell of 0.25°',
    'plus de 20\u00A0000 lignes : il y a une ligne par trajectoire, mois et cellule de 0.25°',
  ],
  [
    fact('TRACK_COARSER', { limit: 20_000, of: 'casts', period: 'year', degrees: '1', byTrajectory: false }),
    'more than 20,000 casts: there is one row for each year and cell of 1°, all trajectories together',
    'plus de 20\u00A0000 profils : il y a une ligne par année et cellule de 1°, toutes trajectoires confondues',
  ],
  [
    fact('TRACK_COARSER', {
      limit: 20_000,
      of: 'positions',
      period: 'all',
      degrees: '1',
      byTrajectory: false,
    }),
    'more than 20,000 positions and days: there is one row for each cell of 1°, for all time, all trajectories together',
    'plus de 20\u00A0000 positions et jours : il y a une ligne par cellule de 1°, pour toute la durée, toutes trajectoires confondues',
  ],
  [
    fact('TRACK_COARSER', { limit: 20_000, of: 'rows', period: 'all', degrees: '1', byTrajectory: true }),
    'more than 20,000 rows: there is one row for each trajectory, cell of 1°, for all time',
    'plus de 20\u00A0000 lignes : il y a une ligne par trajectoire, cellule de 1°, pour toute la durée',
  ],
  [
    fact('TRACK_UNPLACED', { records: null, groups: 1 }),
    '1 group of records without position or time left out',
    '1 groupe d’enregistrements sans position ou sans heure laissés de côté',
  ],
  [
    fact('TRACK_UNPLACED', { records: null, groups: 3 }),
    '3 groups of records without position or time left out',
    '3 groupes d’enregistrements sans position ou sans heure laissés de côté',
  ],
  [
    fact('TRACK_UNPLACED', { records: 1, groups: 1 }),
    '1 record without position or time left out',
    '1 enregistrement sans position ou sans heure laissé de côté',
  ],
  [
    fact('TRACK_UNPLACED', { records: 3, groups: 1 }),
    '3 records without position or time left out',
    '3 enregistrements sans position ou sans heure laissés de côté',
  ],
  [
    fact('TRACK_ID_EMPTY', { variable: 'wmo' }),
    'wmo is empty in some records, which are taken for one trajectory: several platforms may hide in it',
    'wmo est vide dans certains enregistrements, pris pour une seule trajectoire : plusieurs plateformes peuvent s’y cacher',
  ],
]

const ofNotes: Said[] = [
  [
    fact('TRUSTED', { ageDays: 1.26, trustedDays: 1.5 }),
    'trusted, not proven: the metadata are those of the harvest 1.3 days ago, and the server publishes no source files (trusted for 1.5 days)',
    'présumé, non prouvé : les métadonnées sont celles du moissonnage d’il y a 1,3 jour, et le serveur ne publie pas ses fichiers sources (présumé pendant 1,5 jour)',
  ],
  [
    fact('TRUSTED', { ageDays: 0.4, trustedDays: 1 }),
    'trusted, not proven: the metadata are those of the harvest 0.4 days ago, and the server publishes no source files (trusted for 1 day)',
    'présumé, non prouvé : les métadonnées sont celles du moissonnage d’il y a 0,4 jour, et le serveur ne publie pas ses fichiers sources (présumé pendant 1 jour)',
  ],
  [
    fact('TRUSTED', { ageDays: 1.96, trustedDays: 2.5 }),
    'trusted, not proven: the metadata are those of the harvest 2.0 days ago, and the server publishes no source files (trusted for 2.5 days)',
    'présumé, non prouvé : les métadonnées sont celles du moissonnage d’il y a 2,0 jours, et le serveur ne publie pas ses fichiers sources (présumé pendant 2,5 jours)',
  ],
  [
    fact('ASKED_RECENTLY', { ageHours: 1.26, hours: 0.5 }),
    'asked 1.3 hours ago; moving platforms whose data go on arriving are asked once in 0.5 hours',
    'interrogé il y a 1,3 heure; les plateformes mobiles dont les données continuent d’arriver sont interrogées une fois toutes les 0,5 heures',
  ],
  [
    fact('ASKED_RECENTLY', { ageHours: 0.5, hours: 1 }),
    'asked 0.5 hours ago; moving platforms whose data go on arriving are asked once in 1 hour',
    'interrogé il y a 0,5 heure; les plateformes mobiles dont les données continuent d’arriver sont interrogées une fois par heure',
  ],
  [
    fact('RECORD_CHANGED', {}),
    'only its record in the catalogue changed, the dataset itself did not',
    'seule sa fiche du catalogue a changé, pas le jeu de données lui-même',
  ],
  [
    fact('KEPT', { from: '2026-01-01' }),
    'kept from the interrupted run of 2026-01-01',
    'repris de l’exécution interrompue du 2026-01-01',
  ],
]

const atTheEdges: Said[] = [
  [
    fact('ROWS_DROPPED', { reason: 'no_time', count: 0, ids: [] }),
    '0 rows dropped, since each has no start or end time: ',
    '0 ligne retirée, car elle n’a pas d’heure de début ou de fin : ',
  ],
  [
    fact('ROWS_DROPPED', { reason: 'pole', count: 11, ids: [...'abcdefghijk'] }),
    '11 rows dropped, since each lies on a pole: a, b, c, d, e, f, g, h, i, j and 1 more',
    '11 lignes retirées, car chacune est située sur un pôle : a, b, c, d, e, f, g, h, i, j et 1 autre',
  ],
  [
    fact('OCCURRENCES_MISPLACED', { count: 1, total: 2 }),
    '1 of 2 occurrences has no position that a map can show',
    '1 des 2 occurrences n’a pas de position qu’une carte puisse montrer',
  ],
  [
    fact('TRACK_UNPLACED', { records: 2, groups: 1 }),
    '2 records without position or time left out',
    '2 enregistrements sans position ou sans heure laissés de côté',
  ],
]

describe('the sentence', () => {
  test.each([...ofWarnings, ...ofNotes, ...atTheEdges])('of %j', (of, en, fr) => {
    expect(sentence('en', of)).toBe(en)
    expect(sentence('fr', of)).toBe(fr)
  })

  test('of every warning and note is among them', () => {
    const said = new Set([...ofWarnings, ...ofNotes].map(([{ code }]) => code))
    expect([...said].sort()).toEqual([...warningCodes, ...Object.keys(notes)].sort())
  })
})

function status(of: Partial<Extract<RequestFault, { kind: 'status' }>> = {}): RequestFault {
  const fault = { kind: 'status', status: 500, sentence: 'Out of memory', meaning: '' } as const
  return { ...fault, request: 'GET /a', attempts: 1, ...of }
}

function rows(reason: DropReason, count: number) {
  return { reason, count, ids: ['a', 'b'].slice(0, count) }
}
