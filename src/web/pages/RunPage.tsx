import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useParams, useSearchParams } from 'react-router'
import { api, type RunAttemptRow, type RunDetailRow } from '../api.ts'
import { Icon } from '../components/Icon.tsx'
import { RunAttempts } from '../components/RunAttempts.tsx'
import { RunSummary } from '../components/RunSummary.tsx'
import { useRunName } from '../components/RunsTable.tsx'
import { Answer, Failure } from '../components/States.tsx'
import { StatusTabs } from '../components/StatusTabs.tsx'
import { useLiveRun } from '../components/useLiveRun.ts'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import { groupBySource, newestFirst } from '../model/liveRun.ts'
import { countFour, outcomeOf } from '../model/runs.ts'

/** So many attempts come with the run; the others are asked for when somebody wants to see them. */
const firstPage = 100

/** One run: its state, who and what started it, and its attempts; live while it runs. */
export function RunPage() {
  const { id = '' } = useParams()
  const answer = useQuery({ queryKey: ['run', id], queryFn: () => api.run(id, { limit: firstPage }) })
  const live = useLiveRun(id, answer.data)
  return (
    <Answer query={answer}>
      {({ run, attempts }) => (
        <>
          <Head run={run} />
          <RunSummary run={run} live={live} />
          <Attempts key={run.run_id} run={run} first={attempts} />
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

/** What is shown of a status: what is there while that is all of it, else what was asked for. */
function useShown(run: RunDetailRow, first: readonly RunAttemptRow[], status: (typeof outcomes)[number]) {
  const [whole, setWhole] = useState(false)
  // Of a run that is followed everything comes by events, now and then a little after its number.
  const complete = first.length >= run.n_total || (run.status === 'running' && first.length > firstPage)
  const counts = complete
    ? { ...countFour(first), all: first.length }
    : {
        error: run.n_error,
        skipped: run.n_skipped,
        unchanged: run.n_unchanged,
        success: run.n_success,
        all: run.n_total,
      }
  const limit = whole ? undefined : firstPage
  const outcome = status === 'all' ? undefined : status
  const more = useQuery({
    queryKey: ['run', run.run_id, 'attempts', status, limit ?? 'all'],
    queryFn: () => api.run(run.run_id, { ...(limit && { limit }), ...(outcome && { outcome }) }),
    enabled: !complete && (whole || outcome !== undefined),
    placeholderData: keepPreviousData,
  })
  const known = (!complete && more.data?.attempts) || first
  const shown = known.filter((attempt) => outcome === undefined || outcomeOf(attempt) === outcome)
  return {
    counts,
    shown,
    /** How many there are beside those that are shown. */
    left:
      complete || (whole && more.isSuccess && !more.isPlaceholderData) ? 0 : counts[status] - shown.length,
    showAll: () => setWhole(true),
    more,
  }
}

function Attempts({ run, first }: { run: RunDetailRow; first: readonly RunAttemptRow[] }) {
  const { t } = useWords()
  const [search, setSearch] = useSearchParams()
  const status = outcomes.find((one) => one === search.get('status')) ?? 'all'
  const { counts, shown, left, showAll, more } = useShown(run, first, status)
  const pick = (one: (typeof outcomes)[number]) => {
    const next = new URLSearchParams(search)
    if (one === 'all') next.delete('status')
    else next.set('status', one)
    setSearch(next, { replace: true })
  }
  return (
    <section aria-labelledby="attempts">
      <h2 id="attempts">{t('run.attempts')}</h2>
      {first.length === 0 ? (
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
          {shown.length === 0 && left <= 0 && <p className="faint">{t('run.attempts.none')}</p>}
          {groupBySource(run.status === 'running' ? newestFirst(shown) : shown).map((group) => (
            <RunAttempts key={group.erddapUrl} group={group} />
          ))}
          {more.isError && <Failure error={more.error} retry={() => void more.refetch()} />}
          {left > 0 && !more.isError && (
            <button type="button" className="quiet" onClick={showAll}>
              {t('run.showAll', { count: left })}
            </button>
          )}
        </>
      )}
    </section>
  )
}
