import type { AttemptStatus } from '../api.ts'
import { useWords } from '../language.ts'

const heights: Record<AttemptStatus, number> = { success: 16, skipped: 9, error: 16 }

/**
 * The last attempts, oldest on the left: tall for success, half for skipped, hollow with a stroke for an error, so
 * that it reads without colour. Screen readers get the statuses in words.
 */
export function Sparkline({ statuses }: { statuses: readonly AttemptStatus[] }) {
  const { t } = useWords()
  if (statuses.length === 0) return <span className="faint">{t('spark.empty')}</span>
  const words = statuses.map((status) => t(`status.${status}`)).join(', ')
  const label = t('spark.label', { count: statuses.length, statuses: words })
  const oldestFirst = [...statuses].reverse()
  const left = 10 - oldestFirst.length
  return (
    <svg className="spark" viewBox="0 0 70 18" width="70" height="18" role="img" aria-label={label}>
      <title>{label}</title>
      {oldestFirst.map((status, index) => {
        const x = (left + index) * 7
        const height = heights[status]
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars have no identity but their place
        return <Bar key={index} x={x} height={height} status={status} />
      })}
    </svg>
  )
}

function Bar({ x, height, status }: { x: number; height: number; status: AttemptStatus }) {
  if (status === 'error') {
    return (
      <g className="error">
        <rect
          x={x + 0.75}
          y={1.75}
          width="3.5"
          height={14.5}
          rx="1"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.5"
        />
      </g>
    )
  }
  return (
    <rect className={status} x={x} y={17 - height} width="5" height={height} rx="1.2" fill="currentColor" />
  )
}
