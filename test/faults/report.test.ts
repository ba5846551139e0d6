import { describe, expect, it } from 'vitest'
import { type Cell, cells, faults, isCell, matrix, parts } from './cells.ts'
import { reportOf } from './report.ts'
import type { Outcome } from './run-cell.ts'

const outcome = ({ part, fault }: Cell, more: Partial<Outcome> = {}): Outcome => ({
  part,
  fault,
  seed: 1,
  engine: 'standalone',
  moment: 'from the start',
  state: 'COMPLETED',
  seconds: 1,
  hits: null,
  findings: [],
  at: '2026-01-02T00:00:00.000Z',
  ...more,
})

describe('the matrix', () => {
  it('has every part and every fault once, each done or with a reason', () => {
    expect(matrix.map(({ part, fault }) => `${part}/${fault}`)).toEqual(
      parts.flatMap((part) => faults.map((fault) => `${part}/${fault}`)),
    )
    for (const cell of matrix) expect(isCell(cell) ? cell.what : cell.reason).not.toBe('')
    expect(cells.length).toBeGreaterThan(45)
  })
})

describe('the report', () => {
  const [first, second] = cells as [Cell, Cell]

  it('counts the last rounds of each cell, and says which found something', () => {
    const text = reportOf(
      [
        outcome(first, { findings: ['long ago'] }),
        outcome(first),
        outcome(first),
        outcome(second, { seed: 7, findings: ['a | strange\nthing', 'another'] }),
      ],
      2,
    )
    expect(text).toContain('3 rounds of 2 cells, 2 without a finding; from 2026-01-02 to 2026-01-02.')
    expect(text).toMatch(/^\| worker \| 2 of 2 \| \*\*0 of 1\*\* \| not yet/m)
    expect(text).toContain(`--cell worker/${second.fault} --seed 7`)
    expect(text).toContain("a ' strange thing (and 1 more)")
    expect(text).not.toContain('long ago')
  })

  it('says so when nothing is open', () => {
    expect(
      reportOf(
        cells.map((cell) => outcome(cell)),
        3,
      ),
    ).toContain('No finding is open.')
  })
})
