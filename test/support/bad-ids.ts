/** A harvest of a server whose list holds ids that cannot be asked for, the same with every kind of database. */
import { expect } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { createHarvester, type Harvester } from './harvester.ts'

/** Each id with how it is shown. */
const badIds: readonly (readonly [id: string, shown: string])[] = [
  ['.', '.'],
  ['..', '..'],
  ['nul\0id', 'nul\\u0000id'],
  ['cr\rid', 'cr\\rid'],
  ['esc\u001b[2Jid', 'esc\\u001b[2Jid'],
  ['c1\u009bid', 'c1\\u009bid'],
  ['half\ud800id', 'half\\ud800id'],
]

/** Bad ids beside good ones are attempts of their own, never asked, and the batch of all attempts is stored. */
export async function harvestBadIds(database: Database): Promise<void> {
  let server: ErddapServer | undefined
  let harvest: Harvester | undefined
  try {
    const [first, second, ...others] = scaleDatasets({ kind: 'mixed', datasets: 2 + badIds.length })
    const bad = others.map((dataset, at) => ({ ...dataset, id: badIds[at]![0] }))
    server = await startErddap({ datasets: [first!, ...bad, second!] })
    harvest = await createHarvester({ settings: { erddap_urls: [server.url] }, database })
    const run = await harvest.run()
    const good = [first!.id, second!.id]
    const shown = badIds.map(([, text]) => text)
    const expected = Object.fromEntries([
      ...good.map((id) => [id, 'success']),
      ...shown.map((text) => [text, 'BAD_ID']),
    ])

    expect(run.outcomes).toEqual(expected)
    expect(run.attempts).toHaveLength(good.length + bad.length)
    for (const attempt of run.attempts.filter(({ reason }) => reason === 'BAD_ID'))
      expect(attempt).toMatchObject({ status: 'error', queryUrls: [], facts: [{ code: 'BAD_ID' }] })
    const asked = server.requests.map(({ path }) => path).filter((path) => !path.includes('allDatasets'))
    expect(asked.filter((path) => !good.some((id) => path.includes(id)))).toEqual([])
    expect((await run.table('datasets')).map((row) => row.dataset_id)).toEqual(good)

    const { rows } = await database.query<{ id: string; outcome: string }>(
      'SELECT dataset_id AS id, COALESCE(reason_code, status) AS outcome FROM cde.harvest_attempts',
    )
    expect(Object.fromEntries(rows.map(({ id, outcome }) => [id, outcome]))).toEqual(expected)
    expect(rows).toHaveLength(run.attempts.length)
    const stored = await database.query<{ id: string }>(
      'SELECT dataset_id AS id FROM cde.datasets ORDER BY dataset_id',
    )
    expect(stored.rows.map(({ id }) => id)).toEqual(good)
  } finally {
    await harvest?.close()
    await server?.close()
  }
}
