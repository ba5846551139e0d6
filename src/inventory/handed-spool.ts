/**
 * What an unfinished run has harvested, on its way to another host: the files of its spool, in the database, from
 * when its worker gives it back until it ends. The cost is that of a hand-over, and no harvest pays it otherwise.
 */
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Database } from '../database/port.ts'
import { insideFolder } from '../inside.ts'

/** Together; what is more would take longer than a stop may. */
const mostHandedBytes = 128 * 1024 * 1024
const pieceBytes = 4 * 1024 * 1024

/** The rows first: the ledger speaks of rows that are there. */
const files = [
  { file: 'rows', name: 'rows.csv' },
  { file: 'ledger', name: 'ledger.jsonl' },
] as const

const compress = promisify(gzip)
const expand = promisify(gunzip)

/**
 * Hands a closed spool over. `too large`: it stays on this host alone.
 * @param folder of the run
 * @param most bytes of both files
 * @throws HarvesterError DATABASE_…
 */
export async function handOver(
  database: Database,
  flowRunId: string,
  folder: string,
  most: number = mostHandedBytes,
): Promise<'handed' | 'too large' | 'empty'> {
  const sizes = await Promise.all(files.map(({ name }) => sizeOf(pathOf(folder, name))))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes[1] === 0) return 'empty'
  if (total > most) return 'too large'
  await database.transaction(async (session) => {
    await session.query('DELETE FROM harvester.handed_spools WHERE flow_run_id = $1', [flowRunId])
    for (const [index, { file, name }] of files.entries()) {
      let part = 0
      const stream = createReadStream(pathOf(folder, name), { highWaterMark: pieceBytes })
      for await (const piece of sizes[index] === 0 ? [] : stream)
        await session.query(
          `INSERT INTO harvester.handed_spools (flow_run_id, file, part, file_bytes, bytes)
           VALUES ($1, $2, $3, $4, $5)`,
          [flowRunId, file, part++, sizes[index], await compress(piece as Buffer)],
        )
    }
  })
  return 'handed'
}

/**
 * Lays what was handed over into the folder of the run, before its spool is opened; nothing where this host has as much
 * itself. False when there is nothing to take over.
 * @throws HarvesterError DATABASE_…
 */
export async function takeOver(database: Database, flowRunId: string, folder: string): Promise<boolean> {
  const { rows } = await database.query<{ file: string; parts: number; file_bytes: number | string }>(
    `SELECT file, count(*)::int AS parts, max(file_bytes) AS file_bytes
     FROM harvester.handed_spools WHERE flow_run_id = $1 GROUP BY file`,
    [flowRunId],
  )
  const ledger = rows.find(({ file }) => file === 'ledger')
  // A ledger only grows: the longer one is the later one.
  if (!ledger || (await sizeOf(pathOf(folder, 'ledger.jsonl'))) >= Number(ledger.file_bytes)) return false
  await mkdir(insideFolder(folder, 'spool'), { recursive: true })
  for (const { file, name } of files) {
    const parts = rows.find((row) => row.file === file)?.parts ?? 0
    const path = pathOf(folder, name)
    const whole = `${path}.taken`
    const target = await open(whole, 'w')
    try {
      for (let part = 0; part < parts; part++)
        await target.write(await readPart(database, flowRunId, file, part))
    } finally {
      await target.close()
    }
    await rename(whole, path)
  }
  return true
}

async function readPart(
  database: Database,
  flowRunId: string,
  file: string,
  part: number,
): Promise<Uint8Array> {
  const { rows } = await database.query<{ bytes: Uint8Array }>(
    'SELECT bytes FROM harvester.handed_spools WHERE flow_run_id = $1 AND file = $2 AND part = $3',
    [flowRunId, file, part],
  )
  return expand(rows[0]!.bytes)
}

/** The run has ended. */
export async function forgetHanded(database: Database, flowRunId: string): Promise<void> {
  await database.query('DELETE FROM harvester.handed_spools WHERE flow_run_id = $1', [flowRunId])
}

/** What nobody took up. Returns how many runs that were. */
export async function forgetHandedBefore(database: Database, before: Date): Promise<number> {
  const { rows } = await database.query<{ runs: number }>(
    `WITH gone AS (DELETE FROM harvester.handed_spools WHERE handed_at < $1 RETURNING flow_run_id)
     SELECT count(DISTINCT flow_run_id)::int AS runs FROM gone`,
    [before],
  )
  return rows[0]!.runs
}

const pathOf = (folder: string, name: string) => insideFolder(insideFolder(folder, 'spool'), name)

function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
