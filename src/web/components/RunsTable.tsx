import { useState } from 'react'
import { Link } from 'react-router'
import type { Run } from '../api.ts'
import { useWords } from '../language.ts'
import { slugOf, sourceParts } from '../model/sources.ts'
import { Counts } from './Counts.tsx'
import { RunMessage } from './RunMessage.tsx'
import { RunBadge } from './Status.tsx'
import { TableHead } from './TableHead.tsx'
import { Ago, Duration } from './Time.tsx'

/** What a run harvested: a source, or all of them. */
export function useRunName() {
  const { t } = useWords()
  return (run: { triggered_source: string | null }): string =>
    run.triggered_source === null ? t('runs.all') : sourceParts(run.triggered_source).host
}

/** Who started a run; people keep their names. */
export function useStarter() {
  const { t } = useWords()
  return (by: string | null): string => {
    if (by === null) return t('time.none')
    return by === 'schedule' || by === 'cli' || by === 'deploy' || by === 'api' ? t(`runs.by.${by}`) : by
  }
}

const atOnce = 6

/** `compact` leaves out what the page of a run says: who started it, and how long it took. */
export function RunsTable({ runs, compact = false }: { runs: readonly Run[]; compact?: boolean }) {
  const { t } = useWords()
  const [all, setAll] = useState(false)
  const hidden = all ? 0 : Math.max(0, runs.length - atOnce)
  const name = useRunName()
  const starter = useStarter()
  return (
    <>
      <table className="stack">
        <TableHead
          columns={[
            t('runs.state'),
            t('runs.started'),
            t('runs.what'),
            ...(compact ? [] : [t('runs.by'), { right: t('runs.duration') }]),
            t('runs.datasets'),
          ]}
        />
        <tbody>
          {runs.slice(0, runs.length - hidden).map((run) => (
            <tr key={run.run_id}>
              <td>
                <RunBadge run={run} />
              </td>
              <td className="nowrap" data-label={t('runs.started')}>
                <Link to={`/harvest/run/${run.run_id}`}>
                  <Ago at={run.started_at} />
                </Link>
              </td>
              <td className="wide" data-label={t('runs.what')}>
                {run.triggered_source === null ? (
                  name(run)
                ) : (
                  <Link
                    className="plain"
                    to={`/harvest/server/${encodeURIComponent(slugOf(run.triggered_source))}`}
                  >
                    {name(run)}
                  </Link>
                )}
                {run.status === 'failed' && run.error_message && (
                  <RunMessage className="note error clamp" message={run.error_message} facts={run.facts} />
                )}
              </td>
              {!compact && <td data-label={t('runs.by')}>{starter(run.triggered_by)}</td>}
              {!compact && (
                <td className="right" data-label={t('runs.duration')}>
                  <Duration ms={run.duration_s === null ? null : run.duration_s * 1000} />
                </td>
              )}
              <td data-label={t('runs.datasets')}>
                <Counts
                  words={false}
                  counts={{
                    success: run.n_success,
                    unchanged: run.n_unchanged,
                    skipped: run.n_skipped,
                    error: run.n_error,
                  }}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {hidden > 0 && (
        <button type="button" className="quiet" onClick={() => setAll(true)}>
          {t('run.showAll', { count: hidden })}
        </button>
      )}
    </>
  )
}
