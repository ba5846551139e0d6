import { useQuery } from '@tanstack/react-query'
import type { Biology } from '../../serve/routes/biology.ts'
import { ask } from '../api.ts'
import { useWords } from '../language.ts'
import { percent } from '../model/times.ts'
import { TableHead } from './TableHead.tsx'
import { Ago } from './Time.tsx'

/** What OBIS adds to the index; nothing is shown where a site harvests none of it. */
export function Species() {
  const { t, language } = useWords()
  const biology = useQuery({
    queryKey: ['biology'],
    queryFn: () => ask<Biology>('api/harvest/biology'),
    refetchInterval: 30_000,
  })
  const found = biology.data
  if (!found || (found.nodes.length === 0 && found.names.n_names === 0)) return null
  const { names, nodes } = found
  const share = (part: number) => (names.n_names === 0 ? '–' : percent(part / names.n_names, language))
  return (
    <section aria-labelledby="species">
      <h2 id="species">{t('biology.title')}</h2>
      <div className="panel">
        <p>
          {t('biology.names', { count: names.n_names })}{' '}
          {t('biology.english', { n: names.n_english, percent: share(names.n_english) })},{' '}
          {t('biology.french', { n: names.n_french, percent: share(names.n_french) })}.{' '}
          {names.n_asked < names.n_names && t('biology.pending', { count: names.n_names - names.n_asked })}
        </p>
        <p className="faint">
          {t('biology.fetched')} <Ago at={names.last_fetched_at} />
        </p>
        {nodes.length > 0 && (
          <table className="stack">
            <TableHead columns={[t('biology.node'), t('biology.datasets'), t('biology.cells')]} />
            <tbody>
              {nodes.map((node) => (
                <tr key={node.node}>
                  <td className="wide">{node.node}</td>
                  <td data-label={t('biology.datasets')}>{node.n_datasets}</td>
                  <td data-label={t('biology.cells')}>{node.n_cells}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  )
}
