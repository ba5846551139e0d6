import { describe, expect, it } from 'vitest'
import { choose, endOfDead, fateOfRun, reactionTo, wasTakenForDead } from '../../src/runs/decide.ts'
import type { HeldRun, SeenWorker } from '../../src/runs/orchestrator.ts'
import { state as stateOf, stateTypes } from '../../src/runs/states.ts'

const now = new Date('2026-11-21T05:00:00Z')
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)

describe('of the runs that are due', () => {
  it('those of known flows that nobody here holds may start, in their order, each at its time', () => {
    const run = (id: string, flow: string, seconds: number) => ({ id, flow, dueAt: at(seconds) })
    const choice = choose(
      [
        run('a', 'Known', -9),
        run('b', 'Strange', -8),
        run('c', 'Known', -7),
        run('d', 'Known', 1),
        run('e', 'Known', 0),
      ],
      { flows: new Set(['Known']), isHeld: (id) => id === 'c', now },
    )
    expect(choice.now.map(({ id }) => id)).toEqual(['a', 'e'])
    expect(choice.soon.map(({ id }) => id)).toEqual(['d'])
    expect(choice.unknownFlows).toEqual(['Strange'])
  })
})

describe('the execution of a run', () => {
  it('goes on, or ends for a reason, whatever state others give it', () => {
    const reasons = stateTypes.map((type) => [type, reactionTo(stateOf(type, now))?.reason ?? 'goes on'])
    expect(Object.fromEntries(reasons)).toEqual({
      SCHEDULED: 'lost',
      PENDING: 'goes on',
      RUNNING: 'goes on',
      PAUSED: 'suspended',
      CANCELLING: 'cancelled',
      COMPLETED: 'lost',
      FAILED: 'lost',
      CRASHED: 'lost',
      CANCELLED: 'cancelled',
    })
    expect(reactionTo(null)?.message).toMatch(/deleted/)
    expect(reactionTo('elsewhere')).toMatchObject({
      reason: 'lost',
      message: expect.stringMatching(/another process/),
    })
    expect(reactionTo(stateOf('SCHEDULED', now, { name: 'AwaitingRetry' }))).toBeNull()
  })
})

describe('a run that somebody claimed', () => {
  const held = (more: Partial<HeldRun> = {}): HeldRun => ({
    run: { id: '0190-x', name: 'r', flow: 'F', deployment: 'd', parameters: {} },
    type: 'RUNNING',
    runCount: 1,
    worker: 'other',
    instance: 'i2',
    since: at(-600),
    startedAt: at(-600),
    ...more,
  })
  const fate = (run: HeldRun, workers: SeenWorker[] = [], isHeld = false, hasEnded = false) =>
    fateOfRun(run, {
      me: { name: 'me', id: 'i1' },
      predecessor: 'i0',
      workers,
      isHeld: () => isHeld,
      hasEnded: () => hasEnded,
      now,
    })
  const other = (more: Partial<SeenWorker> = {}): SeenWorker => ({
    name: 'other',
    instance: 'i2',
    fate: 'lives',
    ...more,
  })

  it('lives with its worker, and with this process', () => {
    expect(fate(held(), [other()])).toBe('alive')
    expect(fate(held({ worker: 'me', instance: 'i1' }), [], true)).toBe('alive')
  })

  it('is dead at once where its process is known to be gone', () => {
    expect(fate(held(), [other({ fate: 'ended' })])).toBe('surely dead')
    expect(fate(held({ worker: 'me', instance: 'i0' }))).toBe('surely dead')
    expect(fate(held({ worker: 'me', instance: null }))).toBe('surely dead')
  })

  it('of this name is judged by its instance: another may have the name by now', () => {
    const namesakes = held({ worker: 'me', instance: 'i3' })
    const me = other({ name: 'me', instance: 'i1' })
    expect(fate(namesakes, [other({ name: 'me', instance: 'i3' })])).toBe('alive')
    expect(fate(namesakes, [other({ name: 'me', instance: 'i3', fate: 'silent' })])).toBe('dead')
    expect(fate(namesakes, [other({ name: 'me', instance: 'i3', fate: 'ended' })])).toBe('surely dead')
    expect(fate(namesakes, [me])).toBe('dead')
    expect(fate(namesakes, [other({ name: 'me', instance: null })])).toBe('dead')
  })

  it('is suspected where signs of life are missing', () => {
    expect(fate(held(), [other({ fate: 'silent' })])).toBe('dead')
    expect(fate(held())).toBe('dead')
    expect(fate(held({ worker: 'me', instance: 'i1' }))).toBe('dead')
  })

  it('was undone where it runs after its end here, and may be another start in any other state', () => {
    const ours = { worker: 'me', instance: 'i1' }
    expect(fate(held(ours), [], false, true)).toBe('undone')
    expect(fate(held({ ...ours, type: 'PENDING' }), [], false, true)).toBe('dead')
    expect(fate(held(ours), [], true, true)).toBe('alive')
    expect(fate(held(), [other()], false, true)).toBe('alive')
  })

  it('is not saved by a namesake of its worker, nor harmed by one', () => {
    expect(fate(held(), [other({ instance: 'i3' })])).toBe('dead')
    expect(fate(held(), [other({ instance: 'i3', fate: 'ended' }), other()])).toBe('alive')
    expect(fate(held({ instance: null }), [other()])).toBe('alive')
    expect(fate(held(), [other({ instance: null })])).toBe('alive')
  })

  it('without a worker is suspected when it stays claimed for minutes, and never while it runs', () => {
    const nobodys = { worker: null, instance: null }
    expect(fate(held({ ...nobodys, type: 'PENDING' }))).toBe('dead')
    expect(fate(held({ ...nobodys, type: 'PENDING', since: at(-60) }))).toBe('alive')
    expect(fate(held(nobodys))).toBe('alive')
  })

  it('ends as Crashed with the way to go on, and as Cancelled where that was wanted', () => {
    const crashed = endOfDead(held())
    expect(crashed).toEqual({
      type: 'CRASHED',
      message:
        'Worker other ended before the run did; `harvester runs retry 0190-x` goes on where it stopped',
    })
    expect(endOfDead(held({ type: 'CANCELLING' })).type).toBe('CANCELLED')
    expect(wasTakenForDead(stateOf('CRASHED', now, crashed))).toBe(true)
    expect(wasTakenForDead(stateOf('CRASHED', now, { message: 'out of memory' }))).toBe(false)
  })
})
