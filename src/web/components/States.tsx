import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { ApiError } from '../api.ts'
import { useWords } from '../language.ts'

/** What stands where there is nothing to show: not yet, not at all, or not today. */

export function Loading() {
  const { t } = useWords()
  return (
    <div className="loading" role="status">
      <span className="loading-bar" aria-hidden="true" />
      <span>{t('state.loading')}</span>
    </div>
  )
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  )
}

export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useWords()
  if (error instanceof ApiError && (error.status === 404 || error.status === 400)) return <Missing />
  const message = error instanceof Error ? error.message : String(error)
  const offline = error instanceof ApiError && error.status === 0
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{t('state.failed')}</p>
      <p>{offline ? t('state.offline') : t('state.failed.hint', { message })}</p>
      <button type="button" onClick={retry}>
        {t('state.retry')}
      </button>
    </div>
  )
}

export function Missing() {
  const { t } = useWords()
  return (
    <div className="empty">
      <h1>{t('state.notFound')}</h1>
      <p>{t('state.notFound.hint')}</p>
      <Link to="/harvest">{t('state.home')}</Link>
    </div>
  )
}

interface Asked<T> {
  data: T | undefined
  error: unknown
  isPending: boolean
  refetch: () => unknown
}

/** Shows what was asked for once it is there; until then, that it is coming or why it is not. */
export function Answer<T>({
  query,
  children,
  missing,
}: {
  query: Asked<T>
  children: (data: T) => ReactNode
  /** What stands where the server knows nothing of it yet. */
  missing?: ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.isPending) return <Loading />
  if (missing !== undefined && query.error instanceof ApiError && query.error.status === 404) return missing
  return <Failure error={query.error} retry={() => void query.refetch()} />
}
