import { useEffect, useState } from 'react'
import { useWords } from '../language.ts'
import { duration, localTime, relativeTime, utcTime } from '../model/times.ts'

/** The present minute, so that "3 minutes ago" stays true while the page is open. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** An instant in the reader's zone; pointing at it shows UTC. */
export function Time({ at, none }: { at: string | null; none?: string }) {
  const { t, language } = useWords()
  if (at === null) return <span className="faint">{none ?? t('time.none')}</span>
  return (
    <time dateTime={at} title={t('time.utc', { time: utcTime(at) })}>
      {localTime(at, language)}
    </time>
  )
}

/** How long ago; pointing at it shows the local time and UTC. */
export function Ago({ at, none }: { at: string | null; none?: string }) {
  const { t, language } = useWords()
  const now = useNow()
  if (at === null) return <span className="faint">{none ?? t('time.never')}</span>
  return (
    <time dateTime={at} title={`${localTime(at, language)} · ${t('time.utc', { time: utcTime(at) })}`}>
      {relativeTime(at, now, language)}
    </time>
  )
}

export function Duration({ ms }: { ms: number | null }) {
  const { t, language } = useWords()
  if (ms === null) return <span className="faint">{t('time.none')}</span>
  return <span className="nowrap">{duration(ms, language)}</span>
}
