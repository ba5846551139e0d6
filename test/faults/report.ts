/** The table of docs/reliability.md, from what rounds found. */
import { readFileSync, writeFileSync } from 'node:fs'
import { faults, isCell, matrix, parts } from './cells.ts'
import type { Outcome } from './run-cell.ts'

const begin = '<!-- faults: made by `npm run test:faults -- --report` -->'
const end = '<!-- /faults -->'

/** Replaces what stands between the marks. @throws Error where the file has no marks */
export function writeReport(path: string, outcomes: readonly Outcome[], times: number): void {
  const text = readFileSync(path, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} has no place for the table: ${begin} … ${end}`)
  writeFileSync(path, `${text.slice(0, from)}${begin}\n\n${reportOf(outcomes, times)}\n${text.slice(to)}`)
}

/** Of each cell the last rounds count, so that what was mended since is not held against it. */
export function reportOf(outcomes: readonly Outcome[], times: number): string {
  const last = matrix.flatMap((cell) =>
    isCell(cell)
      ? [outcomes.filter(({ part, fault }) => part === cell.part && fault === cell.fault).slice(-times)]
      : [],
  )
  const counted = last.flat()
  const days = counted.map(({ at }) => at.slice(0, 10)).sort()
  const bad = counted.filter(({ findings }) => findings.length > 0)
  const rows = parts.map((part) => {
    const texts = faults.map((fault) => {
      const cell = matrix.find((one) => one.part === part && one.fault === fault)
      if (cell === undefined || !isCell(cell)) return '–'
      const rounds = counted.filter((one) => one.part === part && one.fault === fault)
      if (rounds.length === 0) return 'not yet'
      const good = rounds.filter(({ findings }) => findings.length === 0).length
      return `${good === rounds.length ? '' : '**'}${good} of ${rounds.length}${good === rounds.length ? '' : '**'}`
    })
    return `| ${part} | ${texts.join(' | ')} |`
  })
  return [
    `${counted.length} rounds of ${last.filter((rounds) => rounds.length > 0).length} cells, ${counted.length - bad.length} without a finding` +
      (days.length > 0 ? `; from ${days[0]} to ${days.at(-1)}.` : '.'),
    '',
    `| | ${faults.join(' | ')} |`,
    `| --- |${' --- |'.repeat(faults.length)}`,
    ...rows,
    '',
    bad.length === 0 ? 'No finding is open.' : 'Open findings:',
    '',
    ...bad.map(
      ({ part, fault, seed, engine, findings }) =>
        `- \`--cell ${part}/${fault} --seed ${seed} --engine ${engine}\`: ${oneLine(findings[0] ?? '')}${findings.length > 1 ? ` (and ${findings.length - 1} more)` : ''}`,
    ),
    ...(bad.length > 0 ? [''] : []),
  ].join('\n')
}

/** Short, and nothing that Markdown or a reader would stumble over. */
function oneLine(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[`|<>]/g, "'")
    .slice(0, 200)
}
