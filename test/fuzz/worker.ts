/**
 * Works through the cases of targets in a thread of its own: one that hangs is seen from outside, by the counter that
 * stands still. Data: the work, and the counter (cells of 32 bits: place of the target in the work, cases begun, cases
 * ended).
 */
import { parentPort, workerData } from 'node:worker_threads'
import { seededNumbers } from '../support/loader-process.ts'
import { judge, shrink } from './judge.ts'
import { spoil } from './mutate.ts'
import { targets } from './targets/index.ts'

/** What one target has to bear. */
export interface Work {
  name: string
  seed: number
  cases: number
  /** Milliseconds after which no case begins. */
  mostMs: number
}

export type Message =
  | { kind: 'finding'; at: number; seed: number; verdict: string; input: string | null }
  | { kind: 'ended'; at: number; cases: number; ms: number }

const { work, counter } = workerData as { work: readonly Work[]; counter: SharedArrayBuffer }
const count = new Int32Array(counter)
const mostFindings = 5
const send = (message: Message) => parentPort?.postMessage(message)
// What is lost in a promise that nobody holds is a finding of the case at work.
process.on('unhandledRejection', (error) => {
  const at = Atomics.load(count, 0)
  const seed = (work[at]?.seed ?? 0) + Atomics.load(count, 1) - 1
  send({ kind: 'finding', at, seed, verdict: `left a rejection: ${String(error)}`, input: null })
})

for (const [at, { name, seed, cases, mostMs }] of work.entries()) {
  const target = targets.find((one) => one.name === name)!
  const began = Date.now()
  let found = 0
  let ended = 0
  Atomics.store(count, 1, 0)
  Atomics.store(count, 0, at)
  for (; ended < cases && found < mostFindings && Date.now() - began < mostMs; ended++) {
    Atomics.store(count, 1, ended + 1)
    const input = spoil(target, seededNumbers(seed + ended))
    const verdict = await judge(target, input, seed + ended)
    if (verdict === null) continue
    found += 1
    const small = Buffer.from(await shrink(target, input, seed + ended)).toString('base64')
    send({ kind: 'finding', at, seed: seed + ended, verdict, input: small })
  }
  send({ kind: 'ended', at, cases: ended, ms: Date.now() - began })
}
for (const target of targets) await target.close?.()
