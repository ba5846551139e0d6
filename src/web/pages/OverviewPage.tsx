import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api, type ScheduleRow, type Server } from '../api.ts'
import { RunsChart } from '../components/Charts.tsx'
import { Counts, CountsBar } from '../components/Counts.tsx'
import { ReasonsList } from '../components/ReasonsList.tsx'
import { RunsTable } from '../components/RunsTable.tsx'
import { Answer, Empty } from '../components/States.tsx'
import { Ago, Time } from '../components/Time.tsx'
import { TriggerButton } from '../components/TriggerButton.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import { sourceParts } from '../model/sources.ts'
import { percent } from '../model/times.ts'

const refresh = { refetchInterval: 30_000 }

/** Every source at a glance, what ran lately, why datasets are missing, and what runs next. */
export function OverviewPage() {
  const { t } = useWords()
  usePageTitle(t('overview.title'))
  const servers = useQuery({ queryKey: ['servers'], queryFn: api.servers, ...refresh })
  const runs = useQuery({ queryKey: ['runs'], queryFn: api.runs, ...refresh })
  const reasons = useQuery({ queryKey: ['reasons'], queryFn: api.reasons, ...refresh })
  const schedules = useQuery({ queryKey: ['schedules'], queryFn: api.schedules, ...refresh })
  return (
    <>
      <div className="title">
        <div>
          <h1>{t('overview.title')}</h1>
          {servers.data && servers.data.length > 0 && <Lead servers={servers.data} />}
        </div>
        <TriggerButton source={null} name={t('runs.all')} />
      </div>
      <section aria-labelledby="sources">
        <h2 id="sources" className="sr">
          {t('overview.sources')}
        </h2>
        <Answer query={servers}>
          {(found) =>
            found.length === 0 ? (
              <Empty title={t('overview.empty')}>
                <p>{t('overview.empty.hint')}</p>
              </Empty>
            ) : (
              <ul className="cards">
                {found.map((server) => (
                  <SourceCard key={server.erddap_url} server={server} />
                ))}
              </ul>
            )
          }
        </Answer>
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
                <RunsTable runs={found} />
              </div>
            )
          }
        </Answer>
      </section>
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
        <section aria-labelledby="schedule">
          <h2 id="schedule">{t('overview.schedule')}</h2>
          <div className="panel">
            <Answer query={schedules}>{(found) => <Schedules schedules={found} />}</Answer>
          </div>
        </section>
      </div>
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
  const total = servers.reduce((sum, server) => sum + server.n_total, 0)
  const healthy = servers.reduce((sum, server) => sum + server.n_success, 0)
  return (
    <p className="lead">
      {t('overview.lead', { count: servers.length })} · {t('overview.datasets', { count: total })}
      {total > 0 && <>, {t('overview.healthy', { percent: percent(healthy / total, language) })}</>}
    </p>
  )
}

function SourceCard({ server }: { server: Server }) {
  const { t } = useWords()
  const { host, path } = sourceParts(server.erddap_url)
  const counts = { success: server.n_success, skipped: server.n_skipped, error: server.n_error }
  return (
    <li className={`card${server.last_error === null ? '' : ' failing'}`}>
      <h3>
        <Link to={`/harvest/server/${encodeURIComponent(server.slug)}`}>{host}</Link>
      </h3>
      <p className="card-path">
        {path || '/'}
        {server.source === 'obis' && <span className="tag">{t('source.obis')}</span>}
        {server.orphaned && <span className="tag">{t('source.orphaned')}</span>}
      </p>
      <CountsBar counts={counts} />
      <Counts counts={counts} />
      {server.last_error !== null && (
        <p className="note error">
          <strong>{t('source.lastError')}</strong>
          <span className="clamp" title={server.last_error}>
            {server.last_error}
          </span>
        </p>
      )}
      <p className="card-foot">
        {t('source.lastAttempt')} <Ago at={server.last_attempted_at} />
      </p>
    </li>
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
