/**
 * What a run says of itself, as codes and values: the English sentence that portals know and the French one of pages and
 * e-mails are made of them where they are read.
 */

import { faultWithRequest, type RequestFault } from './requests.ts'
import { type Language, listed, sentenceOfStored, type Text } from './words.ts'

interface RunCounts {
  success: number
  unchanged: number
  skipped: number
  error: number
}

interface RunEntry<V> {
  said: Readonly<Record<Language, (values: V) => string>>
}

const entry = <V>(said: RunEntry<V>['said']): RunEntry<V> => ({ said })
const always = ({ en, fr }: Text) => entry<Record<never, never>>({ en: () => en, fr: () => fr })

const table = {
  COUNTS: entry<RunCounts>({ en: countsInEnglish, fr: countsInFrench }),
  /** The list of a source could not be had. The remedy is in English. */
  NO_LIST: entry<{ fault: RequestFault; remedy: string | null }>({
    en: ({ fault, remedy }) =>
      `the list of datasets could not be had: ${faultWithRequest('en', fault)}${remedy === null ? '' : `. ${remedy}`}`,
    fr: ({ fault }) =>
      `la liste des jeux de données n’a pas pu être obtenue : ${faultWithRequest('fr', fault)}`,
  }),
  LIST_EMPTY: entry<{ english: string }>({
    en: ({ english }) => english,
    fr: () => 'la liste des jeux de données est vide, ce qui n’est pas cru',
  }),
  LIST_SHORT: entry<{ listed: number; lacking: number; known: number }>({
    en: (list) =>
      `the list of datasets is suspiciously short and not believed: it has ${list.listed} and lacks ${list.lacking} of the ${list.known} known ones`,
    fr: (list) =>
      `la liste des jeux de données est étrangement courte et n’est pas crue : elle en a ${list.listed}, et il en manque ${list.lacking} sur les ${list.known} connus`,
  }),
  NOT_READY: entry<{ detail: string }>({
    en: ({ detail }) => `SOURCE_NOT_READY: ${detail}`,
    fr: ({ detail }) => `la source n’est pas prête : ${detail}`,
  }),
  /** Of several sources: those that failed, or all where none did. */
  SOURCES: entry<{ failed: number; total: number; sources: readonly { source: string; fact: RunFact }[] }>({
    en: ({ failed, total, sources }) => {
      const told = sources.map(({ source, fact }) => `${source}: ${runSentence('en', [fact])}`).join('; ')
      return failed === 0
        ? told
        : `${failed} of ${total} ${total === 1 ? 'source' : 'sources'} failed: ${told}`
    },
    fr: ({ failed, total, sources }) => {
      const told = sources.map(({ source, fact }) => `${source} : ${runSentence('fr', [fact])}`).join('; ')
      return failed === 0 ? told : `${failed} ${plural(failed, 'source')} sur ${total} en échec : ${told}`
    },
  }),
  CATALOGUE_SHRUNK: entry<{ lacking: number; indexed: number }>({
    en: ({ lacking, indexed }) =>
      `the catalogue is not believed: it lacks the records of ${lacking} of the ${indexed} catalogued datasets`,
    fr: ({ lacking, indexed }) =>
      `le catalogue n’est pas cru : il y manque les fiches de ${lacking} des ${indexed} jeux de données catalogués`,
  }),
  CATALOGUE_UNCOMPARED: always({
    en: 'the catalogue could not be compared with the index',
    fr: 'le catalogue n’a pas pu être comparé à l’index',
  }),
  ROWS_REFUSED: entry<{ ids: readonly string[]; count: number }>({
    en: ({ ids, count }) =>
      `${count} ${count === 1 ? 'dataset' : 'datasets'} had rows refused and ${count === 1 ? 'keeps what it' : 'keep what they'} had: ${listed('en', ids, count)}`,
    fr: ({ ids, count }) =>
      `${count} ${count < 2 ? 'jeu de données a vu des lignes refusées et garde ce qu’il avait' : 'jeux de données ont vu des lignes refusées et gardent ce qu’ils avaient'} : ${listed('fr', ids, count)}`,
  }),
  PRUNE_REFUSED: entry<{ source: string; lost: number; total: number; percent: number | null }>({
    en: ({ source, lost, total, percent }) =>
      `${source} would lose ${lost} of its ${total} ${total === 1 ? 'dataset' : 'datasets'}, more than ${percent === null ? 'half of them' : `${percent} %`} at once: nothing was removed. If that is right, load again with --allow-prune.`,
    fr: ({ source, lost, total, percent }) =>
      `${source} perdrait ${lost} de ses ${total} ${total < 2 ? 'jeu' : 'jeux'} de données, plus ${percent === null ? 'de la moitié' : `de ${percent} %`} d’un coup : rien n’a été retiré. Si c’est juste, chargez de nouveau avec --allow-prune.`,
  }),
  OLDER: entry<{ count: number }>({
    en: ({ count }) =>
      `${count} ${count === 1 ? 'dataset was' : 'datasets were'} older than the index and left out`,
    fr: ({ count }) =>
      `${count} ${count < 2 ? 'jeu de données était plus ancien que l’index et a été laissé de côté' : 'jeux de données étaient plus anciens que l’index et ont été laissés de côté'}`,
  }),
  /** What a fault says is in English: it names files, statements, addresses. */
  NOT_LOADED: entry<{ detail: string }>({
    en: ({ detail }) => `not loaded: ${detail}`,
    fr: ({ detail }) => `non chargé : ${detail}`,
  }),
  BROKE_OFF: entry<{ detail: string }>({
    en: ({ detail }) => detail,
    fr: ({ detail }) => `l’exécution a échoué : ${detail}`,
  }),
  /** Of a source, not of a run. */
  NO_SUCCESS: entry<{ hours: number; ever: boolean }>({
    en: ({ hours, ever }) =>
      ever
        ? `no harvest has succeeded for ${span('en', hours)}`
        : `no harvest has succeeded since it is known, ${span('en', hours)} ago`,
    fr: ({ hours, ever }) =>
      ever
        ? `aucun moissonnage n’a réussi depuis ${span('fr', hours)}`
        : `aucun moissonnage n’a réussi depuis que la source est connue, il y a ${span('fr', hours)}`,
  }),
  /** Of `harvester alerts test`. */
  TEST: always({
    en: 'This is a test: nothing has failed.',
    fr: 'Ceci est un essai : rien n’a échoué.',
  }),
  CANCELLED: always({ en: 'Cancelled', fr: 'Annulée' }),
  STOPPED: always({
    en: 'Crashed: the process was stopped',
    fr: 'Interrompue : le processus a été arrêté',
  }),
  PAUSED: always({ en: 'Crashed: the run was paused', fr: 'Interrompue : l’exécution a été mise en pause' }),
  CRASHED: always({ en: 'Crashed', fr: 'Interrompue' }),
}

type ValuesIn<E> = E extends RunEntry<infer V> ? V : never
type RunCode = keyof typeof table

/** Something that a run says of itself: plain JSON. */
export interface RunFact {
  code: string
  values: unknown
}

export function runFact<C extends RunCode>(code: C, values: ValuesIn<(typeof table)[C]>): RunFact {
  return { code, values }
}

/** The sentence of facts that we made ourselves. */
export function runSentence(language: Language, facts: readonly RunFact[]): string {
  return facts
    .map(({ code, values }) => {
      const said = table[code as RunCode].said[language] as (values: unknown) => string
      return said(values)
    })
    .join('; ')
}

/** The sentence of facts that were stored, perhaps by another version; null where this one cannot make it. */
export function storedRunSentence(language: Language, facts: readonly RunFact[]): string | null {
  return sentenceOfStored((those) => runSentence(language, those), facts) || null
}

/** `12 harvested, 3 unchanged, 4 skipped, 1 of 20 failed`. */
function countsInEnglish({ success, unchanged, skipped, error }: RunCounts): string {
  const parts: string[] = []
  if (success > 0) parts.push(`${success} harvested`)
  if (unchanged > 0) parts.push(`${unchanged} unchanged`)
  if (success + unchanged === 0 && error === 0) parts.push('nothing to harvest')
  if (skipped > 0) parts.push(`${skipped} skipped`)
  if (error > 0) parts.push(`${error} of ${success + unchanged + skipped + error} failed`)
  return parts.join(', ')
}

function countsInFrench({ success, unchanged, skipped, error }: RunCounts): string {
  const parts: string[] = []
  if (success > 0) parts.push(`${success} ${plural(success, 'moissonné')}`)
  if (unchanged > 0) parts.push(`${unchanged} ${plural(unchanged, 'inchangé')}`)
  if (success + unchanged === 0 && error === 0) parts.push('rien à moissonner')
  if (skipped > 0) parts.push(`${skipped} ${plural(skipped, 'écarté')}`)
  if (error > 0) parts.push(`${error} ${plural(error, 'échec')} sur ${success + unchanged + skipped + error}`)
  return parts.join(', ')
}

/** In French, nought and one take the singular. */
export function plural(n: number, word: string): string {
  return n > 1 ? `${word}s` : word
}

/** `12 minutes`, `1 hour`, `50 hours`. */
function span(language: Language, hours: number): string {
  const count = hours < 1 ? Math.floor(hours * 60) : Math.floor(hours)
  const word = hours < 1 ? 'minute' : language === 'en' ? 'hour' : 'heure'
  return `${count} ${language === 'en' ? `${word}${count === 1 ? '' : 's'}` : plural(count, word)}`
}
