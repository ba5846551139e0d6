import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { carriedSource, type ErddapSource } from '../../src/config/source.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { createHarvester, type Harvested } from '../support/harvester.ts'

/** A server in the network of the worker. */
let server: ErddapServer
beforeEach(async () => {
  server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 1 }) })
})
afterEach(() => server.close())

/** A run that carries a source, by a worker with these sources. */
async function carried(url: string, erddap_urls: string[]): Promise<Harvested> {
  const harvest = await createHarvester({ settings: { erddap_urls } })
  const source = carriedSource({
    type: 'erddap',
    url,
    slug: 'x',
    concurrency: 1,
    requestsPerSecond: null,
    timeoutSeconds: null,
    datasetIds: null,
    skipDatasetIds: [],
    cron: null,
    contact: null,
    waitFor: null,
  }) as ErddapSource
  try {
    return await harvest.run({ source: source.url, source_options: source })
  } finally {
    await harvest.close()
  }
}

describe('the parameters of a run', () => {
  it.each(['127.0.0.1', 'localhost'])(
    'have no server of this network harvested that the worker does not name: %s',
    async (host) => {
      const url = server.url.replace('127.0.0.1', host)
      const { result, attempts } = await carried(url, ['https://erddap.example.org/erddap'])
      expect(result.state).toBe('FAILED')
      expect(result.message).toContain('is in this network and no source of the configuration')
      expect(attempts).toEqual([])
      expect(server.requests).toEqual([])
    },
  )

  it('may name a server of this network that the worker names as well', async () => {
    const { outcomes } = await carried(server.url, ['https://erddap.example.org/erddap', server.url])
    expect(outcomes).toEqual({ scale_00000: 'success' })
  })

  it('are what a worker without a source list goes by', async () => {
    const { outcomes } = await carried(server.url, [])
    expect(outcomes).toEqual({ scale_00000: 'success' })
  })
})
