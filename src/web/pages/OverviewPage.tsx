import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, type ScheduleRow, type Server } from '../api.ts'
import { BreakableId } from '../components/BreakableId.tsx'
import { RunsChart } from '../components/Charts.tsx'
import { CountsBar } from '../components/Counts.tsx'
import { Icon } from '../components/Icon.tsx'
import { ReasonsList } from '../components/ReasonsList.tsx'
import { RunsTable } from '../components/RunsTable.tsx'
import { Select } from '../components/Select.tsx'
import { Answer, Empty, Failure } from '../components/States.tsx'
import { StatusBadge } from '../components/Status.tsx'
import { Ago, Time } from '../components/Time.tsx'
import { TriggerButton } from '../components/TriggerButton.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import { arrange, isFailing, readFilter, readOrder, serverFilters, serverOrders } from '../model/servers.ts'
import { kindLabel, sourceParts } from '../model/sources.ts'
import { integer, percent } from '../model/times.ts'

const refresh = { refetchInterval: 30_000 }

/** Every source at a glance, what ran lately, why datasets are missing, and what runs next. */
export function OverviewPage() {
  const { t } = useWords()
  usePageTitle(t('overview.title'))
  const servers = useQuery({ queryKey: ['servers'], queryFn: api.servers, ...refresh })
  const runs = useQuery({ queryKey: ['runs'], queryFn: api.runs, ...refresh })
  const reasons = useQuery({ queryKey: ['reasons'], queryFn: api.reasons, ...refresh })
  const schedules = useQuery({ queryKey: ['schedules'], queryFn: api.schedules, ...refresh })
  // When nothing can be asked, one box says so, not one for each question.
  const asked = [servers, runs, reasons, schedules]
  if (asked.every((query) => query.error !== null && query.data === undefined))
    return (
      <>
        <h1>{t('overview.title')}</h1>
        <Failure error={servers.error} retry={() => asked.forEach((query) => void query.refetch())} />
      </>
    )
  return (
    <>
      <div className="title">
        <div>
          <h1>{t('overview.title')}</h1>
          {servers.data && servers.data.length > 0 && <Lead servers={servers.data} />}
        </div>
        <TriggerButton source={null} name={t('runs.all')} />
      </div>
      <div className="two">
        <section aria-labelledby="reasons">
          <h2 id="reasons">{t('overview.reasons')}</h2>
          <div className="panel">
            <Answer query={reasons}>
              {(found) => (
                <ReasonsList
                  reasons={found}
                  empty={servers.data?.length === 0 ? t('overview.empty') : t('overview.reasons.empty')}
                />
              )}
            </Answer>
          </div>
        </section>
        <section aria-labelledby="runs">
          <h2 id="runs">{t('overview.runs')}</h2>
          <Answer query={runs}>
            {(found) =>
              found.length === 0 ? (
                <p className="faint">{t('overview.runs.empty')}</p>
              ) : (
                <div className="panel">
                  <RunsChart runs={found} />
                  <RunsTable runs={found} compact />
                </div>
              )
            }
          </Answer>
        </section>
      </div>
      <section aria-labelledby="sources">
        <h2 id="sources">{t('overview.sources')}</h2>
        <Answer query={servers}>
          {(found) =>
            found.length === 0 ? (
              <Empty title={t('overview.empty')}>
                <p>{t('overview.empty.hint')}</p>
              </Empty>
            ) : (
              <Sources servers={found} />
            )
          }
        </Answer>
      </section>
      <section aria-labelledby="schedule">
        <h2 id="schedule">{t('overview.schedule')}</h2>
        <div className="panel">
          <Answer query={schedules}>{(found) => <Schedules schedules={found} />}</Answer>
        </div>
      </section>
      <Species />
    </>
  )
}

/** What OBIS adds to the index; nothing is shown where a site harvests none of it. */
function Species() {
  const { t, language } = useWords()
  const biology = useQuery({ queryKey: ['biology'], queryFn: api.biology, ...refresh })
  const found = biology.data
  if (!found || (found.nodes.length === 0 && found.names.n_names === 0)) return null
  const { names, nodes } = found
  const share = (part: number) => (names.n_names === 0 ? '–' : percent(part / names.n_names, language))
  return (
    <section aria-labelledby="species">
      <h2 id="species">{t('biology.title')}</h2>
      <div className="panel">
        <p>
          {t('biology.names', { count: names.n_names })}{' '}
          {t('biology.english', { n: names.n_english, percent: share(names.n_english) })},{' '}
          {t('biology.french', { n: names.n_french, percent: share(names.n_french) })}.{' '}
          {names.n_asked < names.n_names && t('biology.pending', { count: names.n_names - names.n_asked })}
        </p>
        <p className="faint">
          {t('biology.fetched')} <Ago at={names.last_fetched_at} />
        </p>
        {nodes.length > 0 && (
          <table className="stack">
            <thead>
              <tr>
                <th scope="col">{t('biology.node')}</th>
                <th scope="col">{t('biology.datasets')}</th>
                <th scope="col">{t('biology.cells')}</th>
              </tr>
            </thead>
            <tbody>
              {nodes.map((node) => (
                <tr key={node.node}>
                  <td className="wide">{node.node}</td>
                  <td data-label={t('biology.datasets')}>{node.n_datasets}</td>
                  <td data-label={t('biology.cells')}>{node.n_cells}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  )
}

function Lead({ servers }: { servers: readonly Server[] }) {
  const { t, language } = useWords()
  const indexed = servers.reduce((sum, server) => sum + server.n_indexed, 0)
  const total = servers.reduce((sum, server) => sum + Math.max(server.n_datasets, server.n_indexed), 0)
  return (
    <p className="lead">
      {t('overview.lead', { count: servers.length })} · {t('overview.datasets', { count: total })}
      {total > 0 && <>, {t('overview.healthy', { percent: percent(indexed / total, language) })}</>}
    </p>
  )
}

/** At most so many rows are there at first: two hundred servers are found by name, not by scrolling. */
const rowsAtFirst = 50

function Sources({ servers }: { servers: readonly Server[] }) {
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
            <thead>
              <tr>
                <th scope="col">{t('map.source')}</th>
                <th scope="col">{t('overview.indexed')}</th>
                <th scope="col" className="right">
                  {t('count.skipped')}
                </th>
                <th scope="col" className="right">
                  {t('count.error')}
                </th>
                <th scope="col">{t('source.lastAttempt')}</th>
              </tr>
            </thead>
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

/** Datasets of all sources that fit what is searched for. */
function FoundDatasets({ text }: { text: string }) {
  const { t, language } = useWords()
  const found = useQuery({
    queryKey: ['search', text, language],
    queryFn: () => api.search(text, language),
    placeholderData: keepPreviousData,
  })
  if (!found.data || found.data.length === 0) return null
  return (
    <div className="panel found">
      <h3>{t('overview.found', { count: found.data.length })}</h3>
      <ul>
        {found.data.slice(0, 20).map((dataset) => (
          <li key={`${dataset.erddap_url} ${dataset.dataset_id}`}>
            <StatusBadge status={dataset.status} reason={dataset.reason_code} />{' '}
            <Link
              className="id"
              to={`/harvest/dataset/${encodeURIComponent(dataset.slug)}/${encodeURIComponent(dataset.dataset_id)}`}
            >
              <BreakableId id={dataset.dataset_id} />
            </Link>{' '}
            <span className="faint">{sourceParts(dataset.erddap_url).host}</span>
            <span className="under clamp">
              {(language === 'fr' ? (dataset.title_fr ?? dataset.title) : dataset.title) ?? ''}
            </span>
          </li>
        ))}
      </ul>
    </div>
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
          <span className="note error clamp" title={server.last_error}>
            <strong>{t('source.lastError')}</strong> <span lang="en">{server.last_error}</span>
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

function Schedules({ schedules }: { schedules: readonly ScheduleRow[] }) {
  const { t } = useWords()
  if (schedules.length === 0) return <p className="faint">{t('overview.schedule.empty')}</p>
  return (
    <table className="stack">
      <thead>
        <tr>
          <th scope="col">{t('schedule.name')}</th>
          <th scope="col">{t('schedule.cron')}</th>
          <th scope="col">{t('schedule.next')}</th>
          <th scope="col">{t('schedule.last')}</th>
        </tr>
      </thead>
      <tbody>
        {schedules.map((schedule) => (
          <tr key={`${schedule.flow}/${schedule.name}`}>
            <td className="wide">
              {schedule.slug === null ? (
                schedule.name
              ) : (
                <Link className="plain" to={`/harvest/server/${encodeURIComponent(schedule.slug)}`}>
                  {schedule.name}
                </Link>
              )}
            </td>
            <td data-label={t('schedule.cron')}>
              {schedule.cron === null ? (
                <span className="faint">{t('schedule.manual')}</span>
              ) : (
                <code title={schedule.timezone}>{schedule.cron}</code>
              )}
              {schedule.paused && <span className="tag">{t('schedule.paused')}</span>}
            </td>
            <td data-label={t('schedule.next')}>
              <Time at={schedule.next_run_at} />
            </td>
            <td data-label={t('schedule.last')}>
              {schedule.last_run === null ? (
                <span className="faint">{t('time.never')}</span>
              ) : (
                <Link to={`/harvest/run/${schedule.last_run.run_id}`}>
                  <Ago at={schedule.last_run.started_at} none={schedule.last_run.state} />
                </Link>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
