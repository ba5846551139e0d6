/**
 * An attempt: what became of one dataset in one run. Every dataset that a run meets ends as exactly one of these. It
 * is told as facts (code and values); the English sentence beside them is what portals know.
 */

import {
  type ErrorReason,
  type Fact,
  fact,
  type Note,
  type ReasonCode,
  type SkipReason,
  sentences,
  type ValuesOf,
  type Warning,
} from './reasons/index.ts'
import type { Remedy } from './remedies/index.ts'
import type { SourceType } from './source-types.ts'

export type { ErrorReason, ReasonCode, SkipReason }

interface AttemptedDataset {
  /** The configured URL of the source, without trailing slash. */
  erddapUrl: string
  datasetId: string
  source: SourceType
  durationMs: number
  attemptedAt: Date
  /** Every URL requested, decoded, in order. */
  queryUrls: string[]
  /** What should be known of it besides, whatever became of it. */
  warnings: readonly Warning[]
  /** What its owner could change. */
  remedies: readonly Remedy[]
  /** What it is called, and whose it is, where that is known before it is in the index. */
  about: DatasetAbout
}

export interface DatasetAbout {
  title: string
  organizations: readonly string[]
}

interface OutcomeFacts {
  /** The reason first, if there is one, then what else is to be said. The message is their English. */
  facts: readonly Fact[]
}

export type AttemptOutcome = OutcomeFacts &
  (
    | { status: 'success'; reason: null; message: string | null }
    | { status: 'skipped'; reason: SkipReason; message: string | null }
    | { status: 'error'; reason: ErrorReason; message: string }
  )

export type Attempt = AttemptedDataset & AttemptOutcome

/** Harvested, or found to be as it was but for what the notes say. */
export function harvested(...notes: Note[]): AttemptOutcome & { status: 'success' } {
  return { status: 'success', reason: null, message: messageOf(notes), facts: notes }
}

export function skipped<C extends SkipReason>(
  reason: C,
  values: ValuesOf<C>,
): AttemptOutcome & { status: 'skipped' } {
  const facts = [fact(reason, values) as Fact]
  return { status: 'skipped', reason, message: messageOf(facts), facts }
}

/** Unchanged needs no sentence of its own, only what is to be said of it. */
export function unchanged(...notes: Note[]): AttemptOutcome & { status: 'skipped' } {
  return { status: 'skipped', reason: 'UNCHANGED', message: messageOf(notes), facts: notes }
}

export function failed<C extends ErrorReason>(
  reason: C,
  values: ValuesOf<C>,
): AttemptOutcome & { status: 'error' } {
  const facts = [fact(reason, values) as Fact]
  return { status: 'error', reason, message: sentences('en', facts), facts }
}

/** The same outcome with a note before everything else that is said of it. */
export function withNote<O extends { facts: readonly Fact[]; message: string | null }>(
  outcome: O,
  note: Note,
): O {
  const message = [messageOf([note]), outcome.message].filter(Boolean).join('; ')
  return { ...outcome, facts: [note, ...outcome.facts], message }
}

function messageOf(facts: readonly Fact[]): string | null {
  return facts.length === 0 ? null : sentences('en', facts)
}
