/**
 * What a run says of itself, in the language of the reader: of its facts where they are known. Runs of older versions, and
 * those that others settled, keep one English sentence, which portals read too; what it is made of is known, and said in
 * French piece by piece. What is not ours stays as it is.
 */
import { plural as pluralOf, type RunFact, storedRunSentence } from './run.ts'
import type { Language } from './words.ts'

/** Pieces of `describeCounts`, and the words with which a run is settled by others. Each is the whole of a piece. */
const pieces: readonly (readonly [english: RegExp, french: (values: string[]) => string])[] = [
  [/^(\d+) harvested$/, ([n]) => `${n} ${plural(n, 'moissonné')}`],
  [/^(\d+) unchanged$/, ([n]) => `${n} ${plural(n, 'inchangé')}`],
  [/^(\d+) skipped$/, ([n]) => `${n} ${plural(n, 'écarté')}`],
  [/^(\d+) of (\d+) failed$/, ([n, total]) => `${n} ${plural(n, 'échec')} sur ${total}`],
  [/^nothing to harvest$/, () => 'rien à moissonner'],
  [
    /^(\d+) of (\d+) datasets? failed$/,
    ([n, total]) =>
      `${n} ${plural(n, 'échec')} sur ${total} ${Number(total) > 1 ? 'jeux' : 'jeu'} de données`,
  ],
]

const wholes: readonly (readonly [english: RegExp, french: (values: string[]) => string])[] = [
  [
    /^Crashed: nothing was heard of the run for a day$/,
    () => 'Interrompue : l’exécution n’a plus donné signe de vie depuis un jour',
  ],
  [/^Crashed: the run was taken up again$/, () => 'Interrompue : l’exécution a été reprise'],
  [/^Crashed: the process was stopped$/, () => 'Interrompue : le processus a été arrêté'],
  [/^Crashed: the run was paused$/, () => 'Interrompue : l’exécution a été mise en pause'],
  [
    /^Crashed: the process that ran it is gone$/,
    () => 'Interrompue : le processus qui l’exécutait n’est plus là',
  ],
  [/^Crashed$/, () => 'Interrompue'],
  [/^Cancelled$/, () => 'Annulée'],
  [/^Cancelled: by (.+)$/, ([who]) => `Annulée : par ${who}`],
  // What follows are the words of a server.
  [
    /^[Tt]he list of datasets could not be had: (.+)$/s,
    ([why]) => `La liste des jeux de données n’a pas pu être obtenue : ${why}`,
  ],
  [/^(\d+) sources? harvested$/, ([n]) => `${n} ${plural(n, 'source')} ${plural(n, 'moissonnée')}`],
]

/** The sentence of a run, with the language it is in. @param facts null where they are not known */
export function runMessage(
  language: Language,
  message: string,
  facts: readonly RunFact[] | null = null,
): { text: string; language: Language } {
  if (language === 'en') return { text: message, language }
  const told = factsOf(message, facts)
  const said = told && storedRunSentence(language, told)
  if (said) return { text: said, language }
  const whole = translate(message, wholes) ?? countsInFrench(message) ?? sourcesInFrench(message)
  return whole === null ? { text: message, language: 'en' } : { text: whole, language }
}

/** The facts, where they are those of the message: somebody may have settled the run otherwise since they were stored. */
export function factsOf(message: string | null, facts: readonly RunFact[] | null): readonly RunFact[] | null {
  return facts !== null && message !== null && storedRunSentence('en', facts) === message ? facts : null
}

/** `12 harvested, 3 unchanged, 1 of 20 failed`; null if a piece of it is something else. */
function countsInFrench(message: string): string | null {
  const told = message.split(', ').map((piece) => translate(piece, pieces))
  return told.includes(null) ? null : told.join(', ')
}

/** `2 of 3 sources failed: URL: counts; URL: counts`, where all of it is counts. */
function sourcesInFrench(message: string): string | null {
  const match = /^(\d+) of (\d+) sources? failed: (.+)$/.exec(message)
  if (!match) return null
  const [, failed, total, rest = ''] = match
  const told = rest.split('; ').map((part) => {
    const [, source, counts] = /^(\S+): (.+)$/.exec(part) ?? []
    const french = counts === undefined ? null : (countsInFrench(counts) ?? translate(counts, wholes))
    return french === null ? null : `${source} : ${french}`
  })
  if (told.includes(null)) return null
  return `${failed} ${plural(failed, 'source')} sur ${total} en échec : ${told.join('; ')}`
}

function translate(
  text: string,
  table: readonly (readonly [english: RegExp, french: (values: string[]) => string])[],
): string | null {
  for (const [english, french] of table) {
    const match = english.exec(text)
    if (match) return french(match.slice(1))
  }
  return null
}

function plural(n: string | undefined, word: string): string {
  return pluralOf(Number(n), word)
}
