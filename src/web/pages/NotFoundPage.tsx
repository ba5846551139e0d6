import { Missing } from '../components/States.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'

export function NotFoundPage() {
  const { t } = useWords()
  usePageTitle(t('state.notFound'))
  return <Missing />
}
