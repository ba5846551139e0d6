/** What is to be said of an attempt besides its reason. A new note is one entry here. */

import { amount } from '../../text.ts'
import { entry } from './words.ts'

/** In French, with one decimal: the singular up to 1,9. */
function tenths(n: number, word: string): string {
  const text = n.toFixed(1)
  return `${text.replace('.', ',')} ${Number(text) < 2 ? word : `${word}s`}`
}

export const notes = {
  TRUSTED: entry<{ ageDays: number; trustedDays: number }>({
    title: { en: 'Trusted, not proven', fr: 'Présumé, non prouvé' },
    advice: {
      en: 'Publish the source files (accessibleViaFiles) to have changes proven.',
      fr: 'Publiez les fichiers sources (accessibleViaFiles) pour que les changements soient prouvés.',
    },
    said: {
      en: ({ ageDays, trustedDays }) =>
        `trusted, not proven: the metadata are those of the harvest ${ageDays.toFixed(1)} days ago, and the server publishes no source files (trusted for ${amount(trustedDays, 'day')})`,
      fr: ({ ageDays, trustedDays }) =>
        `présumé, non prouvé : les métadonnées sont celles du moissonnage d’il y a ${tenths(ageDays, 'jour')}, et le serveur ne publie pas ses fichiers sources (présumé pendant ${String(trustedDays).replace('.', ',')} ${trustedDays < 2 ? 'jour' : 'jours'})`,
    },
  }),
  ASKED_RECENTLY: entry<{ ageHours: number; hours: number }>({
    title: { en: 'Asked a short while ago', fr: 'Interrogé il y a peu' },
    advice: {
      en: 'Nothing to do: data of it go on arriving, and moving platforms are asked once in a while only (moving_min_hours).',
      fr: 'Rien à faire : ses données continuent d’arriver, et les plateformes mobiles ne sont interrogées que de temps en temps (moving_min_hours).',
    },
    said: {
      en: ({ ageHours, hours }) =>
        `asked ${ageHours.toFixed(1)} hours ago; moving platforms whose data go on arriving are asked once in ${amount(hours, 'hour')}`,
      fr: ({ ageHours, hours }) =>
        `interrogé il y a ${tenths(ageHours, 'heure')}; les plateformes mobiles dont les données continuent d’arriver sont interrogées une fois ${hours === 1 ? 'par heure' : `toutes les ${String(hours).replace('.', ',')} heures`}`,
    },
  }),
  RECORD_CHANGED: entry<Record<never, never>>({
    title: { en: 'Only the catalogue changed', fr: 'Seul le catalogue a changé' },
    advice: { en: 'Nothing to do.', fr: 'Rien à faire.' },
    said: {
      en: () => 'only its record in the catalogue changed, the dataset itself did not',
      fr: () => 'seule sa fiche du catalogue a changé, pas le jeu de données lui-même',
    },
  }),
  KEPT: entry<{ from: string }>({
    title: { en: 'Kept from an interrupted run', fr: 'Repris d’une exécution interrompue' },
    advice: { en: 'Nothing to do.', fr: 'Rien à faire.' },
    said: {
      en: ({ from }) => `kept from the interrupted run of ${from}`,
      fr: ({ from }) => `repris de l’exécution interrompue du ${from}`,
    },
  }),
}
