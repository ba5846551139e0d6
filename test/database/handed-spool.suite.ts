import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { forgetHanded, forgetHandedBefore, handOver, takeOver } from '../../src/inventory/handed-spool.ts'
import { Spool } from '../../src/inventory/spool.ts'

const erddapUrl = 'https://a.example.org/erddap'

export function describeHandedSpool(engine: string, open: () => Promise<Database>): void {
  describe(`a spool that is handed over, on ${engine}`, () => {
    let database: Database
    const folders: string[] = []
    const host = () => {
      const folder = mkdtempSync(join(tmpdir(), 'handed-'))
      folders.push(folder)
      return folder
    }
    const harvest = async (folder: string, ids: readonly string[], cell = 'a') => {
      const spool = await Spool.open<{ of: string }>(folder)
      for (const datasetId of ids) {
        const piece = spool.piece()
        await piece.write([[datasetId, cell]])
        await spool.commit({ erddapUrl, datasetId }, { of: datasetId }, piece)
      }
      await spool.close()
    }
    const bytesOf = (folder: string, name: string) => readFileSync(join(folder, 'spool', name))
    const parts = async () =>
      (await database.query<{ n: number }>('SELECT count(*)::int AS n FROM harvester.handed_spools')).rows[0]!
        .n

    beforeAll(async () => {
      database = await open()
      await migrate(database)
    })
    afterAll(() => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    })

    it('is the same on the other host, though it takes several pieces', async () => {
      const [run, here, there] = [randomUUID(), host(), host()]
      // More than one piece.
      const ids = Array.from({ length: 200 }, (_, n) => (n === 1 ? 'b' : `d${n}`))
      await harvest(here, ids, randomBytes(16_000).toString('hex'))
      expect(await takeOver(database, run, there)).toBe(false)
      expect(await handOver(database, run, here)).toBe('handed')
      expect(await parts()).toBeGreaterThan(2)
      expect(await takeOver(database, run, there)).toBe(true)
      for (const name of ['rows.csv', 'ledger.jsonl'])
        expect(bytesOf(there, name).equals(bytesOf(here, name))).toBe(true)
      const spool = await Spool.open<{ of: string }>(there)
      expect(spool.leftover).toBe(200)
      expect(await spool.take({ erddapUrl, datasetId: 'b' }, (entry) => entry)).toEqual({
        entry: { of: 'b' },
        rows: 1,
      })
      await spool.close()
      await forgetHanded(database, run)
      expect(await parts()).toBe(0)
    })

    it('goes back to the first host with what the second one added, and not over what is newer', async () => {
      const [run, first, second] = [randomUUID(), host(), host()]
      await harvest(first, ['a'])
      await handOver(database, run, first)
      // It has as much itself.
      expect(await takeOver(database, run, first)).toBe(false)
      await takeOver(database, run, second)
      await harvest(second, ['b'])
      await handOver(database, run, second)
      expect(await takeOver(database, run, first)).toBe(true)
      const spool = await Spool.open(first)
      expect(spool.leftover).toBe(2)
      await spool.close()
      await forgetHanded(database, run)
    })

    it('is not handed over where there is nothing, or too much', async () => {
      const [run, empty, large] = [randomUUID(), host(), host()]
      expect(await handOver(database, run, empty)).toBe('empty')
      await harvest(large, ['a'], 'x'.repeat(2000))
      expect(await handOver(database, run, large, 1000)).toBe('too large')
      expect(await parts()).toBe(0)
    })

    it('is forgotten when nobody took it up', async () => {
      const [run, here] = [randomUUID(), host()]
      await harvest(here, ['a'])
      await handOver(database, run, here)
      expect(await forgetHandedBefore(database, new Date(Date.now() - 3_600_000))).toBe(0)
      expect(await forgetHandedBefore(database, new Date(Date.now() + 3_600_000))).toBe(1)
      expect(await parts()).toBe(0)
    })
  })
}
