/**
 * Reasons, warnings and notes as codes and values, and the sentences that are made of them where they are read: pages,
 * API, CSVs, feeds, e-mails and the command line all read these tables. A code is one entry, in both languages; an
 * entry that lacks one does not compile.
 */

import { errors } from './errors.ts'
import { notes } from './notes.ts'
import { skips } from './skips.ts'
import { warnings } from './warnings.ts'
import { type Entry, type Language, sentenceOfStored } from './words.ts'

export type { DroppedRows, DropReason } from './drops.ts'
export type { RequestFault } from './requests.ts'
export { type Language, languages } from './words.ts'

export type SkipReason = keyof typeof skips
export type ErrorReason = keyof typeof errors
export type ReasonCode = SkipReason | ErrorReason
export type WarningCode = keyof typeof warnings
export type NoteCode = keyof typeof notes
export type FactCode = ReasonCode | WarningCode | NoteCode

/** Why a dataset was left out, in the order in which the decisions are taken. */
export const skipReasons = Object.keys(skips) as readonly SkipReason[]
/** Why a dataset that should have been harvested was not. */
export const errorReasons = Object.keys(errors) as readonly ErrorReason[]
export const warningCodes = Object.keys(warnings) as readonly WarningCode[]

const table = { ...skips, ...errors, ...warnings, ...notes }
type ValuesIn<E> = E extends Entry<infer V> ? V : never

/** What a code speaks of. */
export type ValuesOf<C extends FactCode> = ValuesIn<(typeof table)[C]>

/** Something that is so, as code and values: plain JSON. */
export type Fact<C extends FactCode = FactCode> = C extends FactCode
  ? { code: C; values: ValuesOf<C> }
  : never
export type ReasonFact = Fact<ReasonCode>
export type Warning = Fact<WarningCode>
export type Note = Fact<NoteCode>

export function fact<C extends FactCode>(code: C, values: ValuesOf<C>): Fact<C> {
  return { code, values } as Fact<C>
}

function isKnownCode(code: string): code is FactCode {
  return Object.hasOwn(table, code)
}

/** The sentence of a fact that we made ourselves. */
export function sentence(language: Language, { code, values }: Fact): string {
  const said = table[code].said[language] as (values: unknown) => string
  return said(values)
}

/** The sentences of several facts, as one text. */
export function sentences(language: Language, facts: readonly Fact[]): string {
  return facts.map((one) => sentence(language, one)).join('; ')
}

/**
 * The sentence of a fact that was stored, perhaps by another version: null where this version cannot make it, so that
 * the sentence that was stored with it counts.
 */
export function storedSentence(language: Language, stored: { code: string; values: unknown }): string | null {
  if (!isKnownCode(stored.code) || typeof stored.values !== 'object' || stored.values === null) return null
  return sentenceOfStored((values) => sentence(language, { ...stored, values } as Fact), stored.values)
}

/** What a code is called; the code itself where nobody knows it. */
export function titleOf(language: Language, code: string): string {
  return isKnownCode(code) ? table[code].title[language] : code
}

/** What can be done about it. */
export function adviceOf(language: Language, code: string): string {
  return isKnownCode(code) ? table[code].advice[language] : unknownAdvice[language]
}

const unknownAdvice = {
  en: 'This version does not know the reason; the message may say more.',
  fr: 'Cette version ne connaît pas cette raison; le message en dit peut-être plus.',
}
