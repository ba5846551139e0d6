import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { api, apiUrl, type RunAnswer, type RunAttemptRow, type RunDetailRow } from '../api.ts'
import { BreakableId } from '../components/BreakableId.tsx'
import { Counts, CountsBar } from '../components/Counts.tsx'
import { Icon } from '../components/Icon.tsx'
import { Message, useReason, Warnings } from '../components/Reason.tsx'
import { useRunName, useStarter } from '../components/RunsTable.tsx'
import { Answer } from '../components/States.tsx'
import { RunBadge, StatusBadge } from '../components/Status.tsx'
import { Ago, Duration, Time } from '../components/Time.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import {
  applyEvent,
  groupBySource,
  newestFirst,
  type Progress,
  type RunEvent,
  type SourceGroup,
} from '../model/liveRun.ts'
import { countFour, type Four, outcomeOf, timeLeft } from '../model/runs.ts'
import { slugOf, sourceParts } from '../model/sources.ts'
import { decimal, duration, integer } from '../model/times.ts'
import { en } from '../translations/en.ts'

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
          <Summary run={run} live={live} />
          <Attempts run={run} attempts={attempts} />
        </>
      )}
    </Answer>
  )
}

interface Live {
  progress: Progress | null
  /** Whether events arrive at this moment. */
  connected: boolean
  lost: boolean
}

const unheard: Live = { progress: null, connected: false, lost: false }
/** How long is waited before the stream is opened anew: the browser gives up for good on an answer that is an error. */
const reopenMs = 3000
/** Meanwhile the run is asked for as a whole. */
const pollMs = 5000

/** Follows the events of a run that has not ended, and puts what they tell into what is shown. */
function useLiveRun(id: string, answer: RunAnswer | undefined): Live {
  const queries = useQueryClient()
  const [live, setLive] = useState<Live>(unheard)
  const running = answer !== undefined && (answer.run.status === 'running' || answer.run.status === 'queued')
  useEffect(() => {
    if (!running) return
    let events: EventSource | undefined
    let reopen: ReturnType<typeof setTimeout> | undefined
    let poll: ReturnType<typeof setInterval> | undefined
    const take = (event: RunEvent) =>
      queries.setQueryData<RunAnswer>(['run', id], (before) => before && applyEvent(before, event))
    const refresh = () => void queries.invalidateQueries({ queryKey: ['run', id] })
    const heard = () => {
      clearInterval(poll)
      poll = undefined
    }
    const open = () => {
      events = new EventSource(apiUrl(`api/harvest/runs/${encodeURIComponent(id)}/events`))
      events.addEventListener('open', () => {
        heard()
        setLive((before) => ({ ...before, connected: true, lost: false }))
      })
      events.addEventListener('run', (message) => {
        const { run, progress } = JSON.parse(message.data) as { run: RunDetailRow; progress: Progress }
        take({ type: 'run', run, progress })
        setLive({ progress, connected: true, lost: false })
      })
      events.addEventListener('attempts', (message) => {
        take({ type: 'attempts', attempts: JSON.parse(message.data) as RunAttemptRow[] })
      })
      events.addEventListener('end', () => {
        events?.close()
        setLive(unheard)
        refresh()
        for (const key of ['runs', 'servers', 'datasets', 'index', 'reasons'])
          void queries.invalidateQueries({ queryKey: [key] })
      })
      events.addEventListener('error', () => {
        setLive((before) => ({ ...before, connected: false, lost: true }))
        poll ??= setInterval(refresh, pollMs)
        if (events?.readyState !== EventSource.CLOSED) return
        clearTimeout(reopen)
        reopen = setTimeout(open, reopenMs)
      })
    }
    open()
    return () => {
      events?.close()
      clearTimeout(reopen)
      heard()
    }
  }, [id, running, queries])
  return live
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

function Summary({ run, live }: { run: RunDetailRow; live: Live }) {
  const { t } = useWords()
  const starter = useStarter()
  const counts = {
    success: run.n_success,
    unchanged: run.n_unchanged,
    skipped: run.n_skipped,
    error: run.n_error,
  }
  const moving = run.status === 'running' || run.status === 'queued'
  return (
    <section className="panel run-summary" aria-label={t('runs.state')}>
      <p className="latest-head" role="status">
        <RunBadge run={run} />
        {moving && live.connected && <span className="live">{t('run.live')}</span>}
        {run.status === 'queued' && <span className="faint">{t('run.queued')}</span>}
        {live.lost && <span className="faint">{t('run.lost')}</span>}
      </p>
      {run.status === 'running' && <ProgressBar run={run} progress={live.progress} />}
      <dl className="facts">
        <div>
          <dt>{t('run.by')}</dt>
          <dd>{starter(run.triggered_by)}</dd>
        </div>
        <div>
          <dt>{t('run.started')}</dt>
          <dd>
            <Time at={run.started_at} />
          </dd>
        </div>
        <div>
          <dt>{t('run.finished')}</dt>
          <dd>
            <Time at={run.finished_at} />
          </dd>
        </div>
        <div>
          <dt>{t('runs.duration')}</dt>
          <dd>
            <Duration ms={run.duration_s === null ? null : run.duration_s * 1000} />
          </dd>
        </div>
        {run.git_sha && (
          <div>
            <dt>{t('run.version')}</dt>
            <dd>
              <code>{run.git_sha.slice(0, 12)}</code>
            </dd>
          </div>
        )}
      </dl>
      {run.status !== 'running' && <CountsBar counts={counts} />}
      <Counts counts={counts} />
      {run.error_message && (
        <div className={`note ${run.status === 'failed' ? 'error' : ''}`}>
          {run.status === 'failed' && <strong>{t('run.error')}</strong>}
          <span className="break" lang="en">
            {run.error_message}
          </span>
        </div>
      )}
    </section>
  )
}

function ProgressBar({ run, progress }: { run: RunDetailRow; progress: Progress | null }) {
  const { t, language } = useWords()
  const now = useClock()
  const done = progress?.done ?? run.n_total
  const total = progress?.total ?? null
  const phase = progress?.phase ?? 'starting'
  const known = `phase.${phase}` in en
  const elapsed = run.started_at === null ? null : Math.max(0, now - new Date(run.started_at).getTime())
  const left = timeLeft({ done, total }, run.started_at, now)
  return (
    <div className="progress">
      <p>
        {known ? t(`phase.${phase}`) : phase}
        {' · '}
        {total === null
          ? t('run.progress.count', { count: done })
          : t('run.progress.of', {
              count: done,
              done: integer(done, language),
              total: integer(total, language),
            })}
      </p>
      {total === null ? (
        <progress aria-label={t('run.progress')} />
      ) : (
        <progress aria-label={t('run.progress')} max={Math.max(total, done, 1)} value={done} />
      )}
      <p className="faint">
        {elapsed !== null && t('run.elapsed', { time: duration(elapsed, language) })}
        {elapsed !== null && elapsed > 0 && done > 0 && (
          <>
            {' · '}
            {t('run.rate', { rate: decimal((done / elapsed) * 60_000, language) })}
          </>
        )}
        {left !== null && (
          <>
            {' · '}
            {t('run.left', { time: duration(left, language) })}
          </>
        )}
      </p>
    </div>
  )
}

/** The present second, while a run is watched. */
function useClock(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}

type Filter = keyof Four | null

function Attempts({ run, attempts }: { run: RunDetailRow; attempts: readonly RunAttemptRow[] }) {
  const { t, language } = useWords()
  const [search, setSearch] = useSearchParams()
  const asked = search.get('status')
  const filter: Filter =
    asked === 'error' || asked === 'skipped' || asked === 'success' || asked === 'unchanged' ? asked : null
  const counts = countFour(attempts)
  const shown = filter === null ? attempts : attempts.filter((attempt) => outcomeOf(attempt) === filter)
  const pick = (status: Filter) => {
    const next = new URLSearchParams(search)
    if (status === null) next.delete('status')
    else next.set('status', status)
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
            <fieldset className="tabs">
              <legend className="sr">{t('server.filter')}</legend>
              {([null, 'error', 'skipped', 'unchanged', 'success'] as const).map((status) => (
                <label key={status ?? 'all'} className={filter === status ? 'on' : ''}>
                  <input
                    type="radio"
                    name="status"
                    checked={filter === status}
                    onChange={() => pick(status)}
                  />
                  {t(`status.${status ?? 'all'}`)}{' '}
                  <span className="num">
                    {integer(status === null ? attempts.length : counts[status], language)}
                  </span>
                </label>
              ))}
            </fieldset>
          </div>
          {shown.length === 0 && <p className="faint">{t('run.attempts.none')}</p>}
          {groupBySource(run.status === 'running' ? newestFirst(shown) : shown).map((group) => (
            <Group key={group.erddapUrl} group={group} />
          ))}
        </>
      )}
    </section>
  )
}

function Group({ group }: { group: SourceGroup }) {
  const { t } = useWords()
  const reason = useReason()
  const [shown, setShown] = useState(100)
  const slug = slugOf(group.erddapUrl)
  const { host, path } = sourceParts(group.erddapUrl)
  return (
    <div className="panel">
      <h3 className="group">
        <Link to={`/harvest/server/${encodeURIComponent(slug)}`}>{host}</Link>{' '}
        <span className="faint">{path}</span>
      </h3>
      <table className="stack">
        <thead>
          <tr>
            <th scope="col">{t('server.column.status')}</th>
            <th scope="col">{t('server.column.dataset')}</th>
            <th scope="col">{t('server.column.reason')}</th>
            <th scope="col">{t('run.finished')}</th>
            <th scope="col" className="right">
              {t('server.column.duration')}
            </th>
          </tr>
        </thead>
        <tbody>
          {group.attempts.slice(0, shown).map((attempt) => (
            <tr key={attempt.dataset_id}>
              <td>
                <StatusBadge status={attempt.status} reason={attempt.reason_code} />
              </td>
              <td className="wide">
                <Link
                  className="id"
                  to={`/harvest/dataset/${encodeURIComponent(slug)}/${encodeURIComponent(attempt.dataset_id)}`}
                >
                  <BreakableId id={attempt.dataset_id} />
                </Link>
              </td>
              <td
                className="wide"
                data-label={attempt.reason_code === null ? undefined : t('server.column.reason')}
              >
                {attempt.reason_code !== null && attempt.reason_code !== 'UNCHANGED' && (
                  <span title={reason(attempt.reason_code).advice}>{reason(attempt.reason_code).title}</span>
                )}
                <Message attempt={attempt} />
                <Warnings told={attempt.told} />
              </td>
              <td className="nowrap" data-label={t('run.finished')}>
                <Ago at={attempt.attempted_at} />
              </td>
              <td className="right" data-label={t('server.column.duration')}>
                <Duration ms={attempt.duration_ms} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {group.attempts.length > shown && (
        <button type="button" className="quiet" onClick={() => setShown(group.attempts.length)}>
          {t('run.showAll', { count: group.attempts.length - shown })}
        </button>
      )}
    </div>
  )
}
