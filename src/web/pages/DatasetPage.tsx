import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { api, type DatasetAttemptRow } from '../api.ts'
import { Icon } from '../components/Icon.tsx'
import { useReason } from '../components/Reason.tsx'
import { Sparkline } from '../components/Sparkline.tsx'
import { Answer } from '../components/States.tsx'
import { StatusBadge } from '../components/Status.tsx'
import { Ago, Duration, Time } from '../components/Time.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import { requestsOf } from '../model/requests.ts'
import { datasetLink, sourceParts } from '../model/sources.ts'

const atOnce = 30

/** The history of one dataset: what happened, what can be done, and the very requests that were made. */
export function DatasetPage() {
  const { slug = '', id = '' } = useParams()
  const { t } = useWords()
  usePageTitle(id)
  const attempts = useQuery({ queryKey: ['dataset', slug, id], queryFn: () => api.dataset(slug, id) })
  const servers = useQuery({ queryKey: ['servers'], queryFn: api.servers })
  const url = servers.data?.find((server) => server.slug === slug)?.erddap_url ?? null
  return (
    <Answer query={attempts}>
      {(found) => {
        const latest = found[0]
        const link = url === null || !latest ? null : datasetLink(url, id, latest.source)
        return (
          <>
            <p className="crumb">
              <Link to={`/harvest/server/${encodeURIComponent(slug)}`}>
                {url === null ? slug : sourceParts(url).host}
              </Link>
            </p>
            <div className="title">
              <h1 className={`break${id.length > 60 ? ' long' : ''}`}>{id}</h1>
              {link !== null && (
                <a href={link} rel="noreferrer">
                  {t('source.open')} <Icon name="external" />
                </a>
              )}
            </div>
            {latest && <Latest attempt={latest} />}
            <History attempts={found} />
          </>
        )
      }}
    </Answer>
  )
}

function Latest({ attempt }: { attempt: DatasetAttemptRow }) {
  const { t } = useWords()
  const reason = useReason()
  const words = attempt.reason_code === null ? null : reason(attempt.reason_code)
  return (
    <section className={`latest ${attempt.status}`} aria-labelledby="latest">
      <h2 id="latest" className="sr">
        {t('dataset.latest')}
      </h2>
      <p className="latest-head">
        <StatusBadge status={attempt.status} reason={attempt.reason_code} />
        <strong>{words?.title}</strong>
        <span className="faint">
          <Ago at={attempt.attempted_at} />
        </span>
      </p>
      {attempt.error_message && (
        <div>
          <h3>{t('dataset.message')}</h3>
          <p className="message break">{attempt.error_message}</p>
        </div>
      )}
      <div>
        {words !== null && <h3>{t('dataset.todo')}</h3>}
        <p>{words === null ? t('dataset.success') : words.advice}</p>
        {attempt.reason_code !== null && <code className="faint">{attempt.reason_code}</code>}
      </div>
    </section>
  )
}

function History({ attempts }: { attempts: readonly DatasetAttemptRow[] }) {
  const { t } = useWords()
  const [shown, setShown] = useState(atOnce)
  return (
    <section aria-labelledby="history">
      <h2 id="history">{t('dataset.history')}</h2>
      <p className="history-head">
        <Sparkline statuses={attempts.slice(0, 10).map((attempt) => attempt.status)} />
        <span className="faint">{t('dataset.attempts', { count: attempts.length })}</span>
      </p>
      <ol className="history">
        {attempts.slice(0, shown).map((attempt, index) => (
          <li key={attempt.run_id}>
            <Attempt attempt={attempt} open={index === 0} />
          </li>
        ))}
      </ol>
      {attempts.length > shown && (
        <button type="button" onClick={() => setShown(shown + 100)}>
          {t('dataset.more')}
        </button>
      )}
    </section>
  )
}

function Attempt({ attempt, open }: { attempt: DatasetAttemptRow; open: boolean }) {
  const { t } = useWords()
  const reason = useReason()
  const requests = requestsOf(attempt.query_urls)
  return (
    <details open={open}>
      <summary>
        <StatusBadge status={attempt.status} reason={attempt.reason_code} />
        <Time at={attempt.attempted_at} />
        <span className="summary-reason">
          {attempt.reason_code === null ? '' : reason(attempt.reason_code).title}
        </span>
        <span className="faint">
          <Duration ms={attempt.duration_ms} />
        </span>
      </summary>
      <div className="attempt">
        {attempt.error_message && <p className="message break">{attempt.error_message}</p>}
        <p className="faint">
          <Link to={`/harvest/run/${attempt.run_id}`}>
            {t('dataset.run')} <code>{attempt.run_id.slice(0, 8)}</code>
          </Link>
          {attempt.git_sha && (
            <>
              {' · '}
              {t('run.version')} <code>{attempt.git_sha.slice(0, 7)}</code>
            </>
          )}
        </p>
        {requests.length === 0 ? (
          <p className="faint">{t('dataset.requests.none')}</p>
        ) : (
          <>
            <h3>{t('dataset.requests', { count: requests.length })}</h3>
            <p className="faint">{t('dataset.requests.hint')}</p>
            <ol className="requests">
              {requests.map((request, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the same request may have been made twice
                <li key={index}>
                  {request.href === null ? (
                    <span>{request.text}</span>
                  ) : (
                    <a href={request.href} target="_blank" rel="noreferrer noopener">
                      {request.text}
                    </a>
                  )}
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </details>
  )
}
