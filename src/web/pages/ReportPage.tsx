import { useQuery } from '@tanstack/react-query'
import { Link, useLocation, useParams } from 'react-router'
import { api, apiUrl, type ReportGroupRow } from '../api.ts'
import { Icon } from '../components/Icon.tsx'
import { Change } from '../components/Reason.tsx'
import { Answer } from '../components/States.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import { lastPart } from '../model/path.ts'
import { slugOf, sourceParts } from '../model/sources.ts'
import { integer } from '../model/times.ts'

/** What the owner of a server, or an organization, could mend: made to be read on paper, too. */
export function ReportPage() {
  const { slug, name: named } = useParams()
  const here = useLocation().pathname
  const name = named === undefined ? undefined : lastPart(here)
  const { t, language } = useWords()
  const path = name === undefined ? (slug ?? '') : `organization/${encodeURIComponent(name)}`
  const report = useQuery({
    queryKey: ['report', path, language],
    queryFn: () => api.report(name === undefined ? encodeURIComponent(path) : path, language),
  })
  const servers = useQuery({ queryKey: ['servers'], queryFn: api.servers, enabled: slug !== undefined })
  const server = servers.data?.find((one) => one.slug === slug)
  const of = name ?? (server ? sourceParts(server.erddap_url).host : (slug ?? ''))
  const title = t('report.title', { of })
  usePageTitle(title)
  const address = `api/harvest/report/${name === undefined ? encodeURIComponent(path) : path}`
  return (
    <>
      {slug !== undefined && (
        <p className="crumb">
          <Link to={`/harvest/server/${encodeURIComponent(slug)}`}>{of}</Link>
        </p>
      )}
      <div className="title">
        <div>
          <h1 className="break">{title}</h1>
          {server && (
            <p className="lead">
              {t('report.indexed', {
                n: integer(server.n_indexed, language),
                total: integer(Math.max(server.n_datasets, server.n_indexed), language),
              })}
            </p>
          )}
        </div>
        <button type="button" className="noprint" onClick={() => window.print()}>
          {t('report.print')}
        </button>
      </div>
      <p className="links noprint">
        <a href={apiUrl(`${address}.csv?lang=${language}`)} download>
          {t('server.csv')}
        </a>
        <a href={apiUrl(`${address}.atom?lang=${language}`)}>{t('server.feed')}</a>
        <a href={apiUrl(`${address}?lang=${language}`)}>JSON</a>
      </p>
      {slug !== undefined && server && (
        <p className="links">
          <img
            src={apiUrl(`badge/${encodeURIComponent(slug)}.svg?lang=${language}`)}
            alt={t('report.badge', {
              n: server.n_indexed,
              total: Math.max(server.n_datasets, server.n_indexed),
            })}
            height="20"
          />
        </p>
      )}
      <Answer query={report}>
        {(groups) =>
          groups.length === 0 ? (
            <p className="note success">{t('report.empty')}</p>
          ) : (
            <>
              <Kind kind="reason" groups={groups} />
              <Kind kind="warning" groups={groups} />
            </>
          )
        }
      </Answer>
    </>
  )
}

function Kind({ kind, groups }: { kind: 'reason' | 'warning'; groups: readonly ReportGroupRow[] }) {
  const { t } = useWords()
  const of = groups.filter((group) => group.kind === kind)
  if (of.length === 0) return null
  return (
    <section aria-labelledby={kind}>
      <h2 id={kind}>{t(`report.${kind}`)}</h2>
      {of.map((group) => (
        <Group key={`${group.reason_code} ${group.remedy}`} group={group} />
      ))}
    </section>
  )
}

function Group({ group }: { group: ReportGroupRow }) {
  const { t } = useWords()
  return (
    <article className="panel report-group">
      <h3>
        {group.reason} <span className="faint">{t('report.datasets', { count: group.datasets.length })}</span>
      </h3>
      {group.remedy_title !== null && (
        <p className="report-remedy">{t('report.remedy', { remedy: group.remedy_title })}</p>
      )}
      <p>{group.advice}</p>
      {group.page !== null && (
        <p className="faint">
          <a href={group.page} rel="noreferrer" hrefLang="en">
            {t('remedy.page')} <Icon name="external" />
          </a>
        </p>
      )}
      <ul className="report-datasets">
        {group.datasets.map((dataset) => (
          <li key={`${dataset.erddap_url} ${dataset.dataset_id}`}>
            <Link
              className="id"
              to={`/harvest/dataset/${encodeURIComponent(slugOf(dataset.erddap_url))}/${encodeURIComponent(dataset.dataset_id)}`}
            >
              {dataset.dataset_id}
            </Link>
            {dataset.title !== null && <span className="under">{dataset.title}</span>}
            {dataset.message !== null && <span className="under break">{dataset.message}</span>}
            {dataset.what !== null && <p>{dataset.what}</p>}
            <Change change={dataset.change} />
          </li>
        ))}
      </ul>
    </article>
  )
}
