/** What is said of an attempt in the language that is asked for. */
import type { StoredFact, StoredTold } from '../inventory/audit.ts'
import { type Language, storedSentence, titleOf } from '../rules/reasons/index.ts'
import { type ShownRemedy, showRemedy } from '../rules/remedies/index.ts'

interface Attempted {
  reason_code: string | null
  error_message: string | null
  told: StoredTold | null
}

/**
 * The sentence of an attempt. English is the sentence that was stored with it; another language is made of its facts,
 * and is the English one where an older version stored none.
 */
export function messageOf(language: Language, attempt: Attempted): string | null {
  if (language === 'en' || attempt.told === null) return attempt.error_message
  const said = attempt.told.facts.map((fact) => storedSentence(language, fact))
  return said.length === 0 || said.includes(null) ? attempt.error_message : said.join('; ')
}

export function warningsOf(language: Language, told: StoredTold | null): { code: string; text: string }[] {
  return (told?.warnings ?? []).map((warning) => ({ code: warning.code, text: factText(language, warning) }))
}

function factText(language: Language, fact: StoredFact): string {
  return storedSentence(language, fact) ?? storedSentence('en', fact) ?? titleOf(language, fact.code)
}

export function remediesOf(language: Language, told: StoredTold | null): ShownRemedy[] {
  return (told?.remedies ?? [])
    .map((remedy) => showRemedy(language, remedy))
    .filter((shown) => shown !== null)
}
