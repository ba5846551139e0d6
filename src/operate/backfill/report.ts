/** How a backfill is told: lines while it goes on, a table at its end. */

import { describeError } from '../../errors.ts'
import { TextTable } from '../../log/table.ts'
import { cut, visible } from '../../text.ts'
import type { BackfillRun } from './engine.ts'
import type { Item, Step } from './plan.ts'
import type { BackfillEvent, BackfillResult, Row } from './run.ts'

const longestMessage = 120

/** `source=https://a.example.org dataset_ids=["x"]` */
export function describeItem({ varies }: Item): string {
  return Object.entries(varies)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}

function secondsOf(run: BackfillRun | null, now: Date): number | null {
  if (!run?.startedAt) return null
  return Math.max(0, ((run.endedAt ?? now).getTime() - run.startedAt.getTime()) / 1000)
}

function stateOfRow({ run, lost }: Row): string {
  if (lost) return 'Deleted'
  return run ? run.state.name : 'Not started'
}

export function renderResult(rows: readonly Row[], now: Date): string {
  const table = drawn(['Parameters', 'Run', 'State', 'Took', 'Message'])
  for (const row of rows) {
    const seconds = secondsOf(row.run, now)
    table.push([
      describeItem(row.item),
      row.run
        ? `${row.run.name} ${row.run.id.slice(0, 8)}${row.run.attempt > 1 ? ` (start ${row.run.attempt})` : ''}`
        : '',
      stateOfRow(row),
      seconds === null ? '' : `${seconds.toFixed(1)} s`,
      brief(row.run?.state.message ?? ''),
    ])
  }
  return `${table.toString()}\n${summaryOf(rows)}`
}

/** `5 runs: 3 Completed, 1 Failed, 1 Not started` */
export function summaryOf(rows: readonly Row[]): string {
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(stateOfRow(row), (counts.get(stateOfRow(row)) ?? 0) + 1)
  return `${rows.length} ${rows.length === 1 ? 'run' : 'runs'}: ${[...counts].map(([name, count]) => `${count} ${name}`).join(', ')}`
}

export const allCompleted = (rows: readonly Row[]): boolean =>
  rows.every(({ run, lost }) => !lost && run?.state.type === 'COMPLETED')

/** What would be done, for `--dry-run`. */
export function renderSteps(steps: readonly Step[]): string {
  const table = drawn(['Parameters', 'Deployment', 'Would'])
  for (const step of steps) table.push([describeItem(step.item), step.item.deployment, intent(step)])
  return table.toString()
}

export function intent(step: Step): string {
  switch (step.kind) {
    case 'start':
      return step.attempt === 1 ? 'be started' : `be started again (start ${step.attempt})`
    case 'watch':
      return `be waited for: ${step.run.name} ${step.run.id.slice(0, 8)} is ${step.run.state.name}`
    case 'keep':
      return `stay as it is: ${step.run.name} ${step.run.id.slice(0, 8)} is ${step.run.state.name}`
  }
}

export interface JsonReport {
  key: string
  deployment: string
  tag: string
  link: string | null
  interrupted: boolean
  halted: boolean
  problem: string | null
  runs: {
    parameters: Record<string, unknown>
    deployment: string
    runId: string | null
    run: string | null
    attempt: number | null
    state: string
    startedAt: Date | null
    endedAt: Date | null
    seconds: number | null
    message: string | null
  }[]
}

export function jsonResult(
  about: { key: string; deployment: string; tag: string; link: string | null },
  result: BackfillResult,
  now: Date,
): JsonReport {
  return {
    ...about,
    interrupted: result.interrupted,
    halted: result.halted,
    problem: result.problem === null ? null : describeError(result.problem),
    runs: result.rows.map((row) => ({
      parameters: { ...row.item.varies },
      deployment: row.item.deployment,
      runId: row.run?.id ?? null,
      run: row.run?.name ?? null,
      attempt: row.run?.attempt ?? null,
      state: stateOfRow(row),
      startedAt: row.run?.startedAt ?? null,
      endedAt: row.run?.endedAt ?? null,
      seconds: secondsOf(row.run, now),
      message: row.run?.state.message || null,
    })),
  }
}

/** One line for an event; null for one that says nothing new to a person. */
export function lineOf(event: BackfillEvent, now: Date): string | null {
  switch (event.type) {
    case 'planned':
      return `${event.start} to start, ${event.watch} under way, ${event.keep} ended before`
    case 'started':
      return `started    ${describeItem(event.item)}  ${event.run.name} ${event.run.id}`
    case 'changed':
      return null
    case 'ended': {
      const seconds = secondsOf(event.row.run, now)
      const message = event.row.run?.state.message
      return `${stateOfRow(event.row).toLowerCase().padEnd(10)} ${describeItem(event.row.item)}${seconds === null ? '' : `  ${seconds.toFixed(1)} s`}${message ? `  ${brief(message)}` : ''}`
    }
    case 'away':
      return `${describeError(event.error)}; asked again for up to ${event.seconds} s, runs go on meanwhile`
    case 'back':
      return 'the connection is back'
    case 'unattended':
      return 'no worker has taken a run for a minute: `harvester status` shows who is there and what is paused'
  }
}

function brief(text: string): string {
  return visible(cut(cut(text).replace(/\s+/g, ' ').trim(), longestMessage))
}

function drawn(head: string[]) {
  return new TextTable({ head, style: { head: [], border: [] } })
}
