/** Why a dataset that should have been harvested was not. A new reason is one entry here. */

import { amount } from '../../text.ts'
import type { RowsContradiction } from '../evidence/index.ts'
import { faultWithRequest, isTooMuchData, type RequestFault } from './requests.ts'
import { counted, entry, type Language, numeral } from './words.ts'

/** Two answers about one dataset that cannot both be true. */
export type Contradiction =
  /** OBIS states so many occurrences and gives none, or fewer while the published file is of no use. */
  | { kind: 'none-given'; stated: number }
  | { kind: 'fewer-given'; stated: number; given: number }
  | RowsContradiction
  /** A cell that no record of the dataset can lie in: the server did something else than it was asked. */
  | { kind: 'cell'; what: 'latitude' | 'longitude'; value: string }
  /** `detail` is a text in English. */
  | { kind: 'other'; detail: string }

const extentWords = { time: 'un temps', latitude: 'une latitude', longitude: 'une longitude' } as const

function contradictionSentence(language: Language, contradiction: Contradiction): string {
  switch (contradiction.kind) {
    case 'none-given':
      return language === 'en'
        ? `OBIS states ${amount(contradiction.stated, 'occurrence')} of it and gives none`
        : `OBIS en annonce ${counted('fr', contradiction.stated, 'occurrence', 'occurrences')} et n’en donne aucune`
    case 'fewer-given':
      return language === 'en'
        ? `OBIS states ${amount(contradiction.stated, 'occurrence')} of it, its API gave ${contradiction.given}, and the published file is of no use`
        : `OBIS en annonce ${counted('fr', contradiction.stated, 'occurrence', 'occurrences')}, son API en a donné ${numeral('fr', contradiction.given)}, et le fichier publié est inutilisable`
    case 'positions-only':
      return language === 'en'
        ? 'the server has positions of it, but says that there are no rows where it is asked for times and counts'
        : 'le serveur en a des positions, mais dit qu’il n’y a pas de lignes quand on lui demande heures et comptes'
    case 'ids-only':
      return language === 'en'
        ? 'the server has ids of it, but says that there are no rows where it is asked for times and positions'
        : 'le serveur en a des identifiants, mais dit qu’il n’y a pas de lignes quand on lui demande heures et positions'
    case 'cell': {
      const { what, value } = contradiction
      return language === 'en'
        ? `the server was asked for cells of ${what} and answered ${value}, where the dataset cannot have records`
        : `le serveur devait donner des cellules de ${what} et a répondu ${numeral('fr', Number(value))}, où le jeu de données ne peut pas avoir d’enregistrements`
    }
    case 'promised': {
      const { by, what, from, to } = contradiction
      return language === 'en'
        ? `the server says that it has no rows, but ${by === 'list' ? 'its list gives' : 'the metadata give'} a ${what} from ${from} to ${to}`
        : `le serveur dit qu’il n’a pas de lignes, mais ${by === 'list' ? 'sa liste donne' : 'les métadonnées donnent'} ${extentWords[what]} de ${from} à ${to}`
    }
    case 'other':
      return contradiction.detail
  }
}

export const errors = {
  NOT_LISTED: entry<{ source: string }>({
    title: { en: 'Asked for, but not listed', fr: 'Demandé, mais absent de la liste' },
    advice: {
      en: 'The harvester was told to harvest this id, but the server does not list it. Check the id, and that the dataset is public and loaded (status page of the ERDDAP).',
      fr: 'Le moissonneur devait moissonner cet identifiant, mais le serveur ne le liste pas. Vérifiez l’identifiant, et que le jeu de données est public et chargé (page d’état de l’ERDDAP).',
    },
    said: {
      en: ({ source }) => `the dataset was asked for, but ${source} does not list it`,
      fr: ({ source }) => `le jeu de données a été demandé, mais ${source} ne le liste pas`,
    },
  }),
  BAD_ID: entry<{ datasetId: string }>({
    title: { en: 'An id that cannot be asked for', fr: 'Identifiant impossible à demander' },
    advice: {
      en: 'The id is "." or "..", which in an address name another page, or holds control characters or half of a character. Give the dataset another id (datasetID in datasets.xml).',
      fr: 'L’identifiant est « . » ou « .. », qui désignent une autre page dans une adresse, ou contient des caractères de contrôle ou une moitié de caractère. Donnez un autre identifiant au jeu de données (datasetID dans datasets.xml).',
    },
    said: {
      en: ({ datasetId }) =>
        `the id "${datasetId}" cannot be asked for: it names another page, or holds control characters or half of a character`,
      fr: ({ datasetId }) =>
        `l’identifiant « ${datasetId} » ne peut pas être demandé : il désigne une autre page, ou contient des caractères de contrôle ou une moitié de caractère`,
    },
  }),
  NOT_FOUND: entry<{ fault: RequestFault | null; datasetId: string }>({
    title: { en: 'Listed, but not found', fr: 'Listé, mais introuvable' },
    advice: {
      en: 'The server listed the dataset and then did not know it. It was probably removed or reloading; if this repeats, look at the ERDDAP’s log.',
      fr: 'Le serveur a listé le jeu de données puis ne le connaissait plus. Il a sans doute été retiré ou se rechargeait; si cela se répète, voyez le journal de l’ERDDAP.',
    },
    said: {
      en: ({ fault, datasetId }) =>
        fault === null ? `OBIS has no dataset ${datasetId}` : faultWithRequest('en', fault),
      fr: ({ fault, datasetId }) =>
        fault === null ? `OBIS n’a pas de jeu de données ${datasetId}` : faultWithRequest('fr', fault),
    },
  }),
  HTTP_ERROR: entry<{ fault: RequestFault }>({
    title: { en: 'The server refused or failed', fr: 'Le serveur a refusé ou échoué' },
    advice: {
      en: 'Follow the last request: the server’s own sentence usually says what is wrong. If it works now, it was passing and the next harvest will mend it.',
      fr: 'Suivez la dernière requête : la phrase du serveur dit en général ce qui ne va pas. Si elle réussit maintenant, c’était passager et le prochain moissonnage y remédiera.',
    },
    said: {
      en: ({ fault }) =>
        isTooMuchData(fault)
          ? `the server says that the answer would be too much data: ${faultWithRequest('en', fault)}`
          : faultWithRequest('en', fault),
      fr: ({ fault }) =>
        isTooMuchData(fault)
          ? `le serveur dit que la réponse serait trop volumineuse : ${faultWithRequest('fr', fault)}`
          : faultWithRequest('fr', fault),
    },
  }),
  HOST_UNAVAILABLE: entry<{ host: string; datasets: number | null; detail: string }>({
    title: { en: 'The server was not reachable', fr: 'Serveur injoignable' },
    advice: {
      en: 'Several connections in a row failed, so the rest of the server was left alone in this run. Check that it is up and that its firewall lets the harvester in.',
      fr: 'Plusieurs connexions de suite ont échoué; le reste du serveur a été laissé de côté pour cette exécution. Vérifiez qu’il fonctionne et que son pare-feu laisse entrer le moissonneur.',
    },
    said: {
      en: ({ host, datasets, detail }) =>
        `${host} is left alone for the rest of the run: ${datasets ?? 'several'} datasets in a row could not connect${detail && ` (${detail})`}`,
      fr: ({ host, datasets }) =>
        `${host} est laissé de côté jusqu’à la fin de l’exécution : ${datasets ?? 'plusieurs'} jeux de données de suite n’ont pas pu s’y connecter`,
    },
  }),
  RESPONSE_TOO_LARGE: entry<{ limit: number; unit: 'bytes' | 'rows'; request: string | null }>({
    title: { en: 'Answer too large', fr: 'Réponse trop grande' },
    advice: {
      en: 'An answer was over the size limit. Set actual_range and time_coverage_resolution, so that fewer rows are needed, or ask for a higher limit.',
      fr: 'Une réponse dépassait la limite de taille. Définissez actual_range et time_coverage_resolution pour qu’il faille moins de lignes, ou demandez une limite plus haute.',
    },
    said: {
      en: ({ limit, unit, request }) =>
        unit === 'rows'
          ? `the table has more than ${limit} rows${request === null ? '' : ` (${request})`}`
          : `the answer is larger than ${sizeText('en', limit)} and was cut off${request === null ? '' : ` (${request})`}`,
      fr: ({ limit, unit, request }) =>
        unit === 'rows'
          ? `le tableau a plus de ${numeral('fr', limit)} lignes${request === null ? '' : ` (${request})`}`
          : `la réponse dépasse ${sizeText('fr', limit)} et a été coupée${request === null ? '' : ` (${request})`}`,
    },
  }),
  BAD_METADATA: entry<{
    detail: string
    /** The id that two rows of a platform that moves have, and what it is made of. */
    repeated?: { variables: readonly string[]; id: string }
  }>({
    title: { en: 'Metadata not understood', fr: 'Métadonnées incomprises' },
    advice: {
      en: 'The message names the attribute and its value. Correct it in the dataset’s addAttributes and reload the dataset.',
      fr: 'Le message nomme l’attribut et sa valeur. Corrigez-le dans les addAttributes du jeu de données et rechargez celui-ci.',
    },
    said: {
      en: ({ detail }) => detail,
      fr: ({ detail, repeated }) =>
        repeated === undefined
          ? `les métadonnées n’ont pas pu être comprises : ${detail}`
          : `deux lignes de ${repeated.variables.join(' et ') || 'ce jeu de données'} ont le même identifiant « ${repeated.id} »`,
    },
  }),
  CONTRADICTORY_ANSWERS: entry<{ contradiction: Contradiction }>({
    title: { en: 'Answers that contradict each other', fr: 'Réponses contradictoires' },
    advice: {
      en: 'Nothing to do at first: the dataset keeps what the index has of it, and the next harvest asks again. If this repeats, reload the dataset on the server.',
      fr: 'Rien à faire d’abord : le jeu de données garde ce que l’index en a, et le prochain moissonnage redemande. Si cela se répète, rechargez le jeu de données sur le serveur.',
    },
    said: {
      en: ({ contradiction }) => contradictionSentence('en', contradiction),
      fr: ({ contradiction }) => contradictionSentence('fr', contradiction),
    },
  }),
  ROWS_REJECTED: entry<{ file: string; line: number; column: string; value: string; rule: string }>({
    title: { en: 'Rows refused by the database', fr: 'Lignes refusées par la base de données' },
    advice: {
      en: 'Some values cannot be stored; the message names them. The dataset keeps what it had. Correct the values in the source data.',
      fr: 'Certaines valeurs ne peuvent pas être stockées; le message les nomme. Le jeu de données garde ce qu’il avait. Corrigez les valeurs dans les données sources.',
    },
    said: {
      en: ({ file, line, column, value, rule }) =>
        `${file} line ${line}${column && `, ${column}`}: "${value}" ${rule}`,
      fr: ({ file, line, column, value, rule }) =>
        `${file}, ligne ${line}${column && `, ${column}`} : la valeur « ${value} » est refusée (${rule})`,
    },
  }),
  UNKNOWN_ERROR: entry<{ name: string; detail: string }>({
    title: { en: 'Unforeseen error', fr: 'Erreur imprévue' },
    advice: {
      en: 'This is probably a fault of the harvester. Send the message and the requests to the people who run it.',
      fr: 'C’est probablement un défaut du moissonneur. Envoyez le message et les requêtes à ceux qui l’exploitent.',
    },
    said: {
      en: ({ name, detail }) => (name === '' ? detail : `${name}: ${detail}`),
      fr: ({ name, detail }) => (name === '' ? detail : `${name} : ${detail}`),
    },
  }),
}

function sizeText(language: 'en' | 'fr', bytes: number): string {
  const unit = language === 'en' ? ['bytes', 'MB'] : ['octets', 'Mo']
  return bytes < 1024 * 1024 ? `${bytes} ${unit[0]}` : `${Math.round(bytes / 1024 / 1024)} ${unit[1]}`
}
