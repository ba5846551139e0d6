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

test('tells phase, done and total as a run goes on; the total once every list is there', () => {
  const trail = new ProgressTrail()
  const steps: [
    HarvestEvent,
    'phase' | 'count' | null,
    [phase: string, done: number, total: number | null],
  ][] = [
    [started, 'phase', ['list-datasets', 0, null]],
    [of('source-listed', { source: 'a', datasets: 2 }), 'phase', ['harvest-datasets', 0, null]],
    [of('dataset-started', { source: 'a', datasetId: 'a1' }), null, ['harvest-datasets', 0, null]],
    [of('dataset-attempted'), 'count', ['harvest-datasets', 1, null]],
    [of('source-listed', { source: 'b', datasets: 1 }), 'phase', ['harvest-datasets', 1, 3]],
    [of('dataset-attempted'), 'count', ['harvest-datasets', 2, 3]],
    [of('source-finished', { source: 'a' }), null, ['harvest-datasets', 2, 3]],
    [of('dataset-attempted'), 'count', ['harvest-datasets', 3, 3]],
    [of('source-finished', { source: 'b' }), 'phase', ['merge-and-write', 3, 3]],
    [of('folder-written', { folder: 'x' }), 'phase', ['load', 3, 3]],
    [of('load-started', { folder: 'x' }), null, ['load', 3, 3]],
    [of('load-finished'), 'phase', ['finished', 3, 3]],
    [of('run-finished', { ok: true }), null, ['finished', 3, 3]],
  ]
  for (const [event, told, [phase, done, total]] of steps) {
    expect([event.type, trail.take(event)]).toEqual([event.type, told])
    expect([event.type, trail.state]).toEqual([event.type, { phase, done, total }])
  }
})

test('a source that cannot be listed never lets a guess stand for the total', () => {
  const trail = new ProgressTrail()
  trail.take(started)
  trail.take(of('source-listed', { source: 'a', datasets: 2 }))
  trail.take(of('source-finished', { source: 'b' }))
  expect(trail.state.total).toBeNull()
})
