import { useDeferredValue, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { Server } from '../api.ts'
import { useWords } from '../language.ts'
import { arrange, isFailing, readFilter, readOrder, serverFilters, serverOrders } from '../model/servers.ts'
import { kindLabel, sourceParts } from '../model/sources.ts'
import { integer } from '../model/times.ts'
import { CountsBar } from './Counts.tsx'
import { FoundDatasets } from './FoundDatasets.tsx'
import { Icon } from './Icon.tsx'
import { RunMessage } from './RunMessage.tsx'
import { Select } from './Select.tsx'
import { TableHead } from './TableHead.tsx'
import { Ago } from './Time.tsx'

/** At most so many rows are there at first: two hundred servers are found by name, not by scrolling. */
const rowsAtFirst = 50

/** The sources with what the index has of each: searched, filtered and put in order. */
export function Sources({ servers }: { servers: readonly Server[] }) {
  const { t } = useWords()
  const [query, setQuery] = useSearchParams()
  const [all, setAll] = useState(false)
  const search = query.get('q') ?? ''
  const filter = readFilter(query.get('show'))
  const order = readOrder(query.get('order'))
  const set = (key: string, value: string) => {
    const next = new URLSearchParams(query)
    if (value === '') next.delete(key)
    else next.set(key, value)
    setQuery(next, { replace: true })
  }
  const wanted = useDeferredValue(search)
  const found = arrange(servers, { search: wanted, filter, order })
  const shown = all ? found : found.slice(0, rowsAtFirst)
  return (
    <>
      <div className="tools">
        <label className="search">
          <span className="sr">{t('overview.search')}</span>
          <Icon name="search" />
          <input
            type="search"
            placeholder={t('overview.search')}
            value={search}
            onChange={(event) => set('q', event.target.value)}
          />
        </label>
        <Select
          inline
          label={t('overview.show')}
          value={filter}
          onChange={(value) => set('show', value === 'all' ? '' : value)}
          options={serverFilters.map((one) => [one, t(`overview.show.${one}`)] as const)}
        />
        <Select
          inline
          label={t('overview.order')}
          value={order}
          onChange={(value) => set('order', value === 'failing' ? '' : value)}
          options={serverOrders.map((one) => [one, t(`overview.order.${one}`)] as const)}
        />
      </div>
      {wanted.trim().length > 1 && <FoundDatasets text={wanted.trim()} />}
      {found.length === 0 ? (
        <p className="faint" role="status">
          {t('overview.none')}
        </p>
      ) : (
        <div className="panel">
          <table className="stack servers">
            <TableHead
              columns={[
                t('map.source'),
                t('overview.indexed'),
                { right: t('count.skipped') },
                { right: t('count.error') },
                t('source.lastAttempt'),
              ]}
            />
            <tbody>
              {shown.map((server) => (
                <SourceRow key={server.erddap_url} server={server} />
              ))}
            </tbody>
          </table>
          {found.length > shown.length && (
            <button type="button" className="quiet" onClick={() => setAll(true)}>
              {t('run.showAll', { count: found.length - shown.length })}
            </button>
          )}
        </div>
      )}
    </>
  )
}

function SourceRow({ server }: { server: Server }) {
  const { t, language } = useWords()
  const { host, path } = sourceParts(server.erddap_url)
  const kind = kindLabel(server.source, host)
  const total = Math.max(server.n_datasets, server.n_indexed)
  const rest = Math.max(0, total - server.n_indexed - server.n_failing)
  return (
    <tr className={isFailing(server) ? 'failing' : undefined}>
      <td className="wide">
        <Link to={`/harvest/server/${encodeURIComponent(server.slug)}`}>{host}</Link>{' '}
        <span className="faint">{path}</span>
        {kind !== null && <span className="tag">{kind}</span>}
        {server.orphaned && <span className="tag">{t('source.orphaned')}</span>}
        {server.last_error !== null && (
          <span className="note error clamp">
            <strong>{t('source.lastError')}</strong>{' '}
            <RunMessage message={server.last_error} facts={server.last_error_facts} />
          </span>
        )}
      </td>
      <td data-label={t('overview.indexed')}>
        {total === 0 ? (
          // A source whose list failed has no datasets that are known: that is not none.
          <span className="faint">{t('overview.unknown')}</span>
        ) : (
          <>
            <span className="nowrap">
              {t('overview.of', { n: integer(server.n_indexed, language), total: integer(total, language) })}
            </span>
            <CountsBar counts={{ success: server.n_indexed, skipped: rest, error: server.n_failing }} />
          </>
        )}
      </td>
      <td className="right" data-label={t('count.skipped')}>
        {total === 0 ? t('time.none') : integer(server.n_left_out, language)}
      </td>
      <td className="right" data-label={t('count.error')}>
        {total === 0 ? t('time.none') : integer(server.n_failing, language)}
      </td>
      <td className="nowrap" data-label={t('source.lastAttempt')}>
        <Ago at={server.last_attempted_at} />
      </td>
    </tr>
  )
}
