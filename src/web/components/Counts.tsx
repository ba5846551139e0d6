import { useWords } from '../language.ts'
import { segments } from '../model/charts.ts'
import { integer } from '../model/times.ts'
import { Icon, type IconName } from './Icon.tsx'

export interface CountsOf {
  success: number
  unchanged?: number
  skipped: number
  error: number
}

/** The counts of an outcome, each with its sign and its word. */
export function Counts({ counts, words = true }: { counts: CountsOf; words?: boolean }) {
  const { t, language } = useWords()
  const shown: Array<[IconName & keyof CountsOf, number]> = [['success', counts.success]]
  if (counts.unchanged !== undefined) shown.push(['unchanged', counts.unchanged])
  shown.push(['skipped', counts.skipped], ['error', counts.error])
  return (
    <span className="counts">
      {shown.map(([key, value]) => (
        <span key={key} className={`count ${key}${value === 0 ? ' zero' : ''}`} title={t(`count.${key}`)}>
          <Icon name={key} />
          <span className="num">{integer(value, language)}</span>
          <span className={words ? 'count-word' : 'sr'}> {t(`count.${key}`)}</span>
        </span>
      ))}
    </span>
  )
}

/** The same as a thin bar; the numbers stand beside it. */
export function CountsBar({ counts }: { counts: CountsOf }) {
  const parts = segments(
    [
      ['success', counts.success],
      ['unchanged', counts.unchanged ?? 0],
      ['skipped', counts.skipped],
      ['error', counts.error],
    ],
    100,
    1.5,
  )
  return (
    <svg className="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect className="bar-ground" width="100" height="4" />
      {parts.map((part) => (
        <rect
          key={part.key}
          className={part.key}
          x={part.from}
          width={part.length}
          height="4"
          fill="currentColor"
        />
      ))}
    </svg>
  )
}
