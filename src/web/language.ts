/** Which language the page speaks: `?lang=`, then what was chosen before, then the browser's. */
import i18next from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import type { Language } from './model/times.ts'
import { en } from './translations/en.ts'
import { fr } from './translations/fr.ts'

const remembered = 'harvester.language'

function chooseLanguage(query: string, stored: string | null, browser: readonly string[]): Language {
  for (const wanted of [new URLSearchParams(query).get('lang'), stored, ...browser]) {
    const short = wanted?.toLowerCase().slice(0, 2)
    if (short === 'en' || short === 'fr') return short
  }
  return 'en'
}

/** Storage may be forbidden; the choice then lasts as long as the page. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {}
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export async function startLanguage(): Promise<void> {
  const language = chooseLanguage(location.search, recall(remembered), navigator.languages)
  if (new URLSearchParams(location.search).has('lang')) remember(remembered, language)
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    resources: { en: { translation: en }, fr: { translation: fr } },
    // Keys are flat ("run.title"), and React escapes what is shown.
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  })
  document.documentElement.lang = language
}

export function switchLanguage(language: Language): void {
  remember(remembered, language)
  document.documentElement.lang = language
  void i18next.changeLanguage(language)
}

/** The words and the language, for components. */
export function useWords() {
  const { t, i18n } = useTranslation()
  const language: Language = i18n.language === 'fr' ? 'fr' : 'en'
  return { t, language }
}
