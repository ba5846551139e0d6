import { describe, expect, it, vi } from 'vitest'
import { loadVocabularies } from '../../../src/config/vocabularies.ts'
import { indexVocabularies } from '../../../src/rules/vocabularies.ts'

const version = vi.hoisted(() => ({ now: 1 }))
vi.mock('../../../src/rules/fingerprint.ts', async (original) => {
  const real = await original<typeof import('../../../src/rules/fingerprint.ts')>()
  return {
    ...real,
    get rulesVersion() {
      return version.now
    },
  }
})
const { inspectDataset } = await import('../../../src/sources/erddap/change.ts')

const files = {
  kind: 'files' as const,
  url: 'http://x/files/a/.csv',
  files: [{ name: 'a.nc', lastModified: '1000', size: '5', isFolder: false }],
}

describe('a fingerprint', () => {
  const data = loadVocabularies()
  const inspect = (contentHash: string | null, oceanVariables = data.oceanVariables) =>
    inspectDataset({
      client: { baseUrl: 'http://x' } as never,
      settings: {},
      scope: { filesListing: async () => files } as never,
      change: {
        mode: 'auto',
        settleMs: 0,
        maxAgeMs: 86_400_000,
        known: new Map([['a', { contentHash, harvestedAt: 9_999 }]]),
        abilities: new Map(),
        diskViews: null,
      },
      vocabularies: indexVocabularies({ ...data, oceanVariables }),
      listed: {
        datasetId: 'a',
        cdmDataType: 'TimeSeries',
        title: 'A',
        institution: '',
        files: 'http://x/files/a/',
        minTime: '',
        maxTime: '',
        row: {},
      },
      metadata: { datasetId: 'a', globals: new Map(), variables: [] },
      now: 10_000,
    })

  it('no longer fits once our rules or the vocabularies are others', async () => {
    const { hash, reason } = (await inspect(null)).conclude({ complete: true, agree: true, fresh: true })
    expect(reason).toBeNull()
    expect((await inspect(hash)).unchanged).not.toBeNull()
    expect((await inspect(hash, data.oceanVariables.slice(1))).unchanged).toBeNull()
    version.now = 2
    expect((await inspect(hash)).unchanged).toBeNull()
  })
})
