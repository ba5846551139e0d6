import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HarvesterError, isHarvesterError } from '../../src/errors.ts'
import type { RunEnd } from '../../src/runs/backend.ts'
import { newInstance, type WorkerInstance } from '../../src/runs/instance.ts'
import { openOutbox } from '../../src/runs/outbox.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'

let folder: string
let problems: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outbox é '))
  problems = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const end = (flowRunId: string): RunEnd => ({
  flowRunId,
  runName: 'r',
  runCount: 1,
  to: { kind: 'final', type: 'COMPLETED', message: 'done', retry: false, transitionId: 't' },
})
const open = (instance: WorkerInstance) =>
  openOutbox({
    folder,
    instance,
    // The waits are the server's matter.
    runtime: { ...systemRuntime, sleep: () => systemRuntime.sleep(1) },
    mayPass: (error) => isHarvesterError(error) && error.facts.status !== 422,
    onProblem: (text) => problems.push(text),
  })
const away = () => {
  throw new HarvesterError('PREFECT_UNREACHABLE', 'away')
}
const files = () => readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.json'))
/** A process that is certainly gone: its number is in use by another one, or by none. */
const gone = async (name: string): Promise<WorkerInstance> => ({ ...newInstance(name), started: '1' })

it('tells an end until it is taken, and keeps it on disk until then', async () => {
  const outbox = open(newInstance('w'))
  let tries = 0
  const answer = await outbox.deliver(end('a'), async () => {
    expect(files()).toHaveLength(2)
    if (++tries < 3) throw new HarvesterError('PREFECT_REFUSED', 'restarting', { facts: { status: 500 } })
    return { kind: 'accepted' }
  })
  expect([answer, tries]).toEqual([{ kind: 'accepted' }, 3])
  expect(problems).toHaveLength(1)
  await outbox.close()
  expect(files()).toEqual([])
})

it('tells the end of a run whose id leads elsewhere, and writes nothing there', async () => {
  const instance = newInstance('w')
  const outbox = open(instance)
  const seen: string[] = []
  await outbox.deliver(end('../../stray'), async () => {
    seen.push(
      ...files().map(String),
      ...readdirSync(join(folder, '..')).filter((name) => name.startsWith('stray')),
    )
    return { kind: 'accepted' }
  })
  expect(seen).toEqual([])
  await outbox.close()
})

it('forgets what is refused for good', async () => {
  const outbox = open(newInstance('w'))
  const refused = outbox.deliver(end('a'), async () => {
    throw new HarvesterError('PREFECT_REFUSED', 'no', { facts: { status: 422 } })
  })
  await expect(refused).rejects.toMatchObject({ code: 'PREFECT_REFUSED' })
  await outbox.close()
  expect(files()).toEqual([])
})

it('leaves to its successor what it could not tell in time', async () => {
  const first = open(await gone('w'))
  const late = first.deliver(end('a'), async () => away())
  late.catch(() => {})
  first.hurry(20)
  await expect(late).rejects.toMatchObject({
    code: 'CANCELLED',
    message: /told when this worker starts again/,
  })
  await first.close()
  expect(files()).toHaveLength(2)

  const living = open(newInstance('v'))
  await living.deliver(end('b'), async () => ({ kind: 'accepted' }))
  const next = open(newInstance('w'))
  const told: RunEnd[] = []
  const tell = async (one: RunEnd) => {
    if (told.push(one) < 2) away()
    return { kind: 'accepted' } as const
  }
  expect(await next.takeUp(tell)).toBe(1)
  expect(next.holds('a')).toBe(true)
  await next.close()
  expect(told).toEqual([end('a'), end('a')])
  expect(await next.takeUp(tell)).toBe(0)
})

it('takes nothing from a process that lives', async () => {
  const living = open(newInstance('w'))
  let take: () => void = () => {}
  const taken = new Promise<void>((resolve) => {
    take = resolve
  })
  const work = living.deliver(end('a'), async () => {
    await taken
    return { kind: 'accepted' }
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await open(newInstance('w')).takeUp(async () => ({ kind: 'accepted' }))).toBe(0)
  take()
  await work
})
