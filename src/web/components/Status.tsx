import type { AttemptStatus, RunDetailRow } from '../api.ts'
import { useWords } from '../language.ts'
import { Icon } from './Icon.tsx'

/** A status as sign, word and colour: any one of them is enough to read it. */
export function StatusBadge({ status, reason }: { status: AttemptStatus; reason?: string | null }) {
  const { t } = useWords()
  const shown = reason === 'UNCHANGED' ? 'unchanged' : status
  return (
    <span className={`badge ${shown}`}>
      <Icon name={shown} />
      {t(`status.${shown}`)}
    </span>
  )
}

const runIcons = { queued: 'queued', running: 'running', ok: 'success', failed: 'error' } as const
const runColours = { queued: 'waiting', running: 'running', ok: 'success', failed: 'error' } as const

export function RunBadge({ status }: { status: RunDetailRow['status'] }) {
  const { t } = useWords()
  return (
    <span className={`badge ${runColours[status]}`}>
      <Icon name={runIcons[status]} />
      {t(`run.status.${status}`)}
    </span>
  )
}
