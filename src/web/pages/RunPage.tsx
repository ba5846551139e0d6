import { useQuery } from '@tanstack/react-query'
import { useParams, useSearchParams } from 'react-router'
import { api, type RunAttemptRow, type RunDetailRow } from '../api.ts'
import { Icon } from '../components/Icon.tsx'
import { RunAttempts } from '../components/RunAttempts.tsx'
import { RunSummary } from '../components/RunSummary.tsx'
import { useRunName } from '../components/RunsTable.tsx'
import { Answer } from '../components/States.tsx'
import { StatusTabs } from '../components/StatusTabs.tsx'
import { useLiveRun } from '../components/useLiveRun.ts'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import { groupBySource, newestFirst } from '../model/liveRun.ts'
import { countFour, outcomeOf } from '../model/runs.ts'

/** One run: its state, who and what started it, and its attempts; live while it runs. */
export function RunPage() {
  const { id = '' } = useParams()
  const answer = useQuery({ queryKey: ['run', id], queryFn: () => api.run(id) })
  const live = useLiveRun(id, answer.data)
  return (
    <Answer query={answer}>
      {({ run, attempts }) => (
        <>
          <Head run={run} />
          <RunSummary run={run} live={live} />
          <Attempts run={run} attempts={attempts} />
        </>
      )}
    </Answer>
  )
}

function Head({ run }: { run: RunDetailRow }) {
  const { t } = useWords()
  const name = useRunName()
  const title = t('run.title', { what: name(run) })
  usePageTitle(title)
  return (
    <div className="title">
      <div>
        <h1>{title}</h1>
        <p className="lead">
          <code>{run.run_id}</code>
        </p>
      </div>
      {run.prefect_url !== null && (
        <a href={run.prefect_url} rel="noreferrer">
          {t('run.prefect')} <Icon name="external" />
        </a>
      )}
    </div>
  )
}

const outcomes = ['all', 'error', 'skipped', 'unchanged', 'success'] as const

function Attempts({ run, attempts }: { run: RunDetailRow; attempts: readonly RunAttemptRow[] }) {
  const { t } = useWords()
  const [search, setSearch] = useSearchParams()
  const status = outcomes.find((one) => one === search.get('status')) ?? 'all'
  const counts = { ...countFour(attempts), all: attempts.length }
  const shown = status === 'all' ? attempts : attempts.filter((attempt) => outcomeOf(attempt) === status)
  const pick = (one: (typeof outcomes)[number]) => {
    const next = new URLSearchParams(search)
    if (one === 'all') next.delete('status')
    else next.set('status', one)
    setSearch(next, { replace: true })
  }
  return (
    <section aria-labelledby="attempts">
      <h2 id="attempts">{t('run.attempts')}</h2>
      {attempts.length === 0 ? (
        <p className="faint">{t('run.attempts.empty')}</p>
      ) : (
        <>
          <div className="tools">
            <StatusTabs
              shown={status}
              counts={outcomes.map((one) => [one, counts[one]] as const)}
              onPick={pick}
            />
          </div>
          {shown.length === 0 && <p className="faint">{t('run.attempts.none')}</p>}
          {groupBySource(run.status === 'running' ? newestFirst(shown) : shown).map((group) => (
            <RunAttempts key={group.erddapUrl} group={group} />
          ))}
        </>
      )}
    </section>
  )
}
