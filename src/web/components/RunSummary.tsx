import { useEffect, useState } from 'react'
import type { RunDetailRow } from '../api.ts'
import { useWords } from '../language.ts'
import type { Progress } from '../model/liveRun.ts'
import { timeLeft } from '../model/runs.ts'
import { decimal, duration, integer } from '../model/times.ts'
import { en } from '../translations/en.ts'
import { Counts, CountsBar } from './Counts.tsx'
import { RunMessage } from './RunMessage.tsx'
import { useStarter } from './RunsTable.tsx'
import { RunBadge } from './Status.tsx'
import { Duration, Time } from './Time.tsx'
import type { Live } from './useLiveRun.ts'

/** How a run is or ended, what started it, and how far it is while it goes on. */
export function RunSummary({ run, live }: { run: RunDetailRow; live: Live }) {
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
          <RunMessage className="break" message={run.error_message} facts={run.facts} />
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
      {progress?.now && (
        <p className="break">
          {t('run.now')} <code>{progress.now}</code>
        </p>
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
