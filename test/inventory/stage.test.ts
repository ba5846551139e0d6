/** What comes onto the stage of a load, and what keeps a folder from it, before a database that only takes rows. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Database, Session } from '../../src/database/port.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import { stageFolder } from '../../src/inventory/load/stage.ts'
import { stageNames } from '../../src/inventory/load/staging.ts'
import { dataset, erddap, obis, profile, type RunContent, writeRunFolder } from '../support/run-folder.ts'

let folder = ''
afterEach(() => folder && rm(folder, { recursive: true, force: true }))

/** @param doubled what the database says of rows that are there twice */
async function staged(content: RunContent, { without = [] as string[], doubled = [] as object[] } = {}) {
  folder = await writeRunFolder(content)
  for (const file of without) await rm(join(folder, `${file}.csv`), { force: true })
  const names = stageNames()
  const partOf = new Map(Object.entries(names).map(([part, name]) => [name, part]))
  const copied: Record<string, unknown[][]> = {}
  const database = {
    async copyRows(_session: Session, table: string, _columns: unknown, rows: AsyncIterable<unknown[]>) {
      const part = partOf.get(table)!
      copied[part] ??= []
      let count = 0
      for await (const row of rows) {
        copied[part].push([...row])
        count += 1
      }
      return count
    },
  } as unknown as Database
  const session = {
    query: async (sql: string) => ({
      count: sql.includes('HAVING') ? doubled.length : 0,
      rows: sql.includes('HAVING') ? doubled : [],
    }),
  } as unknown as Session
  const stage = await stageFolder(database, session, folder, names, new Map(), undefined)
  return { stage, copied }
}

const obisDataset = dataset('o', { erddap_url: obis, source_type: 'obis' })

describe('a folder is no complete run folder', () => {
  it.each(['datasets', 'profiles'])('without %s.csv', async (file) => {
    await expect(staged({ datasets: [dataset('a')] }, { without: [file] })).rejects.toMatchObject({
      code: 'FOLDER_UNREADABLE',
      message: expect.stringContaining(`has no ${file}.csv: it is no complete run folder`),
    })
  })

  it('without cells of the OBIS datasets that it names', async () => {
    await expect(staged({ datasets: [obisDataset] }, { without: ['obis_cells'] })).rejects.toMatchObject({
      message: expect.stringContaining('has OBIS datasets, but no obis_cells.csv'),
    })
  })
})

it('files that a run need not have may be missing', async () => {
  const without = ['obis_cells', 'tracks', 'ckan', 'verified', 'skipped']
  const { stage, copied } = await staged(
    { datasets: [dataset('a')], profiles: [profile('a', '1')] },
    { without },
  )
  expect(stage.hasCkan).toBe(false)
  expect(stage.counts).toMatchObject({ profiles: 1, cells: 0, verified: 0, skipped: 0 })
  expect(copied.verdicts).toEqual([[1, 1, false]])
  expect(copied.skipped).toEqual([])
})

describe('a dataset', () => {
  it('some of whose rows are refused is left out, and said to be so', async () => {
    const { copied } = await staged({
      datasets: [dataset('a'), dataset('b')],
      profiles: [profile('a', '1'), profile('b', '1', { latitude: 'north' })],
    })
    expect(copied.verdicts).toEqual([
      [1, 1, false],
      [2, 0, true],
    ])
    expect(copied.skipped).toEqual([[erddap, 'b', 'ROWS_REJECTED', null]])
  })

  it('that the folder says was skipped is not said twice', async () => {
    const { copied } = await staged({
      datasets: [dataset('b')],
      profiles: [profile('b', '1', { latitude: 'north' })],
      skipped: [{ erddap_url: erddap, dataset_id: 'b', reason_code: 'HTTP_ERROR' }],
    })
    expect(copied.skipped!.map(([, id, reason]) => [id, reason])).toEqual([['b', 'HTTP_ERROR']])
  })

  it('that states rows of which not one is there was cut off', async () => {
    const { stage } = await staged({ datasets: [dataset('a', { n_profiles: 3 })] })
    expect(stage.datasets[0]!.rejected).toBe(
      'datasets.csv line 2, n_profiles: "3" rows are stated, but profiles.csv has none',
    )
    expect(stage.warnings).toEqual([])
  })

  it('that states another number than there is loads with a warning; one that states none, or right, without', async () => {
    const { stage } = await staged({
      datasets: [
        dataset('a', { n_profiles: 3 }),
        dataset('b', { n_profiles: null }),
        dataset('c', { n_profiles: 1 }),
      ],
      profiles: [profile('a', '1'), profile('b', '1'), profile('c', '1')],
    })
    expect(stage.warnings).toEqual([
      '1 dataset states another n_profiles than there are rows; the rows were counted',
    ])
    expect(stage.datasets.map(({ rejected }) => rejected)).toEqual([null, null, null])
  })

  it('with a row that is there twice keeps what it has; the first is named', async () => {
    const doubled = [{ n: 1, first: 2, lines: [3, 4], value: '1, ' }]
    const { stage } = await staged(
      { datasets: [dataset('a')], profiles: ['1', '1', '1'].map((station) => profile('a', station)) },
      { doubled },
    )
    expect(stage.rejects.map(({ line, column, reason }) => [line, column, reason])).toEqual([
      [3, 'timeseries_id, profile_id', 'is given in line 2 already'],
      [4, 'timeseries_id, profile_id', 'is given in line 2 already'],
    ])
    expect(stage.datasets[0]!.rejected).toMatch(/^profiles\.csv line 3, /)
  })

  it('of OBIS with a cell that is there twice, too', async () => {
    const cell = {
      ...{ dataset_id: 'o', latitude: 50, longitude: -60, n_records: 1, depth_min: 0, depth_max: 0 },
      scientific_names: [],
    }
    const { stage } = await staged(
      { datasets: [obisDataset], obis_cells: [cell, cell] },
      { doubled: [{ n: 1, first: 2, lines: [3], value: '50, -60' }] },
    )
    expect(stage.rejects).toMatchObject([
      { file: 'obis_cells.csv', line: 3, column: 'latitude, longitude', value: '50, -60' },
    ])
  })
})

describe('before the database is asked, a load refuses', () => {
  const load = (path: string) => loadFolder({} as Database, path, { mode: 'full' } as never)

  it('what is no folder, is not there, or has not ended', async () => {
    folder = await writeRunFolder({ datasets: [dataset('a')] })
    const file = join(folder, 'datasets.csv')
    await expect(load(file)).rejects.toMatchObject({
      code: 'FOLDER_UNREADABLE',
      message: `${file} is no folder`,
    })
    await expect(load(join(folder, 'none'))).rejects.toMatchObject({
      message: expect.stringContaining('none cannot be read'),
    })
    const partial = join(dirname(folder), `.partial-${basename(folder)}`)
    await mkdir(partial)
    await writeFile(join(partial, 'datasets.csv'), '')
    await expect(load(partial)).rejects.toMatchObject({
      message: `${partial} is the folder of a run that has not ended`,
    })
    await rm(partial, { recursive: true })
  })
})
