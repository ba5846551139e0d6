/** The words of alerts that people read, in both languages. What a run said of itself has words of its own. */

import type { RunFact } from '../../rules/reasons/run.ts'
import { runMessage } from '../../rules/reasons/run-message.ts'
import type { Language } from '../../rules/reasons/words.ts'
import type { AlertKind } from './trouble.ts'

export interface AlertWords {
  test: string
  /** Of one, and of several; French counts differently from English. */
  verb: Readonly<Record<AlertKind, readonly [one: string, many: string]>>
  /** Of what is over: `had failed`. */
  had: Readonly<Record<AlertKind, string>>
  wellAgain: readonly [one: string, many: string]
  nothing: string
  links: Readonly<Record<'run' | 'source', string>>
  /** Of a run where the orchestrator shows it. */
  runIn(title: string): string
  link(label: string, url: string): string
  since(had: string, time: string): string
  said(message: string): string
  noMessage: string
  share(percent: string): string
  more(times: number, since: string | null): string
  left(n: number): string
  foot(host: string, namespace: string, time: string): string
}

const english: AlertWords = {
  test: 'Test: ',
  verb: {
    failed: ['failed', 'failed'],
    crashed: ['crashed', 'crashed'],
    errors: ['completed with errors', 'completed with errors'],
    stale: ['is stale', 'are stale'],
  },
  had: {
    failed: 'had failed',
    crashed: 'had crashed',
    errors: 'had completed with errors',
    stale: 'was stale',
  },
  wellAgain: ['is well again', 'are well again'],
  nothing: 'nothing to tell',
  links: { run: 'Run', source: 'Source' },
  runIn: (title) => `Run in ${title}`,
  link: (label, url) => `${label}: ${url}`,
  since: (had, time) => `${had} since ${time}`,
  said: (message) => `; it said: ${message}`,
  noMessage: 'no message',
  share: (percent) => ` (${percent} of the datasets)`,
  more: (times, since) =>
    `; ${times} more ${times === 1 ? 'time' : 'times'} ${since === null ? 'meanwhile' : `since ${since}`}`,
  left: (n) => `… and ${n} more`,
  foot: (host, namespace, time) => `erddap-harvester on ${host}, namespace ${namespace}, ${time}`,
}

const french: AlertWords = {
  test: 'Essai : ',
  verb: {
    failed: ['a échoué', 'ont échoué'],
    crashed: ['a été interrompu', 'ont été interrompus'],
    errors: ['s’est terminé avec des erreurs', 'se sont terminés avec des erreurs'],
    stale: ['n’est plus à jour', 'ne sont plus à jour'],
  },
  had: {
    failed: 'était en échec',
    crashed: 'était interrompu',
    errors: 'se terminait avec des erreurs',
    stale: 'n’était plus à jour',
  },
  wellAgain: ['va de nouveau bien', 'vont de nouveau bien'],
  nothing: 'rien à signaler',
  links: { run: 'Exécution', source: 'Source' },
  runIn: (title) => `Exécution dans ${title}`,
  link: (label, url) => `${label} : ${url}`,
  since: (had, time) => `${had} depuis le ${time}`,
  said: (message) => `; message : ${message}`,
  noMessage: 'aucun message',
  share: (percent) => ` (${percent} des jeux de données)`,
  more: (times, since) => `; ${times} fois de plus ${since === null ? 'entre-temps' : `depuis le ${since}`}`,
  left: (n) => `… et ${n} de plus`,
  foot: (host, namespace, time) => `erddap-harvester sur ${host}, espace de noms ${namespace}, ${time}`,
}

export const alertWords: Readonly<Record<Language, AlertWords>> = { en: english, fr: french }

/** What a run, or nobody for too long, said: of its facts where they are known. */
export function alertSentence(
  language: Language,
  { message, facts }: { message: string; facts?: readonly RunFact[] },
): string {
  return runMessage(language, message, facts ?? null).text
}
