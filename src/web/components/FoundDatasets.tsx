import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { shownTitle } from '../../rules/reasons/shown-title.ts'
import { api } from '../api.ts'
import { useWords } from '../language.ts'
import { mostFound } from '../model/datasets.ts'
import { sourceParts } from '../model/sources.ts'
import { DatasetLink } from './DatasetLink.tsx'
import { StatusBadge } from './Status.tsx'

/** At most so many are there at first: the servers that fit are below them. */
const rowsAtFirst = 20

/** Datasets of all sources that fit what is searched for. */
export function FoundDatasets({ text }: { text: string }) {
  const { t, language } = useWords()
  // All of this search: the next one begins with its first again.
  const [allOf, setAllOf] = useState<string | null>(null)
  const found = useQuery({
    queryKey: ['search', text, language],
    queryFn: () => api.search(text, language),
    placeholderData: keepPreviousData,
  })
  if (!found.data || found.data.length === 0) return null
  const count = found.data.length
  const shown = allOf === text ? found.data : found.data.slice(0, rowsAtFirst)
  const perhapsMore = count >= mostFound
  return (
    <div className="panel found">
      <h3>{perhapsMore ? t('overview.foundMost', { count }) : t('overview.found', { count })}</h3>
      <ul>
        {shown.map((dataset) => (
          <li key={`${dataset.erddap_url} ${dataset.dataset_id}`}>
            <StatusBadge status={dataset.status} reason={dataset.reason_code} />{' '}
            <DatasetLink slug={dataset.slug} id={dataset.dataset_id} />{' '}
            <span className="faint">{sourceParts(dataset.erddap_url).host}</span>
            <span className="under clamp">{shownTitle(dataset, language) ?? ''}</span>
          </li>
        ))}
      </ul>
      {count > shown.length && (
        <button type="button" className="quiet" onClick={() => setAllOf(text)}>
          {t('run.showAll', { count: count - shown.length })}
        </button>
      )}
      {count === shown.length && perhapsMore && (
        <p className="faint">{t('overview.foundMost.hint', { count })}</p>
      )}
    </div>
  )
}
