import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { isHarvesterError } from '../../src/errors.ts'
import { startRun } from '../../src/inventory/audit.ts'
import { knownDatasets } from '../../src/inventory/fingerprints.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import type { LoadOptions } from '../../src/inventory/load/types.ts'
import { pruneSource, sourceHoldings } from '../../src/inventory/prune-source.ts'
import { auditVersion, indexVersion } from '../../src/inventory/queries/versions.ts'
import { limits } from '../../src/rules/limits.ts'
import { emptyDatabase } from '../support/database.ts'
import { dataset, erddap, obis, profile, type RunContent, writeRunFolder } from '../support/run-folder.ts'
import { contentOf, rowVersions } from '../support/snapshot.ts'

const days = (n: number) => `2026-01-${String(n).padStart(2, '0')}T00:00:00Z`
const many = (n: number) => Array.from({ length: n }, (_, i) => `d${String(i).padStart(3, '0')}`)
const simple = (ids: string[]) => ({
  datasets: ids.map((id) => dataset(id)),
  profiles: ids.map((id, i) => profile(id, 's1', { latitude: 40 + (i % 40), longitude: -60 - i / 10 })),
})

/** What a load does to the database. @param open opens a database with extensions */
export function describeLoad(name: string, open: () => Promise<Database>): void {
  describe(`a load on ${name}`, () => {
    let database: Database
    const folders: string[] = []
    beforeAll(async () => {
      database = await open()
      await migrate(database)
    }, 240_000)
    afterAll(() => database?.close())
    beforeEach(() => emptyDatabase(database))
    afterEach(async () => {
      for (const folder of folders.splice(0)) await rm(dirname(folder), { recursive: true, force: true })
    })

    const write = async (content: RunContent) => {
      const folder = await writeRunFolder(content)
      folders.push(folder)
      return folder
    }
    const load = async (content: RunContent, options: Partial<LoadOptions> = {}) =>
      loadFolder(database, await write(content), { mode: 'incremental', ...options })
    const complete = (source = erddap) => ({
      listings: [{ erddapUrl: source, complete: true, restricted: false }],
    })
    const ids = async () =>
      (await database.query<{ id: string }>('SELECT dataset_id AS id FROM cde.datasets ORDER BY 1')).rows.map(
        (row) => row.id,
      )
    const one = async <T>(sql: string) => (await database.query<T>(sql)).rows[0]!
    const failure = (work: Promise<unknown>) =>
      work.then(
        () => undefined,
        (error: unknown) => error,
      )

    const base: RunContent = {
      at: days(1),
      datasets: [
        dataset('a', {
          title: 'Bouée "A", née\nici',
          organizations: ['Institut, A', 'B "quoted"'],
          eovs: ['oxygen', 'nitrate'],
        }),
        dataset('b', { content_hash: null, content_hash_reason: 'HASH_NO_FILE_LIST' }),
      ],
      profiles: [
        profile('a', 's1'),
        profile('a', 's2', { latitude: -33.1234, longitude: 179.9999, time_min: '0999-01-01T00:00:00Z' }),
        profile('b', 'x', { profile_id: 'c1', n_profiles: 1 }),
        profile('b', 'x', { profile_id: 'c2', n_profiles: 1, depth_min: -2.5 }),
      ],
      skipped: [{ dataset_id: 'z', reason_code: 'MISSING_CF_ROLE' }],
    }

    it('fills every column that portals read', async () => {
      const summary = await load(base)
      expect(summary.datasets).toMatchObject({ staged: 2, inserted: 2, updated: 0, changed: 2 })
      expect(summary.profiles).toEqual({ staged: 4, inserted: 4, updated: 0, deleted: 0 })
      const content = await contentOf(database)
      expect(content.datasets).toMatchObject([
        {
          dataset_id: 'a',
          title: 'Bouée "A", née\nici',
          organizations: ['Institut, A', 'B "quoted"'],
          named: ['Institut, A', 'B "quoted"'],
          eovs: ['oxygen', 'nitrate'],
          n_profiles: 2,
          verified_at: new Date(days(1)),
          last_updated_at: new Date(days(1)),
        },
        { dataset_id: 'b', content_hash: null, n_profiles: 2 },
      ])
      expect(content.profiles).toMatchObject([
        { timeseries_id: 's1', profile_id: null, days: 11, n_records: 240, n_profiles: null },
        { timeseries_id: 's2', latitude: -33.1234 },
        { timeseries_id: 'x', profile_id: 'c1', n_profiles: 1 },
        { timeseries_id: 'x', profile_id: 'c2', depth_min: -2.5 },
      ])
      for (const row of content.profiles!)
        expect(row).toMatchObject({ of_dataset: true, at_point: true, in_cells: true, inside: true })
      expect(content.points).toHaveLength(2)
      expect(content.skipped).toEqual([
        { erddap_url: erddap, dataset_id: 'z', reason_code: 'MISSING_CF_ROLE' },
      ])
      expect(await one("SELECT pk_url FROM cde.datasets WHERE dataset_id = 'a'")).toEqual({ pk_url: 1 })
    })

    it('changes no row the second time', async () => {
      const folder = await write({
        ...base,
        obis_cells: [
          {
            dataset_id: 'o',
            latitude: 45,
            longitude: -60,
            scientific_names: ['Gadus morhua'],
            n_records: 3,
            depth_min: 0,
            depth_max: 0,
          },
        ],
        datasets: [
          ...base.datasets!,
          dataset('o', { erddap_url: obis, source_type: 'obis', cdm_data_type: 'Point' }),
        ],
        verified: [{ dataset_id: 'v' }],
        ckan: [{ dataset_id: 'a', ckan_id: 'ck' }],
      })
      await loadFolder(database, folder, { mode: 'incremental', ...complete() })
      const before = await rowVersions(database)
      const again = await loadFolder(database, folder, { mode: 'incremental', ...complete() })
      expect(await rowVersions(database)).toEqual(before)
      expect(
        again.datasets.changed + again.profiles.inserted + again.cells.inserted + again.points.inserted,
      ).toBe(0)
      const full = await loadFolder(database, folder, { mode: 'full' })
      expect(await rowVersions(database)).toEqual(before)
      expect(full.pruned).toEqual([])
    })

    it('touches only what differs, and keeps every number of the rest', async () => {
      await load({ at: days(1), ...simple(many(20)) })
      const before = new Set(await rowVersions(database))
      const changed = simple(['d003'])
      const summary = await load({
        at: days(2),
        datasets: changed.datasets,
        profiles: [
          profile('d003', 's1', { latitude: 43, longitude: -60.3, n_records: 241 }),
          profile('d003', 's2', { latitude: 12 }),
        ],
      })
      expect(summary.profiles).toEqual({ staged: 2, inserted: 1, updated: 1, deleted: 0 })
      const after = await rowVersions(database)
      const lost = [...before]
        .filter((version) => !after.includes(version))
        .map((version) => version.split(' ').slice(0, 2).join(' '))
      expect(lost).toEqual(['datasets 4', 'profiles 4'])
      expect(await one(`SELECT last_updated_at, verified_at FROM cde.datasets WHERE pk = 4`)).toEqual({
        last_updated_at: new Date(days(2)),
        verified_at: new Date(days(2)),
      })
    })

    it('moves only the time of seeing when nothing else differs', async () => {
      await load(base)
      await load({ ...base, at: days(2) })
      const { rows } = await database.query('SELECT last_updated_at, verified_at FROM cde.datasets')
      for (const row of rows)
        expect(row).toEqual({ last_updated_at: new Date(days(1)), verified_at: new Date(days(2)) })
    })

    it('lets points and hexagons follow the profiles', async () => {
      await load({
        at: days(1),
        datasets: [dataset('a')],
        profiles: [profile('a', 's1'), profile('a', 's2', { latitude: 10 })],
      })
      const kept = await one<{ pk: number }>(
        "SELECT point_pk AS pk FROM cde.profiles WHERE timeseries_id = 's1'",
      )
      await load({
        at: days(2),
        datasets: [dataset('a')],
        profiles: [profile('a', 's1'), profile('a', 's3', { latitude: -10 })],
      })
      const content = await contentOf(database)
      expect(content.points).toHaveLength(2)
      expect(content.hexes_0).toHaveLength(2)
      expect(content.hexes_1).toHaveLength(2)
      expect(content.profiles).toMatchObject([
        { timeseries_id: 's1', at_point: true, in_cells: true },
        { timeseries_id: 's3', at_point: true, in_cells: true },
      ])
      expect(await one("SELECT point_pk AS pk FROM cde.profiles WHERE timeseries_id = 's1'")).toEqual(kept)
      // A profile that moves takes its place with it, and keeps its number.
      const pk = await one("SELECT pk FROM cde.profiles WHERE timeseries_id = 's3'")
      await load({
        at: days(3),
        datasets: [dataset('a')],
        profiles: [profile('a', 's1'), profile('a', 's3', { latitude: -20 })],
      })
      expect(await one("SELECT pk FROM cde.profiles WHERE timeseries_id = 's3'")).toEqual(pk)
      const moved = await contentOf(database)
      expect(moved.points).toHaveLength(2)
      expect(moved.hexes_1).toHaveLength(2)
      expect(moved.profiles![1]).toMatchObject({
        latitude: -20,
        at_point: true,
        in_cells: true,
        inside: true,
      })
    })

    it('leaves a newer row alone when an older folder comes late', async () => {
      await load({ at: days(5), datasets: [dataset('a', { title: 'new' })], profiles: [profile('a', 's1')] })
      const before = (await rowVersions(database)).filter((version) => !version.startsWith('harvest_'))
      const old = {
        at: days(4),
        ckan: [],
        datasets: [dataset('a', { title: 'old' })],
        profiles: [profile('a', 's2')],
        verified: [],
      }
      const summary = await load(old)
      expect(summary.datasets).toMatchObject({ older: 1, changed: 0 })
      expect((await rowVersions(database)).filter((version) => !version.startsWith('harvest_'))).toEqual(
        before,
      )
      const forced = await load(old, { forceOld: true })
      expect(forced.datasets.updated).toBe(1)
      expect(await one('SELECT title, verified_at FROM cde.datasets')).toEqual({
        title: 'old',
        verified_at: new Date(days(4)),
      })
    })

    it('notes that a dataset was seen unchanged', async () => {
      await load(base)
      const summary = await load({
        at: days(2),
        verified: [{ dataset_id: 'a' }, { dataset_id: 'unheard-of' }],
      })
      expect(summary.datasets).toMatchObject({ verified: 1, unknown: 1, changed: 0 })
      const { rows } = await database.query(
        'SELECT dataset_id, verified_at, last_updated_at FROM cde.datasets ORDER BY 1',
      )
      expect(rows).toEqual([
        { dataset_id: 'a', verified_at: new Date(days(2)), last_updated_at: new Date(days(1)) },
        { dataset_id: 'b', verified_at: new Date(days(1)), last_updated_at: new Date(days(1)) },
      ])
      const older = await load({ at: days(1), verified: [{ dataset_id: 'a' }] })
      expect(older.datasets.older).toBe(1)
    })

    it('keeps what CKAN said when CKAN was not asked', async () => {
      const harvested = (more = {}) => ({ datasets: [dataset('a', more)], profiles: [profile('a', 's1')] })
      await load({
        at: days(1),
        ckan: [{ dataset_id: 'a', ckan_id: 'ck' }],
        ...harvested({ ckan_id: 'ck', title: 'From CKAN', title_fr: 'De CKAN', organizations: ['C'] }),
      })
      await load({ at: days(2), ...harvested({ title: 'From ERDDAP', platform: 'glider' }) })
      const select = 'SELECT title, title_fr, ckan_id, organizations, platform FROM cde.datasets'
      expect(await one(select)).toEqual({
        title: 'From CKAN',
        title_fr: 'De CKAN',
        ckan_id: 'ck',
        organizations: ['C'],
        platform: 'glider',
      })
      await load({ at: days(3), ckan: [], ...harvested({ title: 'From ERDDAP', organizations: ['E'] }) })
      expect(await one(select)).toMatchObject({
        title: 'From ERDDAP',
        title_fr: null,
        ckan_id: null,
        organizations: ['E'],
      })
      expect((await contentOf(database)).organizations).toEqual([{ name: 'E' }])
    })

    it('takes a CKAN record that alone changed', async () => {
      await load(base)
      await load({
        at: days(2),
        verified: [{ dataset_id: 'a' }, { dataset_id: 'b' }],
        ckan: [
          {
            dataset_id: 'a',
            ckan_id: 'ck-1',
            ckan_title: 'Better title',
            title_fr: 'Titre',
            ckan_organizations: ['New one'],
          },
        ],
      })
      expect((await contentOf(database)).datasets).toMatchObject([
        {
          ckan_id: 'ck-1',
          title: 'Better title',
          title_fr: 'Titre',
          organizations: ['New one'],
          named: ['New one'],
          last_updated_at: new Date(days(2)),
        },
        { ckan_id: null, last_updated_at: new Date(days(1)) },
      ])
    })

    it('gives an organization its old number back', async () => {
      const withOrganization = (at: string, name: string) => ({
        at,
        ckan: [],
        datasets: [dataset('a', { organizations: [name] })],
        profiles: [profile('a', 's1')],
      })
      await load(withOrganization(days(1), 'First'))
      const number = await one('SELECT pk_url FROM cde.organizations')
      await load(withOrganization(days(2), 'Second'))
      await load(withOrganization(days(3), 'First'))
      expect(await one('SELECT name, pk_url FROM cde.organizations')).toEqual({ name: 'First', ...number })
      expect(await one('SELECT count(*) AS n FROM cde.organizations_lookup')).toEqual({ n: 2 })
    })

    it('keeps the last good rows of a dataset with a bad row, and says which cell', async () => {
      await load({ at: days(1), ...simple(['a', 'b']) })
      const folder = await write({
        at: days(2),
        ckan: [],
        datasets: [dataset('a', { title: 'changed' }), dataset('b', { title: 'changed' })],
        profiles: [
          profile('a', 's1'),
          profile('a', 's2', { latitude: 91 }),
          profile('b', 's1', { n_records: 5 }),
        ],
      })
      const summary = await loadFolder(database, folder, { mode: 'incremental' })
      expect(summary.rejectedRows).toBe(1)
      expect(summary.rejectedDatasets).toEqual([
        {
          erddapUrl: erddap,
          datasetId: 'a',
          message: 'profiles.csv line 3, latitude: "91" is outside of -85.06 to 85.06',
          refused: {
            file: 'profiles.csv',
            line: 3,
            column: 'latitude',
            value: '91',
            rule: 'is outside of -85.06 to 85.06',
          },
        },
      ])
      expect(await readFile(join(folder, 'rejected.csv'), 'utf8')).toBe(
        `erddap_url,dataset_id,file,line,column,value,reason\n${erddap},a,profiles.csv,3,latitude,91,is outside of -85.06 to 85.06\n`,
      )
      const content = await contentOf(database)
      expect(content.datasets).toMatchObject([
        { title: 'Title of a', verified_at: new Date(days(1)) },
        { title: 'changed' },
      ])
      expect(content.profiles).toHaveLength(2)
      expect(
        await one(
          `SELECT status, reason_code FROM cde.harvest_attempts WHERE dataset_id = 'a' AND status = 'error'`,
        ),
      ).toEqual({
        status: 'error',
        reason_code: 'ROWS_REJECTED',
      })
      expect(await one(`SELECT told FROM harvester.attempt_facts WHERE dataset_id = 'a'`)).toEqual({
        told: {
          facts: [{ code: 'ROWS_REJECTED', values: expect.objectContaining({ value: '91', line: 3 }) }],
          warnings: [],
        },
      })
      expect(content.skipped).toEqual([{ erddap_url: erddap, dataset_id: 'a', reason_code: 'ROWS_REJECTED' }])
    })

    it('is seen by who asks whether anything changed, though it brings an older harvest than the last', async () => {
      const versions = async () => [await indexVersion(database), await auditVersion(database, erddap)]
      const two = { datasets: [dataset('a')], profiles: [profile('a', 's1'), profile('a', 's2')] }
      await load({ at: days(1), ...simple(['a', 'b']) })
      await load({ at: days(3), datasets: [dataset('b', { title: 'new' })], profiles: [profile('b', 's1')] })
      const before = await versions()
      await load({ at: days(2), ...two })
      const after = await versions()
      expect(after.map((version, at) => version === before[at])).toEqual([false, false])
      await load({ at: days(2), ...two })
      expect((await versions())[0]).toBe(after[0])
    })

    it('shows the beginning of a long refused value without half of a character, and ends the run', async () => {
      const value = `${'x'.repeat(199)}🐟`
      const runId = randomUUID()
      await startRun(database, {
        ...{ runId, startedAt: new Date(days(1)), gitSha: null, prefectFlowRunId: null },
        ...{ scope: 'full', triggeredSource: null, triggeredBy: null },
      })
      const folder = await write({
        runId,
        datasets: [dataset('a')],
        profiles: [profile('a', 's1', { time_min: value })],
      })
      const summary = await loadFolder(database, folder, { mode: 'incremental' })
      expect(summary.warnings).toEqual([])
      expect(summary.rejectedDatasets[0]?.refused.value).toBe(`${'x'.repeat(199)}\ufffd`)
      expect(await one(`SELECT status FROM cde.harvest_runs WHERE run_id = '${runId}'`)).toEqual({
        status: 'ok',
      })
    })

    const badCells: [string, Record<string, string>, string][] = [
      ['a number that is none', { latitude: 'north' }, 'is not a number'],
      ['a position that is missing', { longitude: '' }, 'must not be empty'],
      ['a longitude beyond the antimeridian', { longitude: '180.5' }, 'is outside of -180 to 180'],
      [
        'a time that is none',
        { time_min: '2020-02-30T00:00:00Z' },
        'is not a time like 2020-01-31T00:00:00Z',
      ],
      ['a depth of a trench too deep', { depth_max: '20000' }, 'is outside of -100 to 15000'],
      ['a start after the end', { time_min: '2030-01-01T00:00:00Z' }, 'is later than time_max'],
      ['half a record', { n_records: '1.5' }, 'is not a whole number'],
      ['a text with a NUL', { timeseries_id: 'x\0' }, 'holds a NUL character'],
      ['a dataset that is not there', { dataset_id: 'nobody' }, 'is not in datasets.csv'],
    ]
    it.each(badCells)('refuses %s', async (_, cells, reason) => {
      const folder = await write({
        datasets: [dataset('a')],
        profiles: [profile('a', 's1'), profile('a', 's9', cells)],
      })
      const summary = await loadFolder(database, folder, { mode: 'incremental' })
      expect(summary.rejectedRows).toBe(1)
      expect(await readFile(join(folder, 'rejected.csv'), 'utf8')).toContain(reason)
    })

    it('takes keys as long as the limits allow, and refuses the row of a longer one', async () => {
      // Random, so that no engine can make an entry of an index shorter than it is.
      const long = (bytes: number) => randomBytes(bytes).toString('hex').slice(0, bytes)
      const url = `https://${long(60)}.example.org/${long(limits.keyBytes)}`.slice(0, limits.keyBytes)
      const id = long(limits.keyBytes)
      const name = long(limits.nameBytes)
      const row = (profileId: string) => ({ erddap_url: url, profile_id: profileId, n_profiles: 1 })
      const content = (profileId: string): RunContent => ({
        datasets: [dataset(id, { erddap_url: url, organizations: [name] })],
        profiles: [profile(id, long(limits.keyBytes), row(profileId))],
      })
      const good = await load(content(long(limits.keyBytes)))
      expect(good.profiles.inserted).toBe(1)
      const bad = await load(content(long(limits.keyBytes + 1)))
      expect(bad.rejectedDatasets).toMatchObject([
        { message: expect.stringMatching(/longer than the 600 bytes/) },
      ])
    })

    it('refuses a profile that is given twice, absent ids included', async () => {
      const folder = await write({
        datasets: [dataset('a'), dataset('b')],
        profiles: [profile('a', ''), profile('a', '', { latitude: 1 }), profile('b', 's')],
      })
      const summary = await loadFolder(database, folder, { mode: 'incremental' })
      expect(summary.rejectedDatasets.map((entry) => entry.datasetId)).toEqual(['a'])
      expect(await readFile(join(folder, 'rejected.csv'), 'utf8')).toContain('is given in line 2 already')
      expect(await ids()).toEqual(['b'])
    })

    const track = (more: Record<string, string> = {}) => ({
      erddap_url: erddap,
      dataset_id: 'a',
      trajectory_id: 't',
      time_min: days(1),
      time_max: days(2),
      n_records: 2,
      n_days: 2,
      n_rows: 1,
      west: -60,
      east: -50,
      south: 40,
      north: 50,
      ...more,
    })
    const obisCell = (datasetId: string) => ({
      dataset_id: datasetId,
      latitude: 45,
      longitude: -60,
      scientific_names: ['Gadus morhua'],
      n_records: 1,
    })
    const ofObis = dataset('o', { erddap_url: obis, source_type: 'obis', cdm_data_type: 'Point' })
    const twice = <T>(row: T): T[] => [row, row]
    const badRows: [string, RunContent, string, refused: string[]][] = [
      ['a dataset twice', { datasets: twice(dataset('a')) }, 'is given in line 2 already', ['a']],
      ['a cell twice', { datasets: [ofObis], obis_cells: twice(obisCell('o')) }, 'is given in line 2', ['o']],
      [
        'a cell of a dataset that is not of OBIS',
        { datasets: [ofObis], obis_cells: [obisCell('o'), obisCell('a')] },
        'is no OBIS dataset of datasets.csv',
        [],
      ],
      ['a track twice', { tracks: twice(track()) }, 'is given more than once', ['a']],
      ['a track of no dataset', { tracks: [track({ dataset_id: 'x' })] }, 'is not in datasets.csv', []],
      ['a record of CKAN twice', { ckan: twice({ dataset_id: 'a' }) }, 'is given more than once', []],
      ['a verified dataset twice', { verified: twice({ dataset_id: 'v' }) }, 'is given more than once', []],
      [
        'a skipped dataset twice',
        { skipped: twice({ dataset_id: 's', reason_code: 'MISSING_CF_ROLE' }) },
        'is given more than once',
        [],
      ],
    ]
    it.each(badRows)('refuses %s, and no other dataset for it', async (_, content, reason, refused) => {
      const folder = await write({
        profiles: [profile('a', 's1'), profile('b', 's1')],
        ...content,
        datasets: [...(content.datasets ?? [dataset('a')]), dataset('b')],
      })
      const summary = await loadFolder(database, folder, { mode: 'incremental' })
      expect(summary.rejectedRows).toBeGreaterThan(0)
      expect(summary.rejectedDatasets.map(({ datasetId }) => datasetId)).toEqual(refused)
      expect(await readFile(join(folder, 'rejected.csv'), 'utf8')).toContain(reason)
      expect(await ids()).toContain('b')
      for (const id of refused) expect(await ids()).not.toContain(id)
    })

    it('refuses a line that is none, and the dataset keeps what it had', async () => {
      const good = 'MULTILINESTRING((-60 45,-50 46))'
      await load({ at: days(1), ...simple(['a']), tracks: [track({ geom: good })] })
      for (const [day, geom] of ['MULTILINESTRING((1 2, 3))', 'no shape', 'POINT(1 2)'].entries()) {
        const folder = await write({
          at: days(2 + day),
          datasets: [dataset('a', { title: 'changed' }), dataset(`b${day}`)],
          profiles: [profile('a', 's1'), profile(`b${day}`, 's1')],
          tracks: [track({ geom })],
        })
        const summary = await loadFolder(database, folder, { mode: 'incremental' })
        expect(summary.rejectedDatasets.map(({ datasetId }) => datasetId)).toEqual(['a'])
        expect(await readFile(join(folder, 'rejected.csv'), 'utf8')).toContain(
          `${erddap},a,tracks.csv,2,geom,`,
        )
        expect(await ids()).toContain(`b${day}`)
      }
      expect(
        await one(`SELECT ST_AsText(geom) AS geom FROM harvester.tracks WHERE dataset_id = 'a'`),
      ).toEqual({
        geom: good,
      })
    })

    it('refuses to empty a dataset whose rows were cut off', async () => {
      await load({ at: days(1), ...simple(['a']) })
      const folder = await write({ at: days(2), datasets: [dataset('a', { n_profiles: 1 })], profiles: [] })
      const summary = await loadFolder(database, folder, { mode: 'incremental' })
      expect(summary.rejectedDatasets.map((entry) => entry.datasetId)).toEqual(['a'])
      expect((await contentOf(database)).profiles).toHaveLength(1)
    })

    it('fails whole above the limit of bad rows, changing nothing', async () => {
      await load(base)
      const before = (await rowVersions(database)).filter((version) => !version.startsWith('harvest_'))
      const bad = many(11).map((id) => profile('a', id, { latitude: 'x' }))
      const error = await failure(load({ at: days(2), ...base, profiles: [...base.profiles!, ...bad] }))
      expect(isHarvesterError(error, 'LOAD_REJECTED')).toBe(true)
      expect((await rowVersions(database)).filter((version) => !version.startsWith('harvest_'))).toEqual(
        before,
      )
    })

    it('refuses folders that are no complete run', async () => {
      const cases: [string, (folder: string) => Promise<unknown>][] = [
        ['lacks profiles.csv', (folder) => rm(join(folder, 'profiles.csv'))],
        [
          'ends in the middle',
          async (folder) =>
            truncate(join(folder, 'profiles.csv'), (await readFile(join(folder, 'profiles.csv'))).length - 5),
        ],
        ['is empty', (folder) => writeFile(join(folder, 'datasets.csv'), '')],
        ['lacks a column', (folder) => writeFile(join(folder, 'profiles.csv'), 'erddap_url,dataset_id\n')],
        [
          'has an open quotation',
          (folder) => appendFile(join(folder, 'datasets.csv'), 'https://x.org,"open\n'),
        ],
        ['is not there', (folder) => rm(folder, { recursive: true })],
      ]
      for (const [what, spoil] of cases) {
        const folder = await write(base)
        await spoil(folder)
        const error = await failure(loadFolder(database, folder, { mode: 'incremental' }))
        expect(isHarvesterError(error, 'FOLDER_UNREADABLE'), what).toBe(true)
      }
      expect(await ids()).toEqual([])
      expect(await one(`SELECT count(*) AS n FROM pg_class WHERE relname LIKE 'stage\\_%'`)).toEqual({ n: 0 })
    })

    it('removes at once what owner or site excluded', async () => {
      await load({ at: days(1), ...simple(['a', 'b', 'c', 'd', 'e']) })
      const number = await one<{ pk_url: number }>(`SELECT pk_url FROM cde.datasets WHERE dataset_id = 'b'`)
      const summary = await load({
        at: days(2),
        verified: [{ dataset_id: 'a' }],
        skipped: [
          { dataset_id: 'b', reason_code: 'ON_SKIP_LIST' },
          { dataset_id: 'c', reason_code: 'INGEST_FLAG_FALSE' },
          { dataset_id: 'd', reason_code: 'CDM_DATA_TYPE_UNSUPPORTED' },
          { dataset_id: 'e', reason_code: 'MISSING_CF_ROLE' },
        ],
      })
      expect(summary.pruned.map((entry) => [entry.datasetId, entry.reasonCode])).toEqual([
        ['b', 'ON_SKIP_LIST'],
        ['c', 'INGEST_FLAG_FALSE'],
        ['d', 'CDM_DATA_TYPE_UNSUPPORTED'],
      ])
      expect(await ids()).toEqual(['a', 'e'])
      expect((await contentOf(database)).points).toHaveLength(2)
      expect(
        (await database.query('SELECT dataset_id FROM harvester.pruned_datasets ORDER BY 1')).count,
      ).toBe(3)
      // What comes back gets its old number.
      await load({ at: days(3), ...simple(['b']) })
      expect(await one(`SELECT pk_url FROM cde.datasets WHERE dataset_id = 'b'`)).toEqual(number)
      expect((await contentOf(database)).skipped).not.toContainEqual({
        erddap_url: erddap,
        dataset_id: 'b',
        reason_code: 'ON_SKIP_LIST',
      })
    })

    it('removes a dataset after three complete listings without it', async () => {
      await load({ at: days(1), ...simple(['a', 'b', 'c', 'd']) })
      const without = (day: number): RunContent => ({
        at: days(day),
        verified: [{ dataset_id: 'a' }, { dataset_id: 'd' }],
        skipped: [{ dataset_id: 'c', reason_code: 'NO_PROFILES_FOUND' }],
      })
      await load(without(2), complete())
      const third = await write(without(3))
      await loadFolder(database, third, { mode: 'incremental', ...complete() })
      await loadFolder(database, third, { mode: 'incremental', ...complete() })
      await load(without(4), { listings: [{ erddapUrl: erddap, complete: true, restricted: true }] })
      await load(without(5), { listings: [{ erddapUrl: erddap, complete: false, restricted: false }] })
      await load(without(6))
      expect(await ids()).toEqual(['a', 'b', 'c', 'd'])
      const summary = await load(without(7), complete())
      expect(summary.pruned).toEqual([
        { erddapUrl: erddap, datasetId: 'b', reasonCode: 'NOT_LISTED' },
        { erddapUrl: erddap, datasetId: 'c', reasonCode: 'NO_PROFILES_FOUND' },
      ])
      expect(await ids()).toEqual(['a', 'd'])
    })

    it('counts anew once a dataset is seen again, and never counts a failure', async () => {
      await load({ at: days(1), ...simple(['a', 'b', 'c']) })
      const failing = { attempts: [{ dataset_id: 'c', status: 'error', reason_code: 'HTTP_ERROR' }] }
      for (const day of [2, 3])
        await load({ at: days(day), verified: [{ dataset_id: 'a' }], ...failing }, complete())
      await load(
        { at: days(4), verified: [{ dataset_id: 'a' }, { dataset_id: 'b' }], ...failing },
        complete(),
      )
      for (const day of [5, 6])
        await load({ at: days(day), verified: [{ dataset_id: 'a' }], ...failing }, complete())
      expect(await ids()).toEqual(['a', 'b', 'c'])
      await load({ at: days(7), verified: [{ dataset_id: 'a' }], ...failing }, complete())
      expect(await ids()).toEqual(['a', 'c'])
    })

    it('removes nothing when a source would lose too much, unless told', async () => {
      await load({ at: days(1), ...simple(many(20)) })
      const skipped = many(6).map((id) => ({ dataset_id: id, reason_code: 'CDM_DATA_TYPE_UNSUPPORTED' }))
      const owners = [{ dataset_id: 'd010', reason_code: 'INGEST_FLAG_FALSE' }]
      const refused = await load({ at: days(2), skipped: [...skipped, ...owners] })
      expect(refused.pruneRefused).toMatchObject([{ erddapUrl: erddap, wouldLose: 6, of: 20 }])
      expect(refused.pruneRefused[0]!.message).toContain('--allow-prune')
      expect(refused.pruned.map((entry) => entry.datasetId)).toEqual(['d010'])
      const allowed = await load({ at: days(3), skipped }, { allowPrune: true })
      expect(allowed.pruned).toHaveLength(6)
      expect(await ids()).toHaveLength(13)
    })

    it('removes a source that has left, alone, and gives it its old numbers when it comes back', async () => {
      const left = 'https://left.example.org/erddap'
      const leaving = (at: string): RunContent => ({
        at,
        ckan: [],
        datasets: [
          dataset('a', { erddap_url: left, organizations: ['Only here'] }),
          dataset('b', { erddap_url: left }),
        ],
        profiles: [
          profile('a', 's1', { erddap_url: left }),
          profile('a', 's2', { erddap_url: left, latitude: -10 }),
          profile('b', 's1', { erddap_url: left, latitude: -10 }),
        ],
        skipped: [{ erddap_url: left, dataset_id: 'z', reason_code: 'MISSING_CF_ROLE' }],
        verified: [],
      })
      await load({ ...base, ckan: [] })
      const others = await contentOf(database)
      const otherHoldings = await sourceHoldings(database)
      await load(leaving(days(2)))
      const numbers = 'SELECT dataset_id, pk_url FROM cde.datasets WHERE erddap_url = $1 ORDER BY 1'
      const { rows: before } = await database.query(numbers, [left])
      const attempts = (await sourceHoldings(database)).find(({ erddapUrl }) => erddapUrl === left)
      expect(attempts).toMatchObject({ datasets: 2, profiles: 3, cells: 0, skipped: 1 })

      expect(await pruneSource(database, left)).toMatchObject({
        ...attempts,
        points: 1,
        hexagons: 2,
        organizations: 1,
        warnings: [],
      })
      expect(await contentOf(database)).toEqual(others)
      expect(await sourceHoldings(database)).toEqual(otherHoldings)
      const gone = await database.query(
        `SELECT dataset_id, reason_code FROM harvester.pruned_datasets WHERE erddap_url = $1 ORDER BY 1`,
        [left],
      )
      expect(gone.rows).toEqual([
        { dataset_id: 'a', reason_code: 'SOURCE_PRUNED' },
        { dataset_id: 'b', reason_code: 'SOURCE_PRUNED' },
      ])
      await load(leaving(days(3)))
      expect((await database.query(numbers, [left])).rows).toEqual(before)
    })

    it('removes a source of OBIS with its cells and the names that nothing else has', async () => {
      await load({ ...base, datasets: [...base.datasets!, ofObis], obis_cells: [obisCell('o')] })
      const names = 'SELECT scientific_name FROM cde.obis_scientific_names'
      expect((await database.query(names)).count).toBe(1)
      expect(await pruneSource(database, obis)).toMatchObject({ datasets: 1, cells: 1, warnings: [] })
      expect((await database.query(names)).count).toBe(0)
      expect(await ids()).toEqual(['a', 'b'])
    })

    it('reloads everything and removes what the harvest no longer holds', async () => {
      await load({ at: days(1), ...simple(['a', 'b', 'c', 'd']) })
      const pk = await one(`SELECT pk FROM cde.profiles WHERE dataset_id = 'a'`)
      const summary = await load(
        {
          at: days(2),
          ...simple(['a', 'e']),
          verified: [{ dataset_id: 'b' }],
          attempts: [{ dataset_id: 'c' }],
        },
        { mode: 'full' },
      )
      expect(summary.pruned.map((entry) => entry.datasetId)).toEqual(['d'])
      expect(await ids()).toEqual(['a', 'b', 'c', 'e'])
      expect(await one(`SELECT pk FROM cde.profiles WHERE dataset_id = 'a'`)).toEqual(pk)
    })

    it('refuses a full reload of fewer sources, naming the others', async () => {
      const other = 'https://other.example.org/erddap'
      await load({ at: days(1), ...simple(['a']) })
      await load({
        at: days(1),
        datasets: [dataset('o', { erddap_url: other })],
        profiles: [profile('o', 's', { erddap_url: other })],
      })
      const reload = { at: days(2), ...simple(['a']) }
      const error = await failure(load(reload, { mode: 'full' }))
      expect(isHarvesterError(error, 'LOAD_REJECTED')).toBe(true)
      expect((error as Error).message).toContain(other)
      expect(await ids()).toEqual(['a', 'o'])
      await load(reload, { mode: 'full', allowFullReload: true })
      expect(await ids()).toEqual(['a'])
    })

    it('loads the cells of OBIS and the names in them', async () => {
      const cell = (latitude: number, names: string[], more = {}) => ({
        dataset_id: 'o',
        latitude,
        longitude: -60,
        scientific_names: names,
        n_records: 2,
        time_min: '2001-01-01T00:00:00Z',
        time_max: '2002-01-01T00:00:00Z',
        depth_min: 0,
        depth_max: 5,
        ...more,
      })
      const run = (at: string, cells: ReturnType<typeof cell>[]): RunContent => ({
        at,
        datasets: [
          dataset('o', {
            erddap_url: obis,
            source_type: 'obis',
            cdm_data_type: 'Point',
            obis_nodes: ['OBIS Canada'],
          }),
        ],
        obis_cells: cells,
      })
      await database.query(
        `INSERT INTO cde.scientific_name_vernaculars (scientific_name, aphia_id, fetch_status) VALUES ('Gadus morhua', 126436, 'ok')`,
      )
      await load(
        run(days(1), [
          cell(45, ['Gadus morhua']),
          cell(46, ['Gadus morhua', 'Mola mola']),
          cell(47, ['Mola mola']),
        ]),
      )
      let content = await contentOf(database)
      expect(content.cells).toMatchObject([
        { latitude: 45, aphia_ids: [126436], at_point: true },
        { latitude: 46, aphia_ids: [], at_point: true },
        { latitude: 47, n_records: 2 },
      ])
      expect(content.datasets).toMatchObject([{ erddap_url: obis, n_profiles: 3 }])
      expect(
        (await database.query('SELECT * FROM cde.obis_scientific_name_popularity ORDER BY 1')).rows,
      ).toEqual([
        { scientific_name: 'Gadus morhua', total_records: 4 },
        { scientific_name: 'Mola mola', total_records: 4 },
      ])
      await load(run(days(2), [cell(45, ['Gadus morhua']), cell(46, ['Gadus morhua'], { n_records: 9 })]))
      content = await contentOf(database)
      expect(content.cells).toMatchObject([
        { latitude: 45 },
        { latitude: 46, aphia_ids: [126436], n_records: 9 },
      ])
      expect(content.points).toHaveLength(2)
      expect((await database.query('SELECT * FROM cde.obis_scientific_names')).rows).toEqual([
        { scientific_name: 'Gadus morhua' },
      ])
    })

    it('brings the audit of a folder that was harvested without the database', async () => {
      const runId = randomUUID()
      await startRun(database, {
        runId,
        startedAt: new Date(days(1)),
        gitSha: null,
        prefectFlowRunId: null,
        scope: 'single',
        triggeredSource: erddap,
        triggeredBy: 'cli',
      })
      await load({ ...base, runId })
      expect(await one('SELECT status, triggered_source FROM cde.harvest_runs')).toEqual({
        status: 'ok',
        triggered_source: erddap,
      })
      expect(await one(`SELECT count(*) AS n FROM cde.harvest_attempts WHERE run_id = '${runId}'`)).toEqual({
        n: 3,
      })
    })

    it('tells the next harvest what it knows', async () => {
      await load(base)
      const known = await knownDatasets(database, erddap)
      expect(known.get('a')).toMatchObject({ contentHash: 'hash-a', verifiedAt: new Date(days(1)) })
      expect(known.get('b')).toMatchObject({ contentHash: null, contentHashReason: 'HASH_NO_FILE_LIST' })
    })

    it('stops before anything is changed when it is cancelled', async () => {
      const folder = await write(base)
      const error = await failure(
        loadFolder(database, folder, { mode: 'incremental', signal: AbortSignal.abort() }),
      )
      expect(isHarvesterError(error, 'CANCELLED')).toBe(true)
      expect(await ids()).toEqual([])
      expect(existsSync(join(folder, 'rejected.csv'))).toBe(false)
    })

    it('is the same, however often a random history is split into loads', async () => {
      // A small generator of its own: the same numbers in every run.
      let seed = 42
      const random = (n: number) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
        return seed % n
      }
      for (let step = 1; step <= 12; step++) {
        const chosen = many(8).filter(() => random(3) > 0)
        const content: RunContent = {
          at: days(step),
          datasets: chosen.map((id) =>
            dataset(id, { title: `t${random(3)}`, organizations: [`o${random(4)}`] }),
          ),
          profiles: chosen.flatMap((id) =>
            many(5)
              .filter(() => random(4) > 0)
              .map((station) =>
                profile(id, station, { latitude: random(20), longitude: random(5), n_records: random(3) }),
              ),
          ),
          ckan: [],
        }
        const expected = content.profiles!.filter((row) => chosen.includes(String(row.dataset_id)))
        await load(content)
        const found = await database.query<{
          dataset_id: string
          timeseries_id: string
          latitude: number
          n_records: number
        }>(
          `SELECT dataset_id, timeseries_id, latitude, n_records FROM cde.profiles WHERE dataset_id = ANY($1)`,
          [chosen],
        )
        const text = (
          rows: { dataset_id: string; timeseries_id: string; latitude: number; n_records: number }[],
        ) =>
          rows.map((row) => `${row.dataset_id} ${row.timeseries_id} ${row.latitude} ${row.n_records}`).sort()
        expect(text(found.rows)).toEqual(text(expected as never))
        const state = await contentOf(database)
        for (const row of state.profiles!)
          expect(row).toMatchObject({ of_dataset: true, at_point: true, in_cells: true, inside: true })
        const used = await one<{ points: number; cells: number }>(`
          SELECT (SELECT count(*) FROM cde.points t WHERE NOT EXISTS (SELECT 1 FROM cde.profiles p WHERE p.point_pk = t.pk)) AS points,
            (SELECT count(*) FROM cde.hexes_zoom_1 h WHERE NOT EXISTS (SELECT 1 FROM cde.points t WHERE t.hex_1_pk = h.pk)) AS cells`)
        expect(used).toEqual({ points: 0, cells: 0 })
        const organizations = new Set(
          (
            await database.query<{ o: string }>(
              'SELECT DISTINCT unnest(organizations) AS o FROM cde.datasets',
            )
          ).rows.map((row) => row.o),
        )
        expect(new Set(state.organizations!.map((row) => (row as { name: string }).name))).toEqual(
          organizations,
        )
      }
    })
  })
}
