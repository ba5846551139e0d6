/** Which way a materialized view is refreshed, by what the catalogue says of it. */
import { expect, it } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import { refreshView } from '../../src/inventory/refresh-view.ts'

const view = { quoted: 'cde.summary', kind: 'm', filled: true, indexed: true }

function database(found: Partial<typeof view> | null, ownBackEnds = true) {
  const asked: { sql: string; values: readonly unknown[] }[] = []
  const query = async (sql: string, values: readonly unknown[] = []) => {
    asked.push({ sql, values })
    return { rows: asked.length === 1 && found !== null ? [{ ...view, ...found }] : [], count: 0 }
  }
  return { database: { ownBackEnds, query } as unknown as Database, asked }
}

it.each([
  ['a filled one with a unique index on PostgreSQL', {}, true, true],
  ['one that was never filled', { filled: false }, true, false],
  ['one without a unique index', { indexed: false }, true, false],
  ['any on the embedded engine', {}, false, false],
] as const)('%s: readers are let in meanwhile: %s %s %s', async (_, found, ownBackEnds, concurrently) => {
  const { database: on, asked } = database(found, ownBackEnds)
  expect(await refreshView(on, 'summary')).toEqual({ view: 'cde.summary', concurrently })
  expect(asked[1]!.sql).toBe(`REFRESH MATERIALIZED VIEW ${concurrently ? 'CONCURRENTLY ' : ''}cde.summary`)
})

it('a name is looked up with its schema where it has one', async () => {
  for (const [name, values] of [
    ['summary', [null, 'summary']],
    ['Portal.summary', ['Portal', 'summary']],
  ] as const) {
    const { database: on, asked } = database({})
    await refreshView(on, name)
    expect(asked[0]!.values).toEqual(values)
  }
})

it('what is not there is not refreshed', async () => {
  const { database: on, asked } = database(null)
  expect(await refreshView(on, 'nowhere.gone')).toBeNull()
  expect(asked).toHaveLength(1)
})

it.each(['r', 'v', 'p', 'f'])(
  'what is no materialized view (%s) is wrong usage, and stays as it is',
  async (kind) => {
    const { database: on, asked } = database({ kind })
    await expect(refreshView(on, 'summary')).rejects.toMatchObject({
      code: 'USAGE',
      message: 'cde.summary is not a materialized view',
    })
    expect(asked).toHaveLength(1)
  },
)
