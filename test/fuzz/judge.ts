/** Whether a parser may do what it did with an input. */
import { isHarvesterError } from '../../src/errors.ts'
import { seededNumbers } from '../support/loader-process.ts'
import type { Target } from './target.ts'

/** Processor time that one input may take. A parser that is linear needs a hundredth of it. */
export const mostCpuMs = 2000

/** What is wrong, in a sentence; null if nothing is. The seed draws what the parser is asked besides. */
export async function judge(target: Target, input: Uint8Array, seed: number): Promise<string | null> {
  const before = process.cpuUsage()
  let verdict: string | null = null
  try {
    await target.parse(input, seededNumbers(seed))
  } catch (error) {
    if (!isHarvesterError(error))
      verdict = `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    else if (!target.errors.includes(error.code))
      verdict = `threw ${error.code}: ${error.message.slice(0, 300)}`
  }
  const { user, system } = process.cpuUsage(before)
  const ms = (user + system) / 1000
  return verdict ?? (ms > mostCpuMs ? `took ${Math.round(ms)} ms for ${input.length} bytes` : null)
}

/** The smallest part of the input, found by halves, that is still judged alike. */
export async function shrink(
  target: Target,
  input: Uint8Array,
  seed: number,
  tries = 400,
): Promise<Uint8Array> {
  const kind = kindOf(await judge(target, input, seed))
  let best = Buffer.from(input)
  for (let length = Math.ceil(best.length / 2); length >= 1 && tries > 0; ) {
    let shorter = false
    for (let at = 0; at < best.length && tries > 0; at += length) {
      const part = Buffer.concat([best.subarray(0, at), best.subarray(at + length)])
      tries -= 1
      if (kindOf(await judge(target, part, seed)) === kind) {
        best = part
        shorter = true
        break
      }
    }
    if (!shorter) length = length === 1 ? 0 : Math.ceil(length / 2)
  }
  return best
}

/** Two verdicts are alike if they begin alike. */
const kindOf = (verdict: string | null): string | null => verdict?.slice(0, 20) ?? null
