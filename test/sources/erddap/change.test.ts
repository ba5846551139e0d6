/** Which view of a dataset's source files is asked for, and what is learnt of a server that refuses one. */
import { describe, expect, it } from 'vitest'
import { type ChangeDetection, inspectDataset } from '../../../src/sources/erddap/change.ts'
import type { ErddapClient, ErddapScope } from '../../../src/sources/erddap/client.ts'
import type { SourceFile, SourceFiles } from '../../../src/sources/erddap/types.ts'
import { listedAs, metadataOf, station, vocabularies } from '../../rules/examples.ts'

const now = Date.UTC(2026, 10, 28)
const day = 86_400_000
const file = (name: string, isFolder = false): SourceFile => ({
  name,
  lastModified: isFolder ? '' : '1709251200000',
  size: isFolder ? '' : '100',
  isFolder,
})
const given = (...files: SourceFile[]): SourceFiles => ({ kind: 'files', files, url: '' })
const refused: SourceFiles = { kind: 'unsupported', why: 'no such path' }

interface Files {
  listing: (datasetId: string, folder: string) => SourceFiles
  manifest?: (datasetId: string) => SourceFiles
}

function server(
  { listing, manifest = () => refused }: Files,
  remembered: ChangeDetection['diskViews'] = null,
) {
  const asked: string[] = []
  const change: ChangeDetection = {
    mode: 'auto',
    settleMs: day,
    maxAgeMs: 30 * day,
    known: new Map(),
    abilities: new Map(),
    diskViews: remembered,
  }
  const scope = {
    filesListing: async (id: string, folder = '') => {
      asked.push(`files/${id}/${folder}`)
      return listing(id, folder)
    },
    manifest: async (id: string) => {
      asked.push(`${id}.manifest`)
      return manifest(id)
    },
    croissant: async () => null,
  } as unknown as ErddapScope
  return {
    asked,
    async inspect(datasetId: string) {
      const inspection = await inspectDataset({
        client: { baseUrl: 'https://erddap.test/erddap' } as ErddapClient,
        settings: {},
        scope,
        change,
        vocabularies,
        listed: { ...listedAs('TimeSeries', datasetId), files: 'there', minTime: '1', maxTime: '2' },
        metadata: metadataOf(station, {}, datasetId),
        now,
      })
      return inspection.conclude({ complete: true, agree: true, fresh: true })
    },
  }
}

/** What is remembered from run to run. */
function memory(): { views: NonNullable<ChangeDetection['diskViews']>; later(days: number): void } {
  const kept = new Map<string, { digest: string; sameSinceMs: number }>()
  return {
    views: {
      get: (id) => kept.get(id),
      note: async (id, view) => {
        kept.set(id, view)
      },
    },
    later(days) {
      for (const view of kept.values()) view.sameSinceMs -= days * day
    },
  }
}

const manyFolders = given(...Array.from({ length: 30 }, (_, at) => file(`${1990 + at}/`, true)))

describe('a listing that is refused in odd words', () => {
  it('of one dataset costs no other its proof', async () => {
    const { inspect, asked } = server({ listing: (id) => (id === 'odd' ? refused : given(file('a.csv'))) })
    expect(await inspect('odd')).toMatchObject({ hash: null })
    for (const id of ['b', 'c']) expect((await inspect(id)).hash).toMatch(/^[0-9a-f]{64}$/)
    expect(asked).toContain('files/c/')
  })

  it('of every dataset is not asked for any more after three', async () => {
    const { inspect, asked } = server({ listing: () => refused, manifest: () => given(file('a.csv')) })
    for (const id of ['a', 'b', 'c', 'd', 'e']) await inspect(id)
    expect(asked.filter((path) => path.startsWith('files/'))).toEqual(['files/a/', 'files/b/', 'files/c/'])
  })

  it('in one run is asked for again in the next, and is proof at once', async () => {
    const { views } = memory()
    const manifest = () => given(file('a.csv'))
    await server({ listing: () => refused, manifest }, views).inspect('a')
    const next = server({ listing: () => given(file('a.csv')), manifest }, views)
    expect(await next.inspect('a')).toMatchObject({ reason: null })
    expect(next.asked).toEqual(['files/a/'])
  })
})

describe('files in more folders than are walked', () => {
  it('are seen in the manifest from then on, which is proof after 8 days', async () => {
    const { views, later } = memory()
    const files = { listing: () => manyFolders, manifest: () => given(file('1990/a.csv')) }
    const first = server(files, views)
    expect(await first.inspect('a')).toMatchObject({ reason: 'HASH_NOT_SETTLED' })
    expect(first.asked).toEqual(['files/a/', 'a.manifest'])
    later(8)
    const second = server(files, views)
    expect(await second.inspect('a')).toMatchObject({ reason: null })
    expect(second.asked).toEqual(['a.manifest'])
  })

  it('are proof although an earlier version remembered the manifest', async () => {
    const { views, later } = memory()
    const manifest = () => given(file('1990/a.csv'))
    await server({ listing: () => refused, manifest }, views).inspect('a')
    later(8)
    expect(await server({ listing: () => manyFolders, manifest }, views).inspect('a')).toMatchObject({
      reason: null,
    })
  })
})
