import { expect, test } from 'vitest'
import { renderLimits, setLimit } from '../../src/cli/limits.ts'
import { localLimits, memoryStore } from '../../src/runs/index.ts'
import { slow, spec } from '../support/prefect-flows.ts'

const declaration = {
  deployments: [spec('harvest-all', slow, { workPool: 'maintenance', concurrencyLimit: 1 })],
  pools: [],
  tagLimits: { database: 3 },
}
const open = () => localLimits(memoryStore(), declaration, 'ann')

test('a limit is set, lifted and taken back, and each change is said', async () => {
  const desk = open()
  expect(await setLimit(desk, 'tag:database', '5')).toBe('limit tag:database 3 → 5')
  expect(await setLimit(desk, 'tag:database', 'none')).toBe('limit tag:database 5 → none')
  expect(await setLimit(desk, 'tag:database', 'default')).toBe('limit tag:database none → 3')
  await expect(setLimit(desk, 'tag:database', '0')).rejects.toMatchObject({ exitCode: 2 })
  await expect(setLimit(desk, 'harvest-all', '2')).rejects.toMatchObject({ exitCode: 2 })
})

test('the table tells what is declared, what is in force, who set it and when', async () => {
  const desk = open()
  await desk.set('deployment:harvest-all', 4)
  const lines = renderLimits(await desk.list(), new Date(Date.now() + 3 * 3_600_000)).split('\n')
  const cells = (name: string) =>
    lines
      .find((line) => line.includes(name))
      ?.split('│')
      .slice(1, -1)
      .map((cell) => cell.trim())
  expect(cells('deployment:harvest-all')).toEqual([
    'deployment:harvest-all',
    '1',
    '4',
    '0',
    'set by ann 3 h ago',
  ])
  expect(cells('pool:maintenance')).toEqual(['pool:maintenance', 'none', 'none', '0', 'declaration'])
})

test('a limit that the server lost is shown as missing', () => {
  const shown = renderLimits(
    [
      {
        name: 'tag:database',
        declared: 3,
        inForce: null,
        active: 0,
        from: 'missing',
        setBy: null,
        setAt: null,
      },
    ],
    new Date(),
  )
  expect(shown).toContain('missing on the server')
})
