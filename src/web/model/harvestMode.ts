/** Whether a dataset is harvested only when it changed, or whole every time. */

export type HarvestMode =
  | { mode: 'incremental' }
  /** The site trusts metadata where a server publishes no files: no proof. */
  | { mode: 'trusted'; reason: string }
  | { mode: 'full'; reason: string }
  | { mode: 'unknown' }

export function harvestMode(contentHash: string | null, contentHashReason: string | null): HarvestMode {
  if (contentHash?.startsWith('metadata:')) return { mode: 'trusted', reason: contentHashReason ?? '' }
  if (contentHash !== null && contentHash !== '') return { mode: 'incremental' }
  if (contentHashReason !== null && contentHashReason !== '')
    return { mode: 'full', reason: contentHashReason }
  return { mode: 'unknown' }
}
