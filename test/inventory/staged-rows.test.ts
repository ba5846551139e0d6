/** The rows of a run folder on their way to the stage: what is counted to which dataset, and what is refused, and why. */
import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { TableName } from '../../src/inventory/contract.ts'
import { readRunFacts, sourcesOf } from '../../src/inventory/load/run-facts.ts'
import {
  cellRows,
  datasetRows,
  plainRows,
  profileRows,
  type Reading,
  trackRows,
} from '../../src/inventory/load/staged-rows.ts'
import { keyOf, type Stage, stageNames } from '../../src/inventory/load/staging.ts'
import { dataset, erddap, obis, profile, type RunContent, writeRunFolder } from '../support/run-folder.ts'

let folder: string | undefined
afterEach(() => folder && rm(folder, { recursive: true, force: true }))

/** @param broken lines to be appended as they are, by file */
async function staged(content: RunContent, broken: Partial<Record<TableName, string>> = {}) {
  folder = await writeRunFolder(content)
  for (const [file, line] of Object.entries(broken))
    await appendFile(join(folder, `${file}.csv`), `${line}\n`)
  const counts = { profiles: 0, cells: 0, verified: 0, skipped: 0, rows: 0 }
  const stage: Stage = {
    ...{ names: stageNames(), datasets: [], hasCkan: true, counts },
    ...{ rejects: [], rejectedRows: 0, warnings: [] },
  }
  const reading: Reading = {
    ...{ folder, signal: undefined, stage, byKey: new Map(), obisById: new Map() },
    attemptTimes: new Map([[keyOf(erddap, 'left'), '2026-01-01T00:00:00Z']]),
  }
  const all = async (rows: AsyncIterable<unknown[]>) => {
    const found: unknown[][] = []
    for await (const row of rows) found.push([...row])
    return found
  }
  const datasets = await all(datasetRows(reading))
  return {
    stage,
    datasets,
    rows: () => all(profileRows(reading)),
    cells: () => all(cellRows(reading)),
    tracks: () => all(trackRows(reading)),
    plain: (file: 'ckan' | 'verified' | 'skipped') => all(plainRows(reading, file, new Set())),
    refused: () =>
      stage.rejects.map(({ datasetId, column, value, reason }) => [datasetId, column, value, reason]),
  }
}

const cell = (id: string, more = {}) => ({
  ...{ dataset_id: id, latitude: 50, longitude: -60, n_records: 1, depth_min: 0, depth_max: 0 },
  scientific_names: [],
  ...more,
})
const track = (id: string, trajectory: string | null) => ({
  ...{ erddap_url: erddap, dataset_id: id, trajectory_id: trajectory },
  ...{
    time_min: '2020-01-01T00:00:00Z',
    time_max: '2020-01-02T00:00:00Z',
    n_records: 2,
    n_days: 2,
    n_rows: 2,
  },
  ...{ west: -60, east: -59, south: 50, north: 51, geom: null },
})

describe('datasets', () => {
  it('are numbered as they come; their stated rows count where they are stated', async () => {
    const { stage, datasets } = await staged({
      datasets: [dataset('a', { n_profiles: 3 }), dataset('b', { n_profiles: null })],
    })
    expect(datasets.map(([number]) => number)).toEqual([1, 2])
    expect(stage.datasets.map(({ statedRows }) => statedRows)).toEqual([3, null])
  })

  it('that are given twice keep what they have: the second is refused', async () => {
    const { stage, datasets, refused } = await staged({ datasets: [dataset('a'), dataset('a')] })
    expect(datasets).toHaveLength(1)
    expect(refused()).toEqual([['a', 'dataset_id', 'a', 'is given in line 2 already']])
    expect(stage.datasets[0]!.rejected).toBe(
      'datasets.csv line 3, dataset_id: "a" is given in line 2 already',
    )
  })

  it('of no name are refused without a dataset, and those with a bad cell with theirs', async () => {
    const { stage, datasets } = await staged({
      datasets: [dataset('', {}), dataset('b', { num_columns: 'seven' })],
    })
    expect(datasets).toEqual([])
    expect(stage.datasets.map(({ datasetId, rejected }) => [datasetId, rejected !== null])).toEqual([
      ['b', true],
    ])
    expect(stage.rejectedRows).toBe(2)
  })
})

describe('profiles', () => {
  it('are counted to their dataset, whatever order they come in', async () => {
    const { stage, rows } = await staged({
      datasets: [dataset('a'), dataset('b')],
      profiles: [profile('a', '1'), profile('b', '1'), profile('a', '2')],
    })
    // Number of the dataset, and line.
    expect((await rows()).map(([number, line]) => [number, line])).toEqual([
      [1, 2],
      [2, 3],
      [1, 4],
    ])
    expect(stage.datasets.map(({ profiles }) => profiles)).toEqual([2, 1])
    expect(stage.counts.profiles).toBe(3)
  })

  it('of a dataset of the same id on another server are not its own', async () => {
    const { rows, refused } = await staged({
      datasets: [dataset('a')],
      profiles: [profile('a', '1'), profile('a', '2', { erddap_url: 'https://other.example/erddap' })],
    })
    expect(await rows()).toHaveLength(1)
    expect(refused()).toEqual([['a', 'dataset_id', 'a', 'is not in datasets.csv']])
  })

  it.each([
    ['2020-01-02T00:00:00Z', '2020-01-01T00:00:00Z', true],
    ['2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z', false],
    // Of another form they are read.
    ['2020-01-01T12:00:00+00:00', '2020-01-01T11:00:00Z', true],
    ['2020-01-01T12:00:00+02:00', '2020-01-01T11:00:00Z', false],
    ['2020-01-01T11:00:00Z', '2020-01-01T12:00:00+02:00', true],
  ])('from %s to %s end before they begin: %s', async (time_min, time_max, isRefused) => {
    const { stage, rows, refused } = await staged({
      datasets: [dataset('a')],
      profiles: [profile('a', '1', { time_min, time_max })],
    })
    expect(await rows()).toHaveLength(isRefused ? 0 : 1)
    expect(refused().map(([id, column, , reason]) => [id, column, reason])).toEqual(
      isRefused ? [['a', 'time_min', 'is later than time_max']] : [],
    )
    expect(stage.datasets[0]!.rejected !== null).toBe(isRefused)
  })

  it('with a bad cell, or a cell too few, spoil their dataset; without a name they spoil none', async () => {
    const { stage, rows, refused } = await staged(
      {
        datasets: [dataset('a'), dataset('b')],
        profiles: [profile('a', '1', { latitude: 'north' }), profile('b', '1', { dataset_id: '' })],
      },
      { profiles: `${erddap},b` },
    )
    expect(await rows()).toEqual([])
    expect(refused()[0]).toEqual(['a', 'latitude', 'north', expect.any(String)])
    expect(refused()).toContainEqual([
      'b',
      '',
      `${erddap},b`,
      expect.stringMatching(/^has 2 cells instead of /),
    ])
    expect(stage.datasets.map(({ rejected }) => rejected !== null)).toEqual([true, true])
    expect(stage.rejectedRows).toBe(3)
  })
})

describe('cells of OBIS', () => {
  it('are counted to the dataset of their id, and refused where that is none of OBIS', async () => {
    const { stage, cells, refused } = await staged({
      datasets: [dataset('a'), dataset('o', { erddap_url: obis, source_type: 'obis' })],
      obis_cells: [cell('o'), cell('o', { latitude: 51 }), cell('a'), cell('o', { latitude: 'north' })],
    })
    expect((await cells()).map(([number, line]) => [number, line])).toEqual([
      [2, 2],
      [2, 3],
    ])
    expect(refused().map(([id, column]) => [id, column])).toEqual([
      ['a', 'dataset_id'],
      ['o', 'latitude'],
    ])
    expect(stage.datasets.map((one) => [one.cells, one.rejected !== null])).toEqual([
      [0, false],
      [2, true],
    ])
  })
})

describe('tracks', () => {
  it('are one a trajectory, of which one may have no name', async () => {
    const { stage, tracks, refused } = await staged({
      datasets: [dataset('a')],
      tracks: [
        ...[track('a', 'x'), track('a', null), track('a', 'x'), track('b', 'x')],
        { ...track('a', 'y'), n_days: 'two' },
      ],
    })
    expect((await tracks()).map(([number, line]) => [number, line])).toEqual([
      [1, 2],
      [1, 3],
    ])
    expect(refused().map(([id, column, value, reason]) => [id, column, value, reason])).toEqual([
      ['a', 'trajectory_id', 'x', 'is given more than once'],
      ['b', 'dataset_id', 'b', 'is not in datasets.csv'],
      ['a', 'n_days', 'two', expect.any(String)],
    ])
    expect(stage.rejectedRows).toBe(3)
  })
})

describe('rows that need no dataset', () => {
  it('bring the time of the attempt with a skip, where it is known', async () => {
    const skip = (id: string) => ({ erddap_url: erddap, dataset_id: id, reason_code: 'MISSING_CF_ROLE' })
    const { plain, refused } = await staged({ skipped: [skip('left'), skip('other'), skip('left')] })
    expect((await plain('skipped')).map((row) => row.at(-1))).toEqual(['2026-01-01T00:00:00Z', null])
    expect(refused()).toEqual([['left', 'dataset_id', 'left', 'is given more than once']])
  })

  it('are refused for themselves; of the catalogue they spoil the dataset that they are of', async () => {
    const record = { erddap_url: erddap, dataset_id: 'a', ckan_id: 'r', ckan_organizations: 'no list' }
    const { stage, plain } = await staged({
      datasets: [dataset('a')],
      ckan: [record],
      verified: [{ erddap_url: erddap, dataset_id: 'a', verified_at: 'yesterday' }],
    })
    expect(await plain('verified')).toEqual([])
    expect(stage.datasets[0]!.rejected).toBeNull()
    expect(await plain('ckan')).toEqual([])
    expect(stage.datasets[0]!.rejected).toMatch(/^ckan\.csv line 2, ckan_organizations: "no list" /)
  })
})

describe('what a folder says of its run', () => {
  it('is read as far as its rows are right', async () => {
    folder = await writeRunFolder({
      datasets: [dataset('a')],
      attempts: [
        { dataset_id: 'b', status: 'error', reason_code: 'HTTP_ERROR' },
        { dataset_id: 'c', status: 'perhaps' },
      ],
    })
    const facts = await readRunFacts(folder, undefined)
    expect(facts.runId).toMatch(/^[0-9a-f-]{36}$/)
    expect([...facts.attempts.values()].map(({ datasetId, status }) => [datasetId, status])).toEqual([
      ['a', 'success'],
      ['b', 'error'],
    ])
    for (const file of ['harvest_runs', 'harvest_attempts']) await rm(join(folder, `${file}.csv`))
    expect(await readRunFacts(folder, undefined)).toMatchObject({
      runId: null,
      status: null,
      attempts: new Map(),
    })
  })

  it('a listing counts as complete only where something of it was tried', async () => {
    folder = await writeRunFolder({ datasets: [dataset('a')] })
    const facts = await readRunFacts(folder, undefined)
    const empty = 'https://empty.example/erddap'
    expect(sourcesOf([{ erddapUrl: erddap }], facts, undefined)).toEqual([
      { erddapUrl: erddap, complete: null, restricted: false },
    ])
    const listings = [erddap, empty].map((erddapUrl) => ({ erddapUrl, complete: true, restricted: false }))
    expect(sourcesOf([], facts, listings as Parameters<typeof sourcesOf>[2])).toEqual([
      { erddapUrl: erddap, complete: true, restricted: false },
      { erddapUrl: empty, complete: false, restricted: false },
    ])
  })
})
