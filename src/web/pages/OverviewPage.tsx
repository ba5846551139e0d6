import { useQuery } from '@tanstack/react-query'
import { api, type Server } from '../api.ts'
import { RunsChart } from '../components/Charts.tsx'
import { ReasonsList } from '../components/ReasonsList.tsx'
import { RunsTable } from '../components/RunsTable.tsx'
import { Schedules } from '../components/Schedules.tsx'
import { Sources } from '../components/Sources.tsx'
import { Species } from '../components/Species.tsx'
import { Answer, Empty, Failure } from '../components/States.tsx'
import { TriggerButton } from '../components/TriggerButton.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
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

function Lead({ servers }: { servers: readonly Server[] }) {
  const { t, language } = useWords()
  const indexed = servers.reduce((sum, server) => sum + server.n_indexed, 0)
  const total = servers.reduce((sum, server) => sum + Math.max(server.n_datasets, server.n_indexed), 0)
  return (
    <p className="lead">
      {t('overview.lead', { count: servers.length })} ·{' '}
      {t('overview.datasets', { count: total, formatted: integer(total, language) })}
      {total > 0 && <>, {t('overview.healthy', { percent: percent(indexed / total, language) })}</>}
    </p>
  )
}
