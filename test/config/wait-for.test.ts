import { describe, expect, it } from 'vitest'
import { waitForParameter } from '../../src/config/operations-schema.ts'
import { sourceOptionsSchema } from '../../src/config/source.ts'
import { mergeWaitFor } from '../../src/config/wait-for.ts'

const own = { dataset_id: 'buoy_7', newer_than: '6h', timeout_seconds: 1800, interval_seconds: 60 }

describe('what a run waits for', () => {
  it('is nothing where neither source nor run want anything', () => {
    expect(mergeWaitFor(null, null)).toBeNull()
  })

  it('is what the source says where the run says nothing, or nothing special', () => {
    expect(mergeWaitFor(own, null)).toEqual(own)
    expect(mergeWaitFor(own, {})).toEqual(own)
    expect(mergeWaitFor(own, { dataset_id: null, timeout_seconds: null })).toEqual(own)
  })

  it('is that the server answers within ten minutes where only the run says something', () => {
    expect(mergeWaitFor(null, {})).toEqual({ timeout_seconds: 600, interval_seconds: 30 })
  })

  it('is what the run says, key by key', () => {
    expect(mergeWaitFor(own, { timeout_seconds: 5 })).toEqual({ ...own, timeout_seconds: 5 })
    expect(mergeWaitFor(own, { newer_than: '2026-11-21' })).toEqual({ ...own, newer_than: '2026-11-21' })
    expect(mergeWaitFor(own, { dataset_id: 'buoy_7' })).toEqual(own)
  })

  it('does not ask of another dataset how new it is', () => {
    const { newer_than: _, ...rest } = own
    expect(mergeWaitFor(own, { dataset_id: 'ctd' })).toEqual({ ...rest, dataset_id: 'ctd' })
  })

  it('cannot be newer data of no dataset', () => {
    expect(() => mergeWaitFor(null, { newer_than: '6h' })).toThrow(
      expect.objectContaining({ code: 'PARAMETERS_INVALID', message: expect.stringContaining('dataset_id') }),
    )
  })
})

describe('between versions', () => {
  const registered = {
    type: 'erddap',
    url: 'https://a.example.org/erddap',
    slug: 'a-example-org',
    concurrency: 1,
    requestsPerSecond: null,
    timeoutSeconds: null,
    datasetIds: null,
    skipDatasetIds: [],
    cron: null,
    contact: null,
  }

  it('what an older one registered waits for nothing', () => {
    expect(sourceOptionsSchema.parse(registered)).toMatchObject({ waitFor: null })
  })

  it('what a newer one adds is left out and refuses nothing', () => {
    const newer = { ...registered, waitFor: { ...own, patience: 'endless' }, mood: 'good' }
    expect(sourceOptionsSchema.parse(newer)).toEqual({ ...registered, waitFor: own })
    expect(waitForParameter.parse({ patience: 'endless' })).toEqual({})
  })
})
