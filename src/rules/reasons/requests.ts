/** What went wrong with a request, as values, and its sentence: the server's words first, the request after them. */

import { counted, type Language, numeral } from './words.ts'

/** Why a host could not be spoken to. */
const connectFaults = [
  'refused',
  'unknown-name',
  'name-unavailable',
  'closed',
  'broken',
  'unreachable',
] as const
export type ConnectFault = (typeof connectFaults)[number]

const timeoutPhases = ['connect', 'headers', 'body', 'total', 'dataset'] as const
export type TimeoutPhase = (typeof timeoutPhases)[number]

/** `request` is method and address, or null where there was none; `detail` is a technical text in English. */
export type RequestFault =
  | {
      kind: 'status'
      status: number
      /** The server's own sentence, or ''. */
      sentence: string
      /** What ERDDAP means by it: `too-much-data`, `not-authorized`, … */
      meaning: string
      request: string | null
      attempts: number
    }
  | {
      kind: 'connect'
      fault: ConnectFault
      host: string
      detail: string
      request: string | null
      attempts: number
    }
  | {
      kind: 'timeout'
      phase: TimeoutPhase
      seconds: number | null
      host: string
      request: string | null
      attempts: number
    }
  | { kind: 'answer'; detail: string; request: string | null }

/** The fault in one sentence, without the request. */
function faultSentence(language: Language, fault: RequestFault): string {
  switch (fault.kind) {
    case 'status':
      return statusSentence(language, fault.status, fault.sentence)
    case 'connect':
      return connectWords[fault.fault][language](fault.host, fault.detail)
    case 'timeout':
      return timeoutWords[fault.phase][language](fault.host, within(language, fault.seconds))
    case 'answer':
      return fault.detail
  }
}

/** The fault, and after it the request that met it. */
export function faultWithRequest(language: Language, fault: RequestFault): string {
  const said = faultSentence(language, fault)
  if (fault.request === null || said.includes(fault.request)) return said
  const times =
    fault.kind !== 'answer' && fault.attempts > 1
      ? `, ${counted(language, fault.attempts, language === 'en' ? 'attempt' : 'tentative', language === 'en' ? 'attempts' : 'tentatives')}`
      : ''
  return `${said} (${fault.request}${times})`
}

function statusSentence(language: Language, status: number, sentence: string): string {
  if (sentence !== '') return `${sentence} [HTTP ${status}]`
  return language === 'en'
    ? `the server answered HTTP ${status} without a word`
    : `le serveur a répondu HTTP ${status} sans un mot d’explication`
}

function within(language: Language, seconds: number | null): string {
  if (seconds === null) return language === 'en' ? 'in time' : 'à temps'
  return language === 'en' ? `within ${seconds} s` : `en ${numeral('fr', seconds)} s`
}

const connectWords: Record<ConnectFault, Record<Language, (host: string, detail: string) => string>> = {
  refused: {
    en: (host, detail) => `${host} refuses connections${detail && ` (${detail})`}`,
    fr: (host) => `${host} refuse les connexions`,
  },
  'unknown-name': {
    en: (host) => `the name ${host} does not resolve`,
    fr: (host) => `le nom ${host} est inconnu`,
  },
  'name-unavailable': {
    en: (host) => `the name ${host} cannot be looked up at the moment`,
    fr: (host) => `le nom ${host} ne peut pas être résolu en ce moment`,
  },
  closed: {
    en: (host, detail) => `${host} closed the connection before it answered${detail && ` (${detail})`}`,
    fr: (host) => `${host} a fermé la connexion avant de répondre`,
  },
  broken: {
    en: (host, detail) => `the connection to ${host} broke within the answer${detail && ` (${detail})`}`,
    fr: (host) => `la connexion à ${host} s’est rompue pendant la réponse`,
  },
  unreachable: {
    en: (host, detail) => `${host} cannot be reached${detail && ` (${detail})`}`,
    fr: (host) => `${host} est injoignable`,
  },
}

const timeoutWords: Record<TimeoutPhase, Record<Language, (host: string, within: string) => string>> = {
  connect: {
    en: (host, within) => `no connection to ${host} ${within}`,
    fr: (host, within) => `aucune connexion à ${host} ${within}`,
  },
  headers: {
    en: (host, within) => `${host} gave no answer ${within}`,
    fr: (host, within) => `${host} n’a pas répondu ${within}`,
  },
  body: {
    en: (host, within) => `nothing more of the answer of ${host} came ${within}`,
    fr: (host, within) => `la suite de la réponse de ${host} n’est pas venue ${within}`,
  },
  total: {
    en: (host, within) => `the answer of ${host} was not complete ${within}`,
    fr: (host, within) => `la réponse de ${host} n’était pas complète ${within}`,
  },
  dataset: {
    en: (_host, within) => `the dataset took longer than it may: it was not done ${within}`,
    fr: (_host, within) =>
      `le jeu de données a pris plus de temps que permis : il n’était pas terminé ${within}`,
  },
}

/** "Too much data" is a sentence that a harvester meets often enough to have its own words. */
export function isTooMuchData(fault: RequestFault): boolean {
  return fault.kind === 'status' && fault.meaning === 'too-much-data'
}
