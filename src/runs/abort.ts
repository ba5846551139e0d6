import { HarvesterError, isHarvesterError } from '../errors.ts'
import type { AbortReason } from './types.ts'

const messages: Record<AbortReason, string> = {
  cancelled: 'The run was cancelled',
  stopped: 'The worker was stopped before the run had ended',
  suspended: 'The run was paused',
  crashed: 'The worker was stopped before the run had ended',
  lost: 'The run was taken away by the back end',
  timeout: 'The time limit is over',
  ended: 'The run has ended',
}

/** The reason to abort a signal with; {@link abortReason} reads it back. */
export function aborted(reason: AbortReason, message: string = messages[reason]): HarvesterError {
  return new HarvesterError(reason === 'timeout' ? 'RUN_TIMEOUT' : 'CANCELLED', message, {
    facts: { abort: reason },
  })
}

/** Why a signal was aborted; null when it was not. A signal aborted by others counts as cancelled. */
export function abortReason(signal: AbortSignal): AbortReason | null {
  if (!signal.aborted) return null
  const reason: unknown = signal.reason
  if (isHarvesterError(reason) && typeof reason.facts.abort === 'string' && reason.facts.abort in messages)
    return reason.facts.abort as AbortReason
  return 'cancelled'
}

export type Settled<T> =
  | { readonly kind: 'returned'; readonly value: T }
  | { readonly kind: 'threw'; readonly error: unknown }
  /** It did not react to the abort within the grace time; it may still run. */
  | { readonly kind: 'abandoned' }

/**
 * Runs work to its end; once the signal is aborted, for at most the grace time. Never rejects.
 * Work that ignores its signal must not keep a cancelled run from being settled.
 */
export async function settle<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  graceMs: number,
): Promise<Settled<T>> {
  const done: Promise<Settled<T>> = Promise.resolve()
    .then(work)
    .then(
      (value) => ({ kind: 'returned', value }) as const,
      (error: unknown) => ({ kind: 'threw', error }) as const,
    )
  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  const abandoned = new Promise<Settled<T>>((resolve) => {
    onAbort = () => {
      timer = setTimeout(() => resolve({ kind: 'abandoned' }), graceMs)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([done, abandoned])
  } finally {
    clearTimeout(timer)
    if (onAbort) signal.removeEventListener('abort', onAbort)
  }
}

/** A controller that follows a parent signal and may be aborted by itself; `release` unhooks it. */
export function childController(parent: AbortSignal): {
  signal: AbortSignal
  abort(reason: AbortReason, message?: string): void
  release(): void
} {
  const controller = new AbortController()
  const follow = () => controller.abort(parent.reason)
  if (parent.aborted) follow()
  else parent.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason, message) => controller.abort(aborted(reason, message)),
    release: () => parent.removeEventListener('abort', follow),
  }
}
