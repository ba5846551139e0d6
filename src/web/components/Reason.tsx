import { useWords } from '../language.ts'
import { en } from '../translations/en.ts'

/** The words for a reason code: what happened, and what an ERDDAP admin can do about it. */
export function useReason() {
  const { t } = useWords()
  return (code: string): { title: string; advice: string } => {
    const known = `reason.${code}.title` in en
    return known
      ? { title: t(`reason.${code}.title`), advice: t(`reason.${code}.advice`) }
      : { title: t('reason.other.title', { code }), advice: t('reason.other.advice') }
  }
}

export function useHashReason() {
  const { t } = useWords()
  return (code: string): string => (`hash.${code}` in en ? t(`hash.${code}`) : t('hash.other', { code }))
}
