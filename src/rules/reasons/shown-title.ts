import type { Language } from './words.ts'

/** The title of a dataset in a language, or the one that there is in English. */
export function shownTitle(
  { title, title_fr }: { title: string | null; title_fr: string | null },
  language: Language,
): string | null {
  return (language === 'fr' ? title_fr : null) ?? title
}
