import type { AttemptStatus, RunDetailRow } from '../api.ts'
import { useWords } from '../language.ts'
import { runState } from '../model/runs.ts'
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

const runIcons = {
  queued: 'queued',
  running: 'running',
  ok: 'success',
  failed: 'error',
  cancelled: 'skipped',
  crashed: 'error',
} as const
const runColours = {
  queued: 'waiting',
  running: 'running',
  ok: 'success',
  failed: 'error',
  cancelled: 'skipped',
  crashed: 'error',
} as const

export function RunBadge({ run }: { run: Pick<RunDetailRow, 'status' | 'error_message'> }) {
  const { t } = useWords()
  const status = runState(run)
  return (
    <span className={`badge ${runColours[status]}`}>
      <Icon name={runIcons[status]} />
      {t(`run.status.${status}`)}
    </span>
  )
}
