import { useState } from 'react'
import { Link } from 'react-router'
import { useWords } from '../language.ts'
import type { SourceGroup } from '../model/liveRun.ts'
import { slugOf, sourceParts } from '../model/sources.ts'
import { DatasetLink } from './DatasetLink.tsx'
import { Why } from './Reason.tsx'
import { StatusBadge } from './Status.tsx'
import { TableHead } from './TableHead.tsx'
import { Ago, Duration } from './Time.tsx'

/** The attempts of a run at one source. */
export function RunAttempts({ group }: { group: SourceGroup }) {
  const { t } = useWords()
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
        <TableHead
          columns={[
            t('server.column.status'),
            t('server.column.dataset'),
            t('server.column.reason'),
            t('run.finished'),
            { right: t('server.column.duration') },
          ]}
        />
        <tbody>
          {group.attempts.slice(0, shown).map((attempt) => (
            <tr key={attempt.dataset_id}>
              <td>
                <StatusBadge status={attempt.status} reason={attempt.reason_code} />
              </td>
              <td className="wide">
                <DatasetLink slug={slug} id={attempt.dataset_id} />
              </td>
              <td
                className="wide"
                data-label={attempt.reason_code === null ? undefined : t('server.column.reason')}
              >
                <Why attempt={attempt} />
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
