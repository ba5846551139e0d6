import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import { isHarvesterError } from '../../src/errors.ts'

/** What the rest of the product may rely on, whichever engine is behind the port. */
export function describePort(name: string, open: () => Promise<Database>): void {
  describe(`the database port on ${name}`, () => {
    let database: Database
    beforeAll(async () => {
      database = await open()
    }, 240_000)
    afterAll(() => database?.close())

    it('gives whole numbers, times, arrays and nulls as what they are', async () => {
      const { rows } = await database.query(
        `SELECT $1::bigint AS n, $2::timestamptz AS t, ARRAY['a', 'b,"c'] AS list, NULL::text AS nothing`,
        [12345678901, '2020-01-02T03:04:05Z'],
      )
      expect(rows).toEqual([
        { n: 12345678901, t: new Date('2020-01-02T03:04:05Z'), list: ['a', 'b,"c'], nothing: null },
      ])
    })

    it('keeps the statements of many users apart', async () => {
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          i % 2 === 0
            ? database.query<{ v: number }>(`SELECT $1::int + ${i} AS v`, [i])
            : database.transaction(async (session) => {
                await session.query('SELECT $1::text AS other', [`text ${i}`])
                return session.query<{ v: number }>(`SELECT $1::int * 2 AS v, ${i} AS i`, [i])
              }),
        ),
      )
      expect(answers.map((answer) => answer.rows[0]!.v)).toEqual(Array.from({ length: 60 }, (_, i) => i * 2))
    })

    it('gives each question its own answer after a statement that was refused', async () => {
      await database.query('CREATE TABLE IF NOT EXISTS port_parent (a int PRIMARY KEY)')
      await database.query('CREATE TABLE IF NOT EXISTS port_child (a int REFERENCES port_parent)')
      const refused = [
        ['INSERT INTO port_child VALUES ($1)', 7],
        ['SELECT 1 / $1::int', 0],
        ['SELECT $1::int FROM nowhere', 1],
      ] as const
      for (let asked = 0; asked < 60; asked += 1) {
        const [sql, value] = refused[asked % refused.length]!
        // Asked at once, while the engine may still tell of the one before.
        const fault = await database.query(sql, [value]).catch(String)
        const { rows } = await database.query('SELECT $1::int AS v', [asked])
        expect([sql, fault, rows]).toEqual([sql, expect.stringContaining('refused'), [{ v: asked }]])
      }
      await database.query('DROP TABLE port_child, port_parent')
    })

    it('executes nothing of a statement that was refused, whatever was asked before', async () => {
      await database.query('CREATE TABLE port_once (a int)')
      for (let asked = 1; asked <= 20; asked += 1) {
        await database.query('INSERT INTO port_once VALUES ($1)', [asked])
        await expect(database.query('INSERT INTO port_nowhere VALUES ($1)', [asked])).rejects.toThrow(
          'refused',
        )
        const { rows } = await database.query('SELECT array_agg(a ORDER BY a) AS found FROM port_once')
        expect(rows).toEqual([{ found: Array.from({ length: asked }, (_, at) => at + 1) }])
      }
      await database.query('DROP TABLE port_once')
    })

    it('gives long answers whole, whatever stands in them', async () => {
      // The bytes between the two columns are those by which a server says that it is ready.
      const sql = `SELECT repeat('x', $1::int * 997) || 'Z' AS a, 'Index' AS b, n FROM generate_series(1, $2::int) n`
      for (const [length, count] of [
        [0, 30_000],
        [1, 400],
        [9, 40],
        [300, 3],
      ] as const) {
        const { rows } = await database.query<{ a: string; b: string; n: number }>(sql, [length, count])
        const wanted = { a: `${'x'.repeat(length * 997)}Z`, b: 'Index' }
        expect(rows.length).toBe(count)
        expect(rows.every(({ a, b, n }, at) => a === wanted.a && b === wanted.b && n === at + 1)).toBe(true)
      }
    })

    it('copies rows with every character that a text may hold', async () => {
      const texts = ['plain', 'tab\tand\nline\r\n', 'back\\slash \\N', '"quoted"', 'é 海 🌊', '', null]
      await database.session(async (session) => {
        await session.query(
          'CREATE TEMP TABLE port_copy (n int, t text, f float8, at timestamptz, list text[])',
        )
        const rows = texts.map(
          (text, n) => [n, text, n / 3, '2021-01-01T00:00:00Z', ['a "b"', 'c\\d', 'e,f']] as const,
        )
        const count = await database.copyRows(
          session,
          'port_copy',
          [
            { name: 'n', type: 'int' },
            { name: 't', type: 'text' },
            { name: 'f', type: 'float8' },
            { name: 'at', type: 'timestamptz' },
            { name: 'list', type: 'text[]' },
          ],
          rows,
        )
        expect(count).toBe(texts.length)
        const { rows: found } = await session.query<{ t: string; f: number; list: string[] }>(
          'SELECT * FROM port_copy ORDER BY n',
        )
        expect(found.map((row) => row.t)).toEqual(texts)
        expect(found.map((row) => row.f)).toEqual(texts.map((_, n) => n / 3))
        expect(found[3]!.list).toEqual(['a "b"', 'c\\d', 'e,f'])
        await session.query('DROP TABLE port_copy')
      })
    })

    it('copies more rows than one piece holds', async () => {
      await database.session(async (session) => {
        await session.query('CREATE TEMP TABLE port_many (n int)')
        async function* rows() {
          for (let n = 0; n < 12_345; n++) yield [n]
        }
        expect(await database.copyRows(session, 'port_many', [{ name: 'n', type: 'int' }], rows())).toBe(
          12_345,
        )
        const { rows: sum } = await session.query('SELECT sum(n) AS sum FROM port_many')
        expect(sum).toEqual([{ sum: (12_344 * 12_345) / 2 }])
        await session.query('DROP TABLE port_many')
      })
    })

    it('rolls back what a failed transaction did', async () => {
      await database.query('CREATE TABLE port_rollback (n int)')
      const failure = database.transaction(async (session) => {
        await session.query('INSERT INTO port_rollback VALUES (1)')
        throw new Error('on purpose')
      })
      await expect(failure).rejects.toThrow('on purpose')
      expect((await database.query('SELECT * FROM port_rollback')).rows).toEqual([])
      await database.query('DROP TABLE port_rollback')
    })

    it('goes on after a statement that the database refused', async () => {
      const failure = await database.query('SELECT no_such_column').catch((error: unknown) => error)
      expect(isHarvesterError(failure, 'DATABASE_FAILED')).toBe(true)
      expect((failure as Error).message).toContain('no_such_column')
      expect((await database.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })

    it('does nothing for work that was cancelled before', async () => {
      const failure = await database
        .query('SELECT 1', [], { signal: AbortSignal.abort() })
        .catch((error: unknown) => error)
      expect(isHarvesterError(failure, 'CANCELLED')).toBe(true)
    })
  })
}
