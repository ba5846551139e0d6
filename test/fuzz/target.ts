/** What is fuzzed: one parser of foreign bytes, and what it may do with them. */
import type { ErrorCode } from '../../src/errors.ts'

export interface Target {
  readonly name: string
  /** For people: whose bytes these are. */
  readonly what: string
  /** Good inputs, to be spoilt. */
  readonly corpus: readonly Uint8Array[]
  /** Texts that mean something to the parser. */
  readonly tokens: readonly string[]
  /** Codes of the errors that it may throw; anything else that is thrown is a finding. */
  readonly errors: readonly ErrorCode[]
  /** Share of the cases of a run over all targets. */
  readonly weight: number
  /** Parses. What comes out must be used up, so that lazy faults show. */
  parse(input: Uint8Array, random: () => number): Promise<void> | void
  close?(): Promise<void> | void
}

export const utf8 = (input: Uint8Array): string =>
  Buffer.from(input.buffer, input.byteOffset, input.length).toString()
export const bytesOf = (text: string): Uint8Array => Buffer.from(text)
