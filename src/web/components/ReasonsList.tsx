import { useState } from 'react'
import { useWords } from '../language.ts'
import { integer } from '../model/times.ts'
import { useReason } from './Reason.tsx'

/** The rest is a press away, so that what ran lately stays in sight. */
const atFirst = 8

/** Reason codes, most frequent first, each with what can be done; a reason can be opened or searched for. */
export function ReasonsList({
  reasons,
  empty,
  onPick,
}: {
  reasons: ReadonlyArray<{ reason_code: string; n: number }>
  empty: string
  onPick?: (code: string) => void
}) {
  const { t, language } = useWords()
  const [all, setAll] = useState(false)
  const words = useReason()
  if (reasons.length === 0) return <p className="faint">{empty}</p>
  const most = reasons[0]?.n ?? 1
  const shown = all ? reasons : reasons.slice(0, atFirst)
  return (
    <ul className="reasons">
      {shown.map(({ reason_code, n }) => {
        const { title, advice } = words(reason_code)
        return (
          <li key={reason_code}>
            <details>
              <summary>
                <span className="reason-name">{title}</span>
                <span className="num">{integer(n, language)}</span>
                <svg className="reason-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={(n / most) * 100} height="2" fill="currentColor" />
                </svg>
              </summary>
              <p>{advice}</p>
              {onPick ? (
                <button type="button" className="quiet" onClick={() => onPick(reason_code)}>
                  <code>{reason_code}</code>
                </button>
              ) : (
                <code>{reason_code}</code>
              )}
            </details>
          </li>
        )
      })}
      {reasons.length > shown.length && (
        <li>
          <button type="button" className="quiet" onClick={() => setAll(true)}>
            {t('run.showAll', { count: reasons.length - shown.length })}
          </button>
        </li>
      )}
    </ul>
  )
}
