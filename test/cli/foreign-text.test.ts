/** What commands print of others: titles, ids, messages of servers and of runs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { renderAlerts } from '../../src/cli/alerts.ts'
import { sayJson, sayLine, sayLines } from '../../src/cli/console.ts'
import { renderFinding } from '../../src/cli/doctor.ts'
import { renderLimits } from '../../src/cli/limits.ts'
import { loadNotes } from '../../src/cli/load.ts'
import { RunSummary } from '../../src/log/summary.ts'
import { TextTable } from '../../src/log/table.ts'
import { renderComparison } from '../../src/operate/compare/compare.ts'
import { renderStatus } from '../../src/operate/status/report.ts'

/** Clears a screen, colours, forges a line, turns the direction of text, and hides. */
const nasty = 'x\u001b[2J\u009b31m\r\nFORGED \u202etxt\u200b\0'
/** What a terminal obeys, but for the ends of our own lines. */
const obeyed = /[\p{Cc}\u200b\u202e]/u
const at = new Date('2026-01-01T00:00:00Z')

const rendered: Record<string, () => string> = {
  'a table': () => {
    const table = new TextTable({ head: ['a'] })
    table.push([nasty])
    return table.toString()
  },
  alerts: () =>
    renderAlerts([{ description: nasty }], [
      {
        details: { name: nasty, message: nasty },
        kind: 'failed',
        openedAt: at,
        lastAt: at,
        toldAt: null,
        untold: 0,
      },
    ] as unknown as Parameters<typeof renderAlerts>[1]),
  doctor: () => renderFinding({ level: 'fail', what: nasty, text: nasty, remedy: nasty }),
  limits: () =>
    renderLimits(
      [
        { name: nasty, declared: 1, inForce: 1, active: 0, from: 'set', setBy: nasty, setAt: null },
      ] as unknown as Parameters<typeof renderLimits>[0],
      at,
    ),
  load: () =>
    loadNotes({
      pruned: [{ erddapUrl: nasty, datasetId: nasty, reasonCode: 'NOT_LISTED' }],
      rejectedDatasets: [{ erddapUrl: nasty, datasetId: nasty, message: nasty }],
      pruneRefused: [{ erddapUrl: nasty, message: nasty }],
      warnings: [nasty],
    } as unknown as Parameters<typeof loadNotes>[0]).join('\n'),
  compare: () =>
    renderComparison({
      same: 0,
      differences: [
        { kind: 'differs', dataset: nasty, facts: [{ name: 'title', old: nasty, new: nasty }] },
        { kind: 'only-old', dataset: nasty, reason: nasty },
      ],
    } as unknown as Parameters<typeof renderComparison>[0]),
  status: () =>
    renderStatus({
      at,
      version: '1',
      engine: { kind: 'standalone', url: null, version: null },
      state: null,
      database: { description: nasty, bytes: 1 },
      sources: [{ url: nasty, datasets: 1, succeededAt: null, ageHours: null }],
      problems: [nasty],
    }),
  'the summary of a harvest': () => {
    const summary = new RunSummary()
    summary.listen({
      type: 'dataset-attempted',
      attempt: {
        erddapUrl: nasty,
        datasetId: nasty,
        status: 'error',
        reason: 'HTTP_ERROR',
        message: nasty,
        attemptedAt: at,
        ms: 1,
        queryUrls: [],
        facts: [],
        warnings: [],
      },
      rows: 0,
      requests: 0,
      bytes: 0,
    } as unknown as Parameters<RunSummary['listen']>[0])
    return summary.render()
  },
}

describe('text of others', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it.each(Object.entries(rendered))('is visible in %s, and forges no line', (_, render) => {
    const lines = render().split('\n')
    expect(lines.filter((line) => obeyed.test(line))).toEqual([])
    expect(lines.filter((line) => line.trimStart().startsWith('FORGED'))).toEqual([])
    expect(lines.join('')).toContain('\\u001b')
  })

  it('is visible in what is printed, and JSON stays what it is', () => {
    const written: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text))
      return true
    })
    sayLine(nasty)
    sayLines(`a\n${nasty}`)
    sayJson({ nasty })
    const [line, lines, json] = written
    expect(line).toMatch(/^x\\u001b\[2J\\u009b31m\\r\\nFORGED [^\p{Cc}]*\n$/u)
    expect(lines!.split('\n').filter((text) => obeyed.test(text))).toEqual([])
    expect(JSON.parse(json!)).toEqual({ nasty })
    expect(json!.split('\n').filter((text) => /[\p{Cc}\u202e]/u.test(text))).toEqual([])
  })

  it('is printed by no command in another way', () => {
    const folder = resolve(import.meta.dirname, '../../src/cli')
    const own = readdirSync(folder).filter((name) =>
      readFileSync(join(folder, name), 'utf8').includes('process.stdout.write'),
    )
    // What these write themselves: a signal that a demo is ready, a cleared screen, names and numbers of processes.
    expect(own.sort()).toEqual(['console.ts', 'demo.ts', 'status.ts', 'workers.ts'])
  })
})
