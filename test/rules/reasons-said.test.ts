/** Every sentence that says why a dataset was not harvested, in both languages. */
import { describe, expect, test } from 'vitest'
import {
  type DropReason,
  errorReasons,
  type Fact,
  fact,
  type RequestFault,
  sentence,
  skipReasons,
} from '../../src/rules/reasons/index.ts'
import type { ConnectFault, TimeoutPhase } from '../../src/rules/reasons/requests.ts'

type Said = [fact: Fact, en: string, fr: string]

const ofRequests: Said[] = [
  [
    fact('HTTP_ERROR', { fault: status({ sentence: '' }) }),
    'the server answered HTTP 500 without a word (GET /a)',
    'le serveur a répondu HTTP 500 sans un mot d’explication (GET /a)',
  ],
  [
    fact('HTTP_ERROR', { fault: status({ request: null }) }),
    'Out of memory [HTTP 500]',
    'Out of memory [HTTP 500]',
  ],
  [
    fact('HTTP_ERROR', { fault: status({ sentence: 'no such table: GET /a' }) }),
    'no such table: GET /a [HTTP 500]',
    'no such table: GET /a [HTTP 500]',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('refused', 'EX') }),
    'a.example refuses connections (EX) (GET /a, 2 attempts)',
    'a.example refuse les connexions (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('unknown-name', 'EX') }),
    'the name a.example does not resolve (GET /a, 2 attempts)',
    'le nom a.example est inconnu (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('name-unavailable', 'EX') }),
    'the name a.example cannot be looked up at the moment (GET /a, 2 attempts)',
    'le nom a.example ne peut pas être résolu en ce moment (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('closed', 'EX') }),
    'a.example closed the connection before it answered (EX) (GET /a, 2 attempts)',
    'a.example a fermé la connexion avant de répondre (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('broken', 'EX') }),
    'the connection to a.example broke within the answer (EX) (GET /a, 2 attempts)',
    'la connexion à a.example s’est rompue pendant la réponse (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('unreachable', 'EX') }),
    'a.example cannot be reached (EX) (GET /a, 2 attempts)',
    'a.example est injoignable (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('refused', '') }),
    'a.example refuses connections (GET /a, 2 attempts)',
    'a.example refuse les connexions (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('closed', '') }),
    'a.example closed the connection before it answered (GET /a, 2 attempts)',
    'a.example a fermé la connexion avant de répondre (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('broken', '') }),
    'the connection to a.example broke within the answer (GET /a, 2 attempts)',
    'la connexion à a.example s’est rompue pendant la réponse (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: connect('unreachable', '') }),
    'a.example cannot be reached (GET /a, 2 attempts)',
    'a.example est injoignable (GET /a, 2 tentatives)',
  ],
  [
    fact('HTTP_ERROR', { fault: timeout('connect', 1.5) }),
    'no connection to a.example within 1.5 s (GET /a)',
    'aucune connexion à a.example en 1,5 s (GET /a)',
  ],
  [
    fact('HTTP_ERROR', { fault: timeout('headers', 1.5) }),
    'a.example gave no answer within 1.5 s (GET /a)',
    'a.example n’a pas répondu en 1,5 s (GET /a)',
  ],
  [
    fact('HTTP_ERROR', { fault: timeout('body', 1.5) }),
    'nothing more of the answer of a.example came within 1.5 s (GET /a)',
    'la suite de la réponse de a.example n’est pas venue en 1,5 s (GET /a)',
  ],
  [
    fact('HTTP_ERROR', { fault: timeout('total', 1.5) }),
    'the answer of a.example was not complete within 1.5 s (GET /a)',
    'la réponse de a.example n’était pas complète en 1,5 s (GET /a)',
  ],
  [
    fact('HTTP_ERROR', { fault: timeout('dataset', 1.5) }),
    'the dataset took longer than it may: it was not done within 1.5 s (GET /a)',
    'le jeu de données a pris plus de temps que permis : il n’était pas terminé en 1,5 s (GET /a)',
  ],
  [
    fact('HTTP_ERROR', { fault: timeout('total', null) }),
    'the answer of a.example was not complete in time (GET /a)',
    'la réponse de a.example n’était pas complète à temps (GET /a)',
  ],
  [
    fact('HTTP_ERROR', { fault: { kind: 'answer', detail: 'is no CSV', request: 'GET /a' } }),
    'is no CSV (GET /a)',
    'is no CSV (GET /a)',
  ],
]

const ofErrors: Said[] = [
  [
    fact('NOT_LISTED', { source: 'https://a.example/erddap' }),
    'the dataset was asked for, but https://a.example/erddap does not list it',
    'le jeu de données a été demandé, mais https://a.example/erddap ne le liste pas',
  ],
  [
    fact('BAD_ID', { datasetId: '..' }),
    'the id ".." cannot be asked for: it names another page, or holds control characters or half of a character',
    'l’identifiant « .. » ne peut pas être demandé : il désigne une autre page, ou contient des caractères de contrôle ou une moitié de caractère',
  ],
  [
    fact('NOT_FOUND', { fault: null, datasetId: 'x' }),
    'OBIS has no dataset x',
    'OBIS n’a pas de jeu de données x',
  ],
  [
    fact('NOT_FOUND', { fault: status({ status: 404 }), datasetId: 'x' }),
    'Out of memory [HTTP 404] (GET /a)',
    'Out of memory [HTTP 404] (GET /a)',
  ],
  [
    fact('HOST_UNAVAILABLE', { host: 'a.example', datasets: 3, detail: 'ECONNREFUSED' }),
    'a.example is left alone for the rest of the run: 3 datasets in a row could not connect (ECONNREFUSED)',
    'a.example est laissé de côté jusqu’à la fin de l’exécution : 3 jeux de données de suite n’ont pas pu s’y connecter',
  ],
  [
    fact('HOST_UNAVAILABLE', { host: 'a.example', datasets: null, detail: '' }),
    'a.example is left alone for the rest of the run: several datasets in a row could not connect',
    'a.example est laissé de côté jusqu’à la fin de l’exécution : plusieurs jeux de données de suite n’ont pas pu s’y connecter',
  ],
  [
    fact('RESPONSE_TOO_LARGE', { limit: 5000, unit: 'rows', request: 'GET /a' }),
    'the table has more than 5000 rows (GET /a)',
    'le tableau a plus de 5\u00A0000 lignes (GET /a)',
  ],
  [
    fact('RESPONSE_TOO_LARGE', { limit: 5000, unit: 'rows', request: null }),
    'the table has more than 5000 rows',
    'le tableau a plus de 5\u00A0000 lignes',
  ],
  [
    fact('RESPONSE_TOO_LARGE', { limit: 1024 * 1024 - 1, unit: 'bytes', request: 'GET /a' }),
    'the answer is larger than 1048575 bytes and was cut off (GET /a)',
    'la réponse dépasse 1048575 octets et a été coupée (GET /a)',
  ],
  [
    fact('RESPONSE_TOO_LARGE', { limit: 1024 * 1024, unit: 'bytes', request: null }),
    'the answer is larger than 1 MB and was cut off',
    'la réponse dépasse 1 Mo et a été coupée',
  ],
  [
    fact('RESPONSE_TOO_LARGE', { limit: 250 * 1024 * 1024, unit: 'bytes', request: null }),
    'the answer is larger than 250 MB and was cut off',
    'la réponse dépasse 250 Mo et a été coupée',
  ],
  [
    fact('BAD_METADATA', { detail: 'units are odd' }),
    'units are odd',
    'les métadonnées n’ont pas pu être comprises : units are odd',
  ],
  [
    fact('BAD_METADATA', { detail: 'two rows have one id', repeated: { variables: [], id: 'a' } }),
    'two rows have one id',
    'deux lignes de ce jeu de données ont le même identifiant « a »',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', { contradiction: { kind: 'none-given', stated: 1 } }),
    'OBIS states 1 occurrence of it and gives none',
    'OBIS en annonce 1 occurrence et n’en donne aucune',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', { contradiction: { kind: 'fewer-given', stated: 1, given: 0 } }),
    'OBIS states 1 occurrence of it, its API gave 0, and the published file is of no use',
    'OBIS en annonce 1 occurrence, son API en a donné 0, et le fichier publié est inutilisable',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', { contradiction: { kind: 'none-given', stated: 1200 } }),
    'OBIS states 1200 occurrences of it and gives none',
    'OBIS en annonce 1\u00A0200 occurrences et n’en donne aucune',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', { contradiction: { kind: 'fewer-given', stated: 1200, given: 1100 } }),
    'OBIS states 1200 occurrences of it, its API gave 1100, and the published file is of no use',
    'OBIS en annonce 1\u00A0200 occurrences, son API en a donné 1\u00A0100, et le fichier publié est inutilisable',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', { contradiction: { kind: 'positions-only' } }),
    'the server has positions of it, but says that there are no rows where it is asked for times and counts',
    'le serveur en a des positions, mais dit qu’il n’y a pas de lignes quand on lui demande heures et comptes',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', { contradiction: { kind: 'ids-only' } }),
    'the server has ids of it, but says that there are no rows where it is asked for times and positions',
    'le serveur en a des identifiants, mais dit qu’il n’y a pas de lignes quand on lui demande heures et positions',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', { contradiction: { kind: 'cell', what: 'latitude', value: '99.5' } }),
    'the server was asked for cells of latitude and answered 99.5, where the dataset cannot have records',
    'le serveur devait donner des cellules de latitude et a répondu 99,5, où le jeu de données ne peut pas avoir d’enregistrements',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', {
      contradiction: { kind: 'promised', by: 'list', what: 'time', from: '2020', to: '2021' },
    }),
    'the server says that it has no rows, but its list gives a time from 2020 to 2021',
    'le serveur dit qu’il n’a pas de lignes, mais sa liste donne un temps de 2020 à 2021',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', {
      contradiction: { kind: 'promised', by: 'metadata', what: 'latitude', from: '48', to: '49' },
    }),
    'the server says that it has no rows, but the metadata give a latitude from 48 to 49',
    'le serveur dit qu’il n’a pas de lignes, mais les métadonnées donnent une latitude de 48 à 49',
  ],
  [
    fact('CONTRADICTORY_ANSWERS', {
      contradiction: { kind: 'promised', by: 'metadata', what: 'longitude', from: '48', to: '49' },
    }),
    'the server says that it has no rows, but the metadata give a longitude from 48 to 49',
    'le serveur dit qu’il n’a pas de lignes, mais les métadonnées donnent une longitude de 48 à 49',
  ],
  [fact('CONTRADICTORY_ANSWERS', { contradiction: { kind: 'other', detail: 'odd' } }), 'odd', 'odd'],
  [
    fact('ROWS_REJECTED', {
      file: 'profiles.csv',
      line: 3,
      column: 'depth_min',
      value: 'x',
      rule: 'is no number',
    }),
    'profiles.csv line 3, depth_min: "x" is no number',
    'profiles.csv, ligne 3, depth_min : la valeur « x » est refusée (is no number)',
  ],
  [
    fact('ROWS_REJECTED', { file: 'profiles.csv', line: 3, column: '', value: 'x', rule: 'is no number' }),
    'profiles.csv line 3: "x" is no number',
    'profiles.csv, ligne 3 : la valeur « x » est refusée (is no number)',
  ],
  [
    fact('UNKNOWN_ERROR', { name: 'TypeError', detail: 'x is not a function' }),
    'TypeError: x is not a function',
    'TypeError : x is not a function',
  ],
  [fact('UNKNOWN_ERROR', { name: '', detail: 'thrown' }), 'thrown', 'thrown'],
]

const atTheEdges: Said[] = [
  [
    fact('RESPONSE_TOO_LARGE', { limit: 1000 * 1024 * 1024, unit: 'bytes', request: null }),
    'the answer is larger than 1000 MB and was cut off',
    'la réponse dépasse 1000 Mo et a été coupée',
  ],
]

const ofSkips: Said[] = [
  [
    fact('CDM_DATA_TYPE_UNSUPPORTED', { cdmDataType: '', supported: ['Profile'] }),
    'the dataset has no cdm_data_type',
    'le jeu de données n’a pas de cdm_data_type',
  ],
  [
    fact('CDM_DATA_TYPE_UNSUPPORTED', { cdmDataType: 'Grid', supported: ['Profile', 'TimeSeries'] }),
    'cdm_data_type "Grid" is not one of Profile, TimeSeries',
    'le cdm_data_type « Grid » n’est aucun de Profile, TimeSeries',
  ],
  [
    fact('ON_SKIP_LIST', {}),
    'the dataset is on the skip list',
    'le jeu de données est sur la liste d’exclusion',
  ],
  [fact('UNCHANGED', {}), 'nothing has changed', 'rien n’a changé'],
  [
    fact('INGEST_FLAG_FALSE', { value: 'False' }),
    'the global attribute cde_ingest is "False"',
    'l’attribut global cde_ingest vaut « False »',
  ],
  [
    fact('MISSING_REQUIRED_VARS', { missing: ['time'] }),
    'variables missing: time',
    'variable absente : time',
  ],
  [
    fact('MISSING_REQUIRED_VARS', { missing: ['time', 'latitude'] }),
    'variables missing: time, latitude',
    'variables absentes : time, latitude',
  ],
  [
    fact('NO_SUPPORTED_VARIABLES', { standardNames: [] }),
    'no variable has a standard_name',
    'aucune variable n’a de standard_name',
  ],
  [
    fact('NO_SUPPORTED_VARIABLES', { standardNames: ['wind_speed', 'time'] }),
    'no ocean variable has one of its standard names: wind_speed, time',
    'aucune variable océanique n’a l’un de ses standard_name : wind_speed, time',
  ],
  [
    fact('DEPTH_AND_ALTITUDE', {}),
    'the dataset has both depth and altitude',
    'le jeu de données a depth et altitude à la fois',
  ],
  [
    fact('MISSING_CF_ROLE', { cdmDataType: 'Profile', needed: 'profile_id', present: [] }),
    'Profile needs a variable with cf_role profile_id; roles present: none',
    'Profile exige une variable au cf_role profile_id; rôles présents : aucun',
  ],
  [
    fact('MISSING_CF_ROLE', { cdmDataType: 'Profile', needed: 'profile_id', present: ['timeseries_id'] }),
    'Profile needs a variable with cf_role profile_id; roles present: timeseries_id',
    'Profile exige une variable au cf_role profile_id; rôles présents : timeseries_id',
  ],
  [
    fact('SERVER_TOO_OLD_FOR_TRACKS', { version: null }),
    'the server does not say which version of ERDDAP it is; moving platforms need 2.00',
    'le serveur ne dit pas sa version d’ERDDAP; les plateformes mobiles exigent la 2.00',
  ],
  [
    fact('SERVER_TOO_OLD_FOR_TRACKS', { version: '1.82' }),
    'the server is ERDDAP 1.82; moving platforms need 2.00',
    'le serveur est un ERDDAP 1.82; les plateformes mobiles exigent la 2.00',
  ],
  [
    fact('TRACK_TOO_LARGE', { fault: status({ request: null }), spans: 0 }),
    'asked whole: Out of memory [HTTP 500]',
    'demandé en entier : Out of memory [HTTP 500]',
  ],
  [
    fact('TRACK_TOO_LARGE', { fault: status({ request: null }), spans: 1 }),
    'asked whole and in 1 span of time: Out of memory [HTTP 500]',
    'demandé en entier et en 1 période : Out of memory [HTTP 500]',
  ],
  [
    fact('TRACK_TOO_LARGE', { fault: status({ request: null }), spans: 8 }),
    'asked whole and in 8 spans of time: Out of memory [HTTP 500]',
    'demandé en entier et en 8 périodes : Out of memory [HTTP 500]',
  ],
  [
    fact('NO_PROFILES_FOUND', { step: 'positions', dropped: [] }),
    'the server has no rows for the positions of this dataset',
    'le serveur n’a aucune ligne pour les positions de ce jeu de données',
  ],
  [
    fact('NO_PROFILES_FOUND', { step: 'times', dropped: [] }),
    'no row has a time',
    'aucune ligne n’a d’heure',
  ],
  [
    fact('NO_PROFILES_FOUND', { step: 'dataset', dropped: [] }),
    'the server has no rows for this dataset',
    'le serveur n’a aucune ligne pour ce jeu de données',
  ],
  [
    fact('NO_PROFILES_FOUND', { step: 'dropped', dropped: [rows('no_time', 2), rows('pole', 1)] }),
    '2 rows dropped, since each has no start or end time: a, b; 1 row dropped, since it lies on a pole: a',
    '2 lignes retirées, car chacune n’a pas d’heure de début ou de fin : a, b; 1 ligne retirée, car elle est située sur un pôle : a',
  ],
  [
    fact('OUT_OF_REGION', { region: 'the Salish Sea', occurrences: null }),
    'its extent does not meet the Salish Sea',
    'son étendue ne touche pas la région « the Salish Sea »',
  ],
  [
    fact('OUT_OF_REGION', { region: 'the Salish Sea', occurrences: 1 }),
    'none of its 1 occurrence lies within the Salish Sea',
    'aucune des occurrences (1) n’est dans la région « the Salish Sea »',
  ],
  [
    fact('OUT_OF_REGION', { region: 'the Salish Sea', occurrences: 12 }),
    'none of its 12 occurrences lies within the Salish Sea',
    'aucune des occurrences (12) n’est dans la région « the Salish Sea »',
  ],
  [
    fact('NO_OCCURRENCES', { leftOut: null }),
    'OBIS holds no occurrence of it',
    'OBIS n’en a aucune occurrence',
  ],
  [
    fact('NO_OCCURRENCES', { leftOut: { records: 2, absences: 2, dropped: 0 } }),
    '2 of its 2 records say that nothing was found; they were left out',
    '2 de ses 2 enregistrements disent que rien n’a été trouvé; ils ont été laissés de côté',
  ],
  [
    fact('NO_VALID_COORDINATES', { occurrences: 1 }),
    'none of its 1 occurrence has a usable position',
    'aucune des occurrences (1) n’a de position utilisable',
  ],
  [
    fact('NO_VALID_COORDINATES', { occurrences: 12 }),
    'none of its 12 occurrences has a usable position',
    'aucune des occurrences (12) n’a de position utilisable',
  ],
]

describe('the sentence', () => {
  test.each([...ofRequests, ...ofErrors, ...ofSkips, ...atTheEdges])('of %j', (of, en, fr) => {
    expect(sentence('en', of)).toBe(en)
    expect(sentence('fr', of)).toBe(fr)
  })

  test('of every reason is among them', () => {
    const said = new Set([...ofRequests, ...ofErrors, ...ofSkips].map(([{ code }]) => code))
    expect([...said].sort()).toEqual([...errorReasons, ...skipReasons].sort())
  })
})

function status(of: Partial<Extract<RequestFault, { kind: 'status' }>> = {}): RequestFault {
  const fault = { kind: 'status', status: 500, sentence: 'Out of memory', meaning: '' } as const
  return { ...fault, request: 'GET /a', attempts: 1, ...of }
}

function connect(fault: ConnectFault, detail: string): RequestFault {
  return { kind: 'connect', fault, host: 'a.example', detail, request: 'GET /a', attempts: 2 }
}

function timeout(phase: TimeoutPhase, seconds: number | null): RequestFault {
  return { kind: 'timeout', phase, seconds, host: 'a.example', request: 'GET /a', attempts: 1 }
}

function rows(reason: DropReason, count: number) {
  return { reason, count, ids: ['a', 'b'].slice(0, count) }
}
