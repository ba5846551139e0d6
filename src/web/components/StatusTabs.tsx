import { useWords } from '../language.ts'
import { integer } from '../model/times.ts'

type Status = 'problems' | 'error' | 'skipped' | 'unchanged' | 'success' | 'all'

/** Which outcomes are shown, each with how many there are. */
export function StatusTabs<Shown extends Status>({
  shown,
  counts,
  onPick,
}: {
  shown: Shown
  counts: ReadonlyArray<readonly [status: Shown, n: number]>
  onPick: (status: Shown) => void
}) {
  const { t, language } = useWords()
  return (
    <fieldset className="tabs">
      <legend className="sr">{t('server.filter')}</legend>
      {counts.map(([status, n]) => (
        <label key={status} className={shown === status ? 'on' : ''}>
          <input type="radio" name="status" checked={shown === status} onChange={() => onPick(status)} />
          {t(`status.${status}`)} <span className="num">{integer(n, language)}</span>
        </label>
      ))}
    </fieldset>
  )
}
