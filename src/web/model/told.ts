/** What an attempt says, in the language of the page. */
import { storedSentence, titleOf } from '../../rules/reasons/index.ts'
import type { Dataset } from '../../serve/schemas.ts'
import type { Language } from './times.ts'

type Told = Dataset['told']

export interface Said {
  text: string
  /** Of the text: attempts of older versions have an English sentence only. */
  language: Language
}

/** The sentence of an attempt, or null where there is nothing to say. */
export function said(attempt: { error_message: string | null; told: Told }, language: Language): Said | null {
  const made = (attempt.told?.facts ?? []).map((fact) => storedSentence(language, fact as Fact))
  if (made.length > 0 && !made.includes(null)) return { text: made.join('; '), language }
  return attempt.error_message === null ? null : { text: attempt.error_message, language: 'en' }
}

export function warningsOf(told: Told, language: Language): string[] {
  return (told?.warnings ?? []).map(
    (warning) => storedSentence(language, warning as Fact) ?? titleOf(language, warning.code),
  )
}

interface Fact {
  code: string
  values: unknown
}
