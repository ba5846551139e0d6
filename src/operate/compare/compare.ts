/** Which datasets two indexes hold differently, and why. */

import { amount, cut, visible } from '../../text.ts'
import { type FactName, factNames, type Holdings } from './holdings.ts'

export type Difference =
  /** Held by one only; `reason`: why the other does not, where it says so. */
  | { kind: 'only-old' | 'only-new'; dataset: string; reason: string | null }
  | { kind: 'differs'; dataset: string; facts: { name: FactName; old: string; new: string }[] }

export interface Comparison {
  same: number
  /** In the order of the datasets' names. */
  differences: Difference[]
}

export function compare(old: Holdings, next: Holdings): Comparison {
  const differences: Difference[] = []
  let same = 0
  for (const dataset of [...new Set([...old.datasets.keys(), ...next.datasets.keys()])].sort()) {
    const before = old.datasets.get(dataset)
    const after = next.datasets.get(dataset)
    if (!before || !after) {
      const other = before ? next : old
      differences.push({
        kind: before ? 'only-old' : 'only-new',
        dataset,
        reason: other.absent.get(dataset) || null,
      })
      continue
    }
    const facts = factNames
      .filter((name) => before[name] !== after[name])
      .map((name) => ({ name, old: before[name], new: after[name] }))
    if (facts.length === 0) same += 1
    else differences.push({ kind: 'differs', dataset, facts })
  }
  return { same, differences }
}

/** For people: a line a dataset, then a line a fact. */
export function renderComparison({ same, differences }: Comparison): string {
  const count = (kind: Difference['kind']) => differences.filter((one) => one.kind === kind).length
  const lines = differences.flatMap((difference) => {
    if (difference.kind === 'differs')
      return [
        visible(difference.dataset),
        ...difference.facts.map(({ name, old, new: now }) => `  ${name}: ${shown(old)} → ${shown(now)}`),
      ]
    const [where, other] = difference.kind === 'only-old' ? ['OLD', 'NEW'] : ['NEW', 'OLD']
    const why =
      difference.reason === null ? `${other} does not say why` : `${other}: ${visible(difference.reason)}`
    return [`${visible(difference.dataset)}\n  only in ${where}; ${why}`]
  })
  const sums = `${amount(same, 'dataset is', 'datasets are')} the same, ${amount(count('differs'), 'differs', 'differ')}, ${amount(count('only-old'), 'is', 'are')} only in OLD, ${count('only-new')} only in NEW.`
  return [...lines, sums].join('\n')
}

const longest = 200
const shown = (text: string) => (text === '' ? '(nothing)' : visible(cut(text, longest)))
