import { createHash } from 'node:crypto'

/**
 * The transition id of a claim, the same for whoever claims this attempt of a run; the end of the attempt is told
 * with it too. A server takes claims of runs that have ended, and who claims goes by what was due a moment ago: with
 * the id of its end, such a claim is refused as one that was made already.
 */
export function claimId(run: { readonly id: string; readonly run_count?: number | null }): string {
  const hex = createHash('sha256')
    .update(`${run.id} ${run.run_count ?? 0}`)
    .digest('hex')
  // As a UUID whose digits mean nothing (version 8).
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
