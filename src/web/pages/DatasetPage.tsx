import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation, useParams } from 'react-router'
import { shownTitle } from '../../rules/reasons/shown-title.ts'
import { api, type DatasetAttemptRow, type IndexedDatasetOf } from '../api.ts'
import { BreakableId } from '../components/BreakableId.tsx'
import { Icon } from '../components/Icon.tsx'
import { TrackMap } from '../components/map/TrackMap.tsx'
import { Message, Remedies, useReason, Warnings } from '../components/Reason.tsx'
import { Sparkline } from '../components/Sparkline.tsx'
import { Answer } from '../components/States.tsx'
import { StatusBadge } from '../components/Status.tsx'
import { Ago, Duration, Time } from '../components/Time.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import { lastPart } from '../model/path.ts'
import { requestsOf } from '../model/requests.ts'
import { datasetLink, sourceParts } from '../model/sources.ts'
import { integer } from '../model/times.ts'

const atOnce = 30

/** The history of one dataset: what happened, what can be done, and the very requests that were made. */
export function DatasetPage() {
  const { slug = '' } = useParams()
  const id = lastPart(useLocation().pathname)
  const { t, language } = useWords()
  usePageTitle(id)
  const attempts = useQuery({ queryKey: ['dataset', slug, id], queryFn: () => api.dataset(slug, id) })
  const servers = useQuery({ queryKey: ['servers'], queryFn: api.servers })
  const index = useQuery({ queryKey: ['index', slug, id], queryFn: () => api.inIndex(slug, id) })
  const url = servers.data?.find((server) => server.slug === slug)?.erddap_url ?? null
  return (
    <Answer query={attempts}>
      {(found) => {
        const latest = found[0]
        // The index has the French title; until it has answered none is better than one in the wrong language.
        const title = index.isPending
          ? null
          : shownTitle(
              {
                title: index.data?.title ?? latest?.told?.title ?? null,
                title_fr: index.data?.title_fr ?? null,
              },
              language,
            )
        const link = url === null || !latest ? null : datasetLink(url, id, latest.source)
        return (
          <>
            <p className="crumb">
              <Link to={`/harvest/server/${encodeURIComponent(slug)}`}>
                {url === null ? slug : sourceParts(url).host}
              </Link>
            </p>
            <div className="title">
              <div>
                <h1 className={`break${id.length > 60 ? ' long' : ''}`}>
                  <BreakableId id={id} />
                </h1>
                {title && <p className="lead">{title}</p>}
              </div>
              {link !== null && (
                <a href={link} rel="noreferrer">
                  {t('source.open')} <Icon name="external" />
                </a>
              )}
            </div>
            {latest && <Latest attempt={latest} index={index.data} />}
            <TracksOf slug={slug} id={id} />
            <History attempts={found} />
          </>
        )
      }}
    </Answer>
  )
}

/** Where a platform that moves went; nothing for what stands still. */
function TracksOf({ slug, id }: { slug: string; id: string }) {
  const { t } = useWords()
  const { data } = useQuery({ queryKey: ['tracks', slug, id], queryFn: () => api.tracks(slug, id) })
  if (data === undefined || data.features.length === 0) return null
  return (
    <section aria-labelledby="tracks">
      <h2 id="tracks">{t('tracks.title')}</h2>
      <p className="faint">
        {data.truncated
          ? t('tracks.most', { count: data.features.length })
          : t('tracks.count', { count: data.features.length })}
      </p>
      <TrackMap tracks={data} />
    </section>
  )
}

function Latest({ attempt, index }: { attempt: DatasetAttemptRow; index: IndexedDatasetOf | undefined }) {
  const { t } = useWords()
  const reason = useReason()
  const words = attempt.reason_code === null ? null : reason(attempt.reason_code)
  const warned = (attempt.told?.warnings.length ?? 0) > 0
  const remedied = (attempt.told?.remedies?.length ?? 0) > 0
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
          <p>
            <Message attempt={attempt} className="message break" />
          </p>
        </div>
      )}
      <IndexState index={index} />
      {warned && (
        <div>
          <h3>{t('dataset.warnings')}</h3>
          <Warnings told={attempt.told} />
        </div>
      )}
      <div>
        {(words !== null || remedied) && <h3>{t('dataset.todo')}</h3>}
        {words !== null && <p>{words.advice}</p>}
        <Remedies told={attempt.told} />
        {attempt.reason_code !== null && <code className="faint">{attempt.reason_code}</code>}
      </div>
    </section>
  )
}

/** Whether the index has the dataset: that is asked of the index, since an attempt may never have been loaded. */
function IndexState({ index }: { index: IndexedDatasetOf | undefined }) {
  const { t, language } = useWords()
  if (index === undefined) return null
  if (!index.in_index) return <p>{t('dataset.notIndexed')}</p>
  return (
    <p>
      {t('dataset.indexed', {
        count: index.n_profiles ?? 0,
        formatted: integer(index.n_profiles ?? 0, language),
      })}{' '}
      {index.verified_at !== null && (
        <span className="faint">
          {t('dataset.verified')} <Ago at={index.verified_at} />
        </span>
      )}
    </p>
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
        <Message attempt={attempt} className="message break" />
        <Warnings told={attempt.told} />
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
