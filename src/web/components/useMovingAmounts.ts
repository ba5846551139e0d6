import { useWords } from '../language.ts'
import { integer } from '../model/times.ts'

/** Words for what the index has of platforms that move, in the language of the page. */
export function useMovingAmounts() {
  const { t, language } = useWords()
  return {
    rows: (n: number) => t('moving.rows', { count: n, formatted: integer(n, language) }),
    tracks: (n: number) => t('moving.tracks', { count: n, formatted: integer(n, language) }),
  }
}
