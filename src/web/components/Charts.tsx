import { useNavigate } from 'react-router'
import type { Run, Trend } from '../api.ts'
import { useWords } from '../language.ts'
import { linePoints, niceCeiling } from '../model/charts.ts'
import { duration, localTime } from '../model/times.ts'
import { Icon } from './Icon.tsx'

const kinds = ['error', 'skipped', 'unchanged', 'success'] as const

/** Runs over time: a column a run, stacked by outcome, oldest on the left. The table beside it says the same. */
export function RunsChart({ runs }: { runs: readonly Run[] }) {
  const { t, language } = useWords()
  const navigate = useNavigate()
  if (runs.length === 0) return null
  const oldestFirst = [...runs].reverse()
  const top = niceCeiling(Math.max(...runs.map((run) => run.n_total)))
  const [width, height, step] = [600, 96, 30]
  return (
    <figure className="chart runs">
      <svg
        viewBox={`0 0 ${width} ${height + 2}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('runs.chart', { count: runs.length })}
      >
        <line className="axis" x1="0" x2={width} y1={height} y2={height} />
        {oldestFirst.map((run, index) => {
          const x = width - (oldestFirst.length - index) * step
          const counts = {
            error: run.n_error,
            skipped: run.n_skipped,
            unchanged: run.n_unchanged,
            success: run.n_success,
          }
          let y = height
          return (
            // The table of runs has the links for the keyboard.
            // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the pointer only
            <g key={run.run_id} className="column" onClick={() => navigate(`/harvest/run/${run.run_id}`)}>
              <title>
                {`${localTime(run.started_at, language)}: ${t('runs.summary', {
                  success: run.n_success,
                  unchanged: run.n_unchanged,
                  skipped: run.n_skipped,
                  error: run.n_error,
                })}`}
              </title>
              <rect className="column-ground" x={x} y="0" width={step} height={height} />
              {kinds.toReversed().map((kind) => {
                const length = counts[kind] === 0 ? 0 : Math.max(2, (counts[kind] / top) * (height - 4))
                y -= length
                return (
                  <rect
                    key={kind}
                    className={kind}
                    x={x + 5}
                    y={y}
                    width={step - 10}
                    height={length}
                    fill="currentColor"
                  />
                )
              })}
            </g>
          )
        })}
      </svg>
      <figcaption className="chart-legend">
        {kinds.toReversed().map((kind) => (
          <span key={kind} className={`count ${kind}`}>
            <Icon name={kind} /> {t(`count.${kind}`)}
          </span>
        ))}
      </figcaption>
    </figure>
  )
}

/** Time taken by the last runs of a source, oldest on the left. */
export function TrendChart({ trend }: { trend: readonly Trend[] }) {
  const { t, language } = useWords()
  const latest = trend[0]
  if (trend.length < 2 || latest === undefined) return <p className="faint">{t('server.trend.empty')}</p>
  const values = trend.map((point) => point.duration_ms).reverse()
  const top = niceCeiling(Math.max(...values))
  const [width, height] = [300, 60]
  const points = linePoints(values, width - 8, height - 10, top).map(([x, y]) => [x + 4, y + 5] as const)
  const last = points[points.length - 1]
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')
  return (
    <figure className="chart trend">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={t('server.trend.chart', {
          count: trend.length,
          latest: duration(latest.duration_ms, language),
        })}
      >
        <line className="axis" x1="0" x2={width} y1={height - 5} y2={height - 5} />
        <polyline className="line" points={line} />
        {points.map(([x, y], index) => {
          const point = trend[trend.length - 1 - index]
          if (!point) return null
          return (
            <circle key={point.run_id} className="dot" cx={x} cy={y} r="2.5">
              <title>{`${localTime(point.started_at, language)}: ${duration(point.duration_ms, language)}`}</title>
            </circle>
          )
        })}
        {last && <circle className="dot last" cx={last[0]} cy={last[1]} r="3.5" />}
      </svg>
      <figcaption>{duration(latest.duration_ms, language)}</figcaption>
    </figure>
  )
}
