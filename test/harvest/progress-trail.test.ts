import { expect, test } from 'vitest'
import { ProgressTrail } from '../../src/harvest/progress-trail.ts'
import type { HarvestEvent } from '../../src/log/events.ts'

const started: HarvestEvent = {
  type: 'run-started',
  runId: 'r',
  flowRunId: 'f',
  scope: 'full',
  sources: ['a', 'b'],
  at: new Date(0),
}
const of = (type: string, more: object = {}) => ({ type, runId: 'r', ...more }) as unknown as HarvestEvent

const ended = (source: string, datasetId: string) =>
  of('dataset-attempted', { attempt: { erddapUrl: source, datasetId } })

test('tells phase, done, total and what is at work as a run goes on; the total once every list is there', () => {
  const trail = new ProgressTrail()
  const steps: [
    HarvestEvent,
    'phase' | 'count' | null,
    [phase: string, done: number, total: number | null, now: string | null],
  ][] = [
    [started, 'phase', ['list-datasets', 0, null, null]],
    [of('source-listed', { source: 'a', datasets: 2 }), 'phase', ['harvest-datasets', 0, null, null]],
    [of('dataset-started', { source: 'a', datasetId: 'a1' }), null, ['harvest-datasets', 0, null, 'a1']],
    [of('dataset-started', { source: 'a', datasetId: 'a2' }), null, ['harvest-datasets', 0, null, 'a1']],
    [ended('a', 'a1'), 'count', ['harvest-datasets', 1, null, 'a2']],
    [of('source-listed', { source: 'b', datasets: 1 }), 'phase', ['harvest-datasets', 1, 3, 'a2']],
    [of('dataset-started', { source: 'b', datasetId: 'b1' }), null, ['harvest-datasets', 1, 3, 'a2']],
    // Asked once more: it is at work anew.
    [of('dataset-started', { source: 'a', datasetId: 'a2' }), null, ['harvest-datasets', 1, 3, 'b1']],
    [ended('b', 'b1'), 'count', ['harvest-datasets', 2, 3, 'a2']],
    [of('source-finished', { source: 'a' }), null, ['harvest-datasets', 2, 3, null]],
    [ended('a', 'a2'), 'count', ['harvest-datasets', 3, 3, null]],
    [of('source-finished', { source: 'b' }), 'phase', ['merge-and-write', 3, 3, null]],
    [of('folder-written', { folder: 'x' }), 'phase', ['load', 3, 3, null]],
    [of('load-started', { folder: 'x' }), null, ['load', 3, 3, null]],
    [of('load-finished'), 'phase', ['finished', 3, 3, null]],
    [of('run-finished', { ok: true }), null, ['finished', 3, 3, null]],
  ]
  for (const [event, told, [phase, done, total, now]] of steps) {
    expect([event.type, trail.take(event)]).toEqual([event.type, told])
    expect([event.type, trail.state]).toEqual([event.type, { phase, done, total, now }])
  }
})

test('a source that cannot be listed never lets a guess stand for the total', () => {
  const trail = new ProgressTrail()
  trail.take(started)
  trail.take(of('source-listed', { source: 'a', datasets: 2 }))
  trail.take(of('source-finished', { source: 'b' }))
  expect(trail.state.total).toBeNull()
})
