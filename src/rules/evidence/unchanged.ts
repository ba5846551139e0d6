/** Whether a dataset is what it was at its last good harvest, and whether this harvest may be proof for the next. */

import type { NoHashReason } from '../fingerprint.ts'
import { clockRefusedMs } from './clock.ts'

const dayMs = 86_400_000

/** A server reads each dataset anew at least so often, unless it is told otherwise: once a week, and a day of grace. */
const rereadMs = 8 * dayMs

/** The source files of a dataset, as one of the server's views shows them. */
export interface FilesSeen {
  /**
   * `served`: the listing of what the server itself has read, of which its data come. `disk`: a manifest or the like,
   * which may be a week ahead of the data.
   */
  view: 'served' | 'disk'
  /** Names, times and sizes: equal text, equal files. */
  text: string
  /** Time of the newest file, epoch milliseconds; null where one of them has none. */
  newestMs: number | null
  /** Of a disk view: since when it has been seen like this, at each look, epoch milliseconds; null for never. */
  sameSinceMs?: number | null
}

export interface MetadataSeen {
  /** Its range of time has no end: its rows end at the time of the run. */
  realTime: boolean
}

/** What the database holds of the last good harvest. */
export interface StoredHarvest {
  fingerprint: string | null
  /** When data were last asked for; null where nobody knows. */
  harvestedMs: number | null
}

export interface ChangeEvidence {
  metadata?: MetadataSeen | undefined
  /** The view of the files before any question about data: data can be as new as it or newer, never older. */
  files?: FilesSeen | undefined
  /** The same files as both views show them, where both are at hand. */
  views?: { served: string; disk: string } | undefined
  stored?: StoredHarvest | undefined
  /** Fingerprint of metadata and files as they are now. */
  fingerprint?: string | undefined
}

export interface ChangeTerms {
  /** Start of the run, epoch milliseconds. */
  now: number
  /** Greatest age of a harvest that is still taken over. */
  maxAgeMs: number
  /** Where in that period the dataset has its own moment, 0 ≤ x < 1, so that not all fall due in one run. */
  phase: number
  /** How long the newest file must have been left alone. */
  settleMs: number
}

/**
 * Unchanged: the same metadata, the same source files as the server itself has read them, the same as a stored harvest
 * that is not too old. An owner can remap ids or units without any visible sign, hence the greatest age.
 * Source: what was recorded of a server to which a file with an old time was added (`stale_*`).
 */
export function isUnchanged(evidence: ChangeEvidence, terms: ChangeTerms): boolean {
  const { metadata, files, stored, fingerprint } = evidence
  if (!metadata || !files || !stored || fingerprint === undefined) return false
  if (metadata.realTime || stored.fingerprint !== fingerprint) return false
  if (!isServed(files, terms.now) || viewsDiffer(evidence)) return false
  return isYoung(stored, terms)
}

/** Whether a harvest may still be taken over, whatever its fingerprint: every skip has a greatest age. */
export function isYoung(
  stored: Pick<StoredHarvest, 'harvestedMs'>,
  terms: Pick<ChangeTerms, 'now' | 'maxAgeMs' | 'phase'>,
): boolean {
  const harvestedMs = harvestTime(stored, terms.now)
  return harvestedMs !== null && harvestedMs >= dueMs(terms)
}

/** When it was harvested; null for a time that is yet to come: a clock that was wrong says nothing about age. */
function harvestTime({ harvestedMs }: Pick<StoredHarvest, 'harvestedMs'>, now: number): number | null {
  return harvestedMs !== null && harvestedMs <= now + clockRefusedMs ? harvestedMs : null
}

/** Since when a harvest counts: the last moment of the dataset's own in the period of the greatest age. */
export function dueMs({ now, maxAgeMs, phase }: Pick<ChangeTerms, 'now' | 'maxAgeMs' | 'phase'>): number {
  if (!(maxAgeMs > 0)) return Number.POSITIVE_INFINITY
  const offset = phase * maxAgeMs
  return Math.floor((now - offset) / maxAgeMs) * maxAgeMs + offset
}

/**
 * Why the fingerprint of a harvest must not be stored; null where it may.
 * @param answers what became of the harvest's own questions
 */
export function fingerprintObstacle(
  evidence: ChangeEvidence,
  terms: Pick<ChangeTerms, 'now' | 'settleMs'>,
  answers: { complete: boolean; agree: boolean; fresh: boolean },
): NoHashReason | null {
  const { files } = evidence
  if (!files || !evidence.metadata) return 'HASH_NO_FILE_LIST'
  // What an answer lacked would otherwise be lacking until the next change.
  if (!answers.complete) return 'HASH_HTTP_ERROR'
  // Answers that contradict each other are of different moments; a cached table may be older than the files.
  if (!answers.agree || !answers.fresh || viewsDiffer(evidence)) return 'HASH_NOT_SETTLED'
  if (!isServed(files, terms.now)) return 'HASH_NOT_SETTLED'
  // A server may go on answering old values for a while after a file changed.
  if (files.newestMs === null || terms.now - files.newestMs < terms.settleMs) return 'HASH_NOT_SETTLED'
  return null
}

/** The data are as new as this view: it is the server's own, or older than any server leaves its data. */
function isServed(files: FilesSeen, now: number): boolean {
  if (files.view === 'served') return true
  const since = files.sameSinceMs ?? null
  return since !== null && now - since >= rereadMs
}

function viewsDiffer({ views }: ChangeEvidence): boolean {
  return views !== undefined && views.served !== views.disk
}

/**
 * Trusted, which is no proof: a site says that equal metadata and an equal row of the list are enough, for some time,
 * of datasets whose files cannot be seen.
 */
export function isTrusted(
  { metadata, stored, fingerprint }: Omit<ChangeEvidence, 'files' | 'views'>,
  { now, maxAgeMs }: Pick<ChangeTerms, 'now' | 'maxAgeMs'>,
): boolean {
  if (!metadata || metadata.realTime || !stored || fingerprint === undefined) return false
  const harvestedMs = harvestTime(stored, now)
  return stored.fingerprint === fingerprint && harvestedMs !== null && now - harvestedMs < maxAgeMs
}
