import { describe, expect, test } from 'vitest'
import type { HarvestEvent } from '../../src/log/events.ts'
import { RunSummary } from '../../src/log/summary.ts'
import { barLine, clock, shortened, terminalLook } from '../../src/log/terminal.ts'

describe('a terminal', () => {
  test.each([
    ['a terminal', true, {}, { draws: true, lines: true, colours: true }],
    ['a pipe', false, {}, { draws: false, lines: false, colours: false }],
    ['NO_COLOR', true, { NO_COLOR: '1' }, { draws: false, lines: true, colours: false }],
    [
      'an empty NO_COLOR, which says nothing',
      true,
      { NO_COLOR: '' },
      { draws: true, lines: true, colours: true },
    ],
    ['a dumb one', true, { TERM: 'dumb' }, { draws: false, lines: true, colours: false }],
  ])('that is %s is spoken to as it can read', (_name, isTTY, env, look) => {
    expect(terminalLook({ isTTY }, env)).toEqual(look)
  })
})

describe('a bar', () => {
  const facts = {
    name: 'https://data.a-very-long-observatory-name.example.org/erddap',
    done: 1234,
    total: 2000,
    ok: 1200,
    skipped: 30,
    failed: 4,
    secondsLeft: 3700,
  }

  test.each([40, 60, 80, 120, 200])('fits %i columns, and names its source in each', (columns) => {
    const line = barLine(facts, columns)
    expect([...line].length).toBeLessThan(columns)
    expect(line.slice(0, 3)).toBe('dat')
  })

  test('of 80 columns has name, bar, counts and time left', () => {
    expect(barLine(facts, 80)).toMatch(/^data\.a\S*…\S+ █+░+ 1234\/2000 ✓1200 ·30 ✗4 1:01:40$/)
  })

  test('of a source without datasets is no fault', () => {
    expect(barLine({ ...facts, done: 0, total: 0, secondsLeft: null }, 80)).toContain('0/0')
  })
})

test('names are cut in their middle, times read as a clock', () => {
  expect(shortened('abcdefghij', 5)).toBe('ab…ij')
  expect(shortened('abc', 5)).toBe('abc')
  expect([clock(0), clock(65), clock(3723)]).toEqual(['0:00', '1:05', '1:02:03'])
})

describe('the summary of a run', () => {
  const summary = new RunSummary()
  const tell = (event: HarvestEvent) => summary.listen(event)
  const source = 'https://erddap.a-long-name-of-an-observatory.example.org/erddap'
  tell({ type: 'run-started', runId: 'r', flowRunId: 'r', scope: 'full', sources: [source], at: new Date() })

  test('is a table where it fits', () => {
    expect(summary.render(200)).toContain('┌')
  })

  test('is a list of lines that fit where it does not', () => {
    const text = summary.render(80)
    expect(text).not.toContain('┌')
    expect(text).toContain(source)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})
