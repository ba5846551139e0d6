import { shownTitle } from '../../rules/reasons/shown-title.ts'
import type { Dataset } from '../api.ts'
import { useWords } from '../language.ts'
import { harvestMode } from '../model/harvestMode.ts'
import { moves } from '../model/moving.ts'
import { datasetLink } from '../model/sources.ts'
import { DatasetLink } from './DatasetLink.tsx'
import { Icon } from './Icon.tsx'
import { useHashReason, Why } from './Reason.tsx'
import { Sparkline } from './Sparkline.tsx'
import { StatusBadge } from './Status.tsx'
import { TableHead } from './TableHead.tsx'
import { Ago, Duration } from './Time.tsx'
import { useMovingAmounts } from './useMovingAmounts.ts'

/** The datasets of a source as their latest attempts left them. */
export function DatasetTable({ slug, datasets }: { slug: string; datasets: readonly Dataset[] }) {
  const { t } = useWords()
  return (
    <table className="stack datasets">
      <TableHead
        columns={[
          t('server.column.status'),
          t('server.column.dataset'),
          t('server.column.history'),
          t('server.column.reason'),
          t('server.column.updated'),
          t('server.column.checked'),
          { right: t('server.column.duration') },
        ]}
      />
      <tbody>
        {datasets.map((dataset) => (
          <DatasetRow key={dataset.dataset_id} slug={slug} dataset={dataset} />
        ))}
      </tbody>
    </table>
  )
}

function DatasetRow({ slug, dataset }: { slug: string; dataset: Dataset }) {
  const { t, language } = useWords()
  const link = datasetLink(dataset.erddap_url, dataset.dataset_id, dataset.source)
  const title = shownTitle(dataset, language)
  return (
    <tr>
      <td>
        <StatusBadge status={dataset.status} />
      </td>
      <td className="wide">
        <DatasetLink slug={slug} id={dataset.dataset_id} />
        {title !== null && title !== dataset.dataset_id && <span className="under clamp">{title}</span>}
        {moves(dataset) && <Moving dataset={dataset} />}
        <span className="under">
          <Mode dataset={dataset} />
          {link !== null && (
            <>
              {harvestMode(dataset.content_hash, dataset.content_hash_reason).mode === 'unknown' ? '' : ' · '}
              <a href={link} rel="noreferrer" className="quiet-link">
                {t('server.onServer')}
                <span className="sr"> ({dataset.dataset_id})</span>
                <Icon name="external" />
              </a>
            </>
          )}
        </span>
      </td>
      <td data-label={t('server.column.history')}>
        <Sparkline statuses={dataset.history_statuses} />
      </td>
      <td
        className="wide"
        data-label={
          dataset.reason_code === null && !dataset.told?.warnings.length
            ? undefined
            : t('server.column.reason')
        }
      >
        <Why attempt={dataset} />
      </td>
      <td className="nowrap" data-label={t('server.column.updated')}>
        <Ago at={dataset.last_updated_at} none={t('time.none')} />
      </td>
      <td className="nowrap" data-label={t('server.column.checked')}>
        <Ago at={dataset.attempted_at} />
      </td>
      <td className="right" data-label={t('server.column.duration')}>
        <Duration ms={dataset.duration_ms} />
      </td>
    </tr>
  )
}

/** What the index has of a platform that moves: rows are no profiles, and tracks are on its page. */
function Moving({ dataset }: { dataset: Dataset }) {
  const amounts = useMovingAmounts()
  const parts = [
    dataset.cdm_data_type,
    amounts.rows(dataset.n_profiles ?? 0),
    ...(dataset.n_tracks > 0 ? [amounts.tracks(dataset.n_tracks)] : []),
  ]
  return <span className="under">{parts.join(' · ')}</span>
}

function Mode({ dataset }: { dataset: Dataset }) {
  const { t } = useWords()
  const hash = useHashReason()
  const found = harvestMode(dataset.content_hash, dataset.content_hash_reason)
  // A dataset that was never harvested has no mode: saying so of each would say nothing.
  if (found.mode === 'unknown') return null
  const hint =
    found.mode === 'full' || found.mode === 'trusted'
      ? t(`mode.${found.mode}.hint`, { reason: hash(found.reason) })
      : t(`mode.${found.mode}.hint`)
  return <span title={hint}>{t(`mode.${found.mode}`)}</span>
}
