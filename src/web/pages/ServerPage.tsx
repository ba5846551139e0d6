import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useMemo } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { api, apiUrl, type Dataset, type Server } from '../api.ts'
import { TrendChart } from '../components/Charts.tsx'
import { DatasetTable } from '../components/DatasetTable.tsx'
import { Icon } from '../components/Icon.tsx'
import { ReasonsList } from '../components/ReasonsList.tsx'
import { RunMessage } from '../components/RunMessage.tsx'
import { Answer, Empty } from '../components/States.tsx'
import { StatusTabs } from '../components/StatusTabs.tsx'
import { TriggerButton } from '../components/TriggerButton.tsx'
import { useMovingAmounts } from '../components/useMovingAmounts.ts'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import {
  countByStatus,
  countReasons,
  type DatasetView,
  matches,
  pageSize,
  readView,
  writeView,
} from '../model/datasets.ts'
import { moves } from '../model/moving.ts'
import { sourceParts } from '../model/sources.ts'
import { integer } from '../model/times.ts'

/** The datasets of a source: which are in the index, which are not, and why. */
export function ServerPage() {
  const { slug = '' } = useParams()
  const { t } = useWords()
  const datasets = useQuery({
    queryKey: ['datasets', slug],
    queryFn: () => api.datasets(slug),
    refetchInterval: 60_000,
  })
  const servers = useQuery({ queryKey: ['servers'], queryFn: api.servers })
  const schedules = useQuery({ queryKey: ['schedules'], queryFn: api.schedules })
  const trend = useQuery({
    queryKey: ['trend', slug],
    queryFn: () => api.trend(slug),
    enabled: datasets.data !== undefined,
  })
  const url =
    datasets.data?.[0]?.erddap_url ??
    servers.data?.find((one) => one.slug === slug)?.erddap_url ??
    schedules.data?.find((one) => one.slug === slug)?.source ??
    null
  const server = servers.data?.find((one) => one.erddap_url === url)
  const [search, setSearch] = useSearchParams()
  const pick = (code: string) =>
    setSearch(writeView({ status: null, search: code, page: 1 }, search), { replace: true })
  return (
    <>
      <p className="crumb">
        <Link to="/harvest">{t('nav.overview')}</Link>
      </p>
      {(!datasets.error || url !== null) && <Head slug={slug} url={url} server={server} />}
      <Answer
        query={datasets}
        missing={
          url === null ? undefined : (
            <Empty title={t('server.empty')}>
              <p>{t('server.empty.hint')}</p>
            </Empty>
          )
        }
      >
        {(found) =>
          found.length === 0 ? (
            <Empty title={t('server.empty')}>
              <p>{t('server.empty.hint')}</p>
            </Empty>
          ) : (
            <>
              <div className="two">
                <section aria-labelledby="reasons">
                  <h2 id="reasons">{t('server.reasons')}</h2>
                  <div className="panel">
                    <ReasonsList
                      reasons={countReasons(found)}
                      empty={t('server.reasons.empty', { count: found.length })}
                      onPick={pick}
                    />
                  </div>
                </section>
                <section aria-labelledby="trend">
                  <h2 id="trend">{t('server.trend')}</h2>
                  <div className="panel">
                    <Answer query={trend}>{(points) => <TrendChart trend={points} />}</Answer>
                  </div>
                </section>
              </div>
              <MovingDatasets slug={slug} datasets={found} />
              <Datasets slug={slug} datasets={found} />
            </>
          )
        }
      </Answer>
    </>
  )
}

function Head({ slug, url, server }: { slug: string; url: string | null; server: Server | undefined }) {
  const { t, language } = useWords()
  const host = url === null ? slug : sourceParts(url).host
  const title = t('server.title', { host })
  usePageTitle(title)
  return (
    <>
      <div className="title">
        <div>
          <h1>{title}</h1>
          {url !== null && (
            <p className="lead">
              <a href={/^https?:/i.test(url) ? url : undefined} rel="noreferrer" className="break">
                {url}
              </a>
              {server?.orphaned && <span className="tag">{t('source.orphaned')}</span>}
            </p>
          )}
        </div>
        {url !== null && <TriggerButton source={url} name={host} />}
      </div>
      {server?.last_error && (
        <p className="note error">
          <strong>{t('source.lastError')}</strong>{' '}
          <RunMessage className="break" message={server.last_error} facts={server.last_error_facts} />
        </p>
      )}
      {server?.gridded_datasets ? (
        <p className="note">{t('server.gridded', { count: server.gridded_datasets })}</p>
      ) : null}
      {server && server.n_datasets > 0 && (
        <p className="lead">
          {t('report.indexed', {
            n: integer(server.n_indexed, language),
            total: integer(Math.max(server.n_datasets, server.n_indexed), language),
          })}
        </p>
      )}
      <p className="links">
        <Link to={`/harvest/report/${encodeURIComponent(slug)}`}>{t('report.link')}</Link>
        <a href={apiUrl(`api/harvest/servers/${encodeURIComponent(slug)}.csv?lang=${language}`)} download>
          {t('server.csv')}
        </a>
        <a
          href={apiUrl(`api/harvest/servers/${encodeURIComponent(slug)}.atom?lang=${language}`)}
          title={t('server.feed.hint')}
        >
          {t('server.feed')}
        </a>
      </p>
    </>
  )
}

/** What the index has of the platforms that move; nothing where there are none. */
function MovingDatasets({ slug, datasets }: { slug: string; datasets: readonly Dataset[] }) {
  const { t } = useWords()
  const amounts = useMovingAmounts()
  const moving = datasets.filter(moves)
  if (moving.length === 0) return null
  const sum = (of: (dataset: Dataset) => number) => moving.reduce((total, one) => total + of(one), 0)
  return (
    <p className="note">
      {t('server.moving', {
        count: moving.length,
        rows: amounts.rows(sum((one) => one.n_profiles ?? 0)),
        tracks: amounts.tracks(sum((one) => one.n_tracks)),
      })}{' '}
      <Link to={`/harvest/map?source=${encodeURIComponent(slug)}`}>{t('server.moving.map')}</Link>
    </p>
  )
}

function Datasets({ slug, datasets }: { slug: string; datasets: readonly Dataset[] }) {
  const { t, language } = useWords()
  const [search, setSearch] = useSearchParams()
  const view = readView(search)
  const wanted = useDeferredValue(view.search)
  const found = useMemo(
    () => datasets.filter((dataset) => matches(dataset, wanted, language)),
    [datasets, wanted, language],
  )
  const counts = countByStatus(found)
  const problems = counts.error + counts.skipped
  // What needs a look comes first: ninety healthy rows are not why somebody opens the page.
  const status = view.status ?? (problems > 0 ? 'problems' : 'all')
  const shown = found.filter(
    (dataset) =>
      status === 'all' || (status === 'problems' ? dataset.status !== 'success' : dataset.status === status),
  )
  const pages = Math.max(1, Math.ceil(shown.length / pageSize))
  const page = Math.min(view.page, pages)
  const set = (next: Partial<DatasetView>) =>
    setSearch(writeView({ ...view, page: 1, ...next }, search), { replace: true })
  return (
    <section aria-labelledby="datasets">
      <h2 id="datasets" className="sr">
        {t('runs.datasets')}
      </h2>
      <div className="tools">
        <StatusTabs
          shown={status}
          counts={[
            ['problems', problems],
            ['error', counts.error],
            ['skipped', counts.skipped],
            ['success', counts.success],
            ['all', found.length],
          ]}
          onPick={(one) => set({ status: one })}
        />
        <label className="search">
          <span className="sr">{t('server.search')}</span>
          <Icon name="search" />
          <input
            type="search"
            placeholder={t('server.search')}
            value={view.search}
            onChange={(event) => set({ search: event.target.value })}
          />
        </label>
      </div>
      <p className="faint" role="status">
        {t('server.shown', { count: shown.length, formatted: integer(shown.length, language) })}
      </p>
      {shown.length === 0 ? (
        <div className="empty">
          <p>{t('server.none')}</p>
          {(view.status !== null || view.search !== '') && (
            <button type="button" onClick={() => set({ status: 'all', search: '' })}>
              {t('server.clear')}
            </button>
          )}
        </div>
      ) : (
        <>
          <div className="panel">
            <DatasetTable slug={slug} datasets={shown.slice((page - 1) * pageSize, page * pageSize)} />
          </div>
          {pages > 1 && (
            <nav className="pager" aria-label={t('server.page', { page, pages })}>
              <button type="button" disabled={page <= 1} onClick={() => set({ page: page - 1 })}>
                {t('server.previous')}
              </button>
              <span>{t('server.page', { page, pages })}</span>
              <button type="button" disabled={page >= pages} onClick={() => set({ page: page + 1 })}>
                {t('server.next')}
              </button>
            </nav>
          )}
        </>
      )}
    </section>
  )
}
