import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { loadVocabularies } from '../../src/config/vocabularies.ts'
import { decideFromMetadata } from '../../src/rules/decisions.ts'
import { findPlatform } from '../../src/rules/platform.ts'
import { actualRange } from '../../src/rules/range.ts'
import { indexVocabularies } from '../../src/rules/vocabularies.ts'
import { readMetadata } from '../../src/sources/erddap/metadata.ts'
import { listedAs } from './examples.ts'

const vocabularies = indexVocabularies(loadVocabularies())

async function metadataOf(name: string) {
  const body = readFileSync(new URL(`../recorded/erddap/info_${name}.body`, import.meta.url), 'utf8')
  const [columns = [], ...rows] = parse(body) as string[][]
  const every = (async function* () {
    yield* rows
  })()
  return readMetadata(name, '', { columns, rows: every })
}

const decide = async (name: string) =>
  decideFromMetadata({ listed: listedAs(''), metadata: await metadataOf(name), vocabularies })

describe('the recorded metadata of a real ERDDAP', () => {
  test.each([
    ['point_obs', 'CDM_DATA_TYPE_UNSUPPORTED'],
    ['other_table', 'CDM_DATA_TYPE_UNSUPPORTED'],
    ['traj_glider', 'CDM_DATA_TYPE_UNSUPPORTED'],
    ['ts_noingest', 'INGEST_FLAG_FALSE'],
    ['ts_no_std', 'NO_SUPPORTED_VARIABLES'],
    ['ts_unsupported', 'NO_SUPPORTED_VARIABLES'],
  ])('of %s is left out: %s', async (name, reason) => {
    expect(await decide(name)).toMatchObject({ kind: 'skip', outcome: { reason } })
  })

  test.each([
    ['ts_multi', { cdmDataType: 'TimeSeries', vertical: 'depth' }],
    ['ts_single_res', { cdmDataType: 'TimeSeries' }],
    ['ts_altitude', { cdmDataType: 'TimeSeries', vertical: 'altitude' }],
    ['ts_realtime', { cdmDataType: 'TimeSeries' }],
    ['ts_francais', { cdmDataType: 'TimeSeries' }],
    ['profile_300', { cdmDataType: 'Profile' }],
    ['profile_one', { cdmDataType: 'Profile' }],
    ['tsp_5x40', { cdmDataType: 'TimeSeriesProfile' }],
    ['remote_multi', { cdmDataType: 'TimeSeries' }],
  ])('of %s is harvested', async (name, plan) => {
    const decision = await decide(name)
    expect(decision).toMatchObject({ kind: 'harvest', plan })
    if (decision.kind !== 'harvest') return
    expect(decision.plan.identity.length).toBeGreaterThan(0)
    expect(decision.plan.eovs).not.toEqual([])
    expect(decision.plan.warnings).toEqual([])
  })

  test('has platforms that the vocabularies know', async () => {
    expect(findPlatform(await metadataOf('ts_multi'), vocabularies)).toEqual({
      platform: 'mooring',
      warning: null,
    })
  })

  test('has ranges of time in E notation, and of other variables in numbers', async () => {
    const metadata = await metadataOf('ts_single_res')
    expect(actualRange(metadata, 'time', { now: 0 })).toMatchObject({
      min: 1_672_531_200_000,
      openEnded: false,
    })
    expect(actualRange(metadata, 'depth', { now: 0 })).not.toBeNull()
  })
})
