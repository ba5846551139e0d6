import { Link } from 'react-router'
import type { ScheduleRow } from '../api.ts'
import { useWords } from '../language.ts'
import { sourceParts } from '../model/sources.ts'
import { TableHead } from './TableHead.tsx'
import { Ago, Time } from './Time.tsx'

/** Deployments with when they run. */
export function Schedules({ schedules }: { schedules: readonly ScheduleRow[] }) {
  const { t } = useWords()
  /** Names of deployments are for machines: people read what is harvested. */
  const name = ({ name, flow }: ScheduleRow) =>
    flow === 'Harvest All Sources'
      ? t('runs.all')
      : flow === 'Populate Vernaculars'
        ? t('schedule.vernaculars')
        : name
  if (schedules.length === 0) return <p className="faint">{t('overview.schedule.empty')}</p>
  return (
    <table className="stack">
      <TableHead columns={[t('schedule.name'), t('schedule.cron'), t('schedule.next'), t('schedule.last')]} />
      <tbody>
        {schedules.map((schedule) => (
          <tr key={`${schedule.flow}/${schedule.name}`}>
            <td className="wide">
              {schedule.source === null || schedule.slug === null ? (
                <span title={schedule.name}>{name(schedule)}</span>
              ) : (
                <Link
                  className="plain"
                  title={schedule.name}
                  to={`/harvest/server/${encodeURIComponent(schedule.slug)}`}
                >
                  {sourceParts(schedule.source).host}
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
                  <Ago at={schedule.last_run.started_at} none={t('run.status.queued')} />
                </Link>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
