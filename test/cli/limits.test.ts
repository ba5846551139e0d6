import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { openOperator } from '../../src/app/orchestrator.ts'
import { renderLimits, setLimit } from '../../src/cli/limits.ts'
import { silentLog } from '../../src/log/log.ts'
import { localLimits, memoryStore } from '../../src/runs/index.ts'
import { slow, spec } from '../support/prefect-flows.ts'

const made = vi.hoisted(() => ({ clients: 0 }))
vi.mock('../../src/http/client.ts', async (original) => {
  const client = await original<typeof import('../../src/http/client.ts')>()
  const createHttpClient: typeof client.createHttpClient = (settings) => {
    made.clients += 1
    return client.createHttpClient(settings)
  }
  return { ...client, createHttpClient }
})

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

test('whoever looks at limits opens no client for sources; who asks one does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'limits-'))
  const file = join(folder, 'harvest.yaml')
  writeFileSync(file, 'erddap_urls: [https://erddap.example.org/erddap]\n')
  const open = await openOperator({
    file,
    work: false,
    env: {},
    log: silentLog,
    signal: new AbortController().signal,
    database: async () => Promise.reject(new Error('no database is needed')),
  })
  expect(open.declared.length).toBeGreaterThan(0)
  expect(made.clients).toBe(0)
  const unheard = open.parts.services.http.text({ url: 'http://127.0.0.1:1/', retries: 0 })
  await expect(unheard).rejects.toMatchObject({ code: 'HTTP_CONNECT' })
  expect(made.clients).toBe(1)
  await open.close()
  rmSync(folder, { recursive: true })
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
