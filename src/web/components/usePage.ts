import { useEffect } from 'react'
import { useWords } from '../language.ts'

/** Names the page in the browser's title. */
export function usePageTitle(title: string): void {
  const { t } = useWords()
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`
  }, [title, t])
}
