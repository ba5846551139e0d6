import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import { carriedSource, type ErddapSource } from '../../src/config/source.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { servicesFor } from '../../src/flows/brought-source.ts'
import { namedOrUrl, waitForSourceFlow } from '../../src/flows/wait-for-source.ts'
import { createHttpClient, type HttpRequest } from '../../src/http/client.ts'
import { createLocalBackend, memoryStore, runFlow } from '../../src/runs/index.ts'
import { createHarvester, type Harvested } from '../support/harvester.ts'

/** A server in the network of the worker. */
let server: ErddapServer
beforeEach(async () => {
  server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 1 }) })
})
afterEach(() => server.close())

function sourceAt(url: string): ErddapSource {
  return carriedSource({ ...(namedOrUrl([], url) as ErddapSource), slug: 'x' }, []) as ErddapSource
}

/** A run that carries a source, by a worker with these sources. */
async function carried(url: string, erddap_urls: string[]): Promise<Harvested> {
  const harvest = await createHarvester({ settings: { erddap_urls } })
  const source = sourceAt(url)
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

  it('get no folder that another source of the same name has: its results stay as they are', async () => {
    const harvest = await createHarvester({
      settings: { erddap_urls: [], retention: { folders: 1, folder_hours: 0, folders_most: 1 } },
    })
    try {
      const source = sourceAt(server.url)
      await harvest.run({ source: source.url, source_options: source })
      const parent = join(harvest.folder, 'harvest', source.slug)
      const before = (await readdir(parent)).sort()
      // On the same host there is no other server: its list fails, and its folder would push out the first one's.
      const other = sourceAt(`${server.url}/other`)
      expect(other.slug).toBe(source.slug)
      await harvest.run({ source: other.url, source_options: other })
      expect((await readdir(parent)).sort()).toEqual(before)
    } finally {
      await harvest.close()
    }
  })
})

/** What a worker with these sources has. */
function worker(erddap_urls: string[]) {
  const config = readHarvestConfig({
    env: { HARVEST_CONFIG_YAML: JSON.stringify({ erddap_urls }) },
    folder: '/',
    sourcesOptional: true,
  })
  const asked: HttpRequest[] = []
  const client = createHttpClient({ gate: null })
  const http = {
    ...client,
    text: (request: HttpRequest) => {
      asked.push(request)
      return client.text(request)
    },
  }
  return { config, http, asked }
}

describe('the parameters of a run that waits', () => {
  const waiting = async (erddap_urls: string[], parameters: Record<string, unknown>) => {
    const services = worker(erddap_urls)
    const given = { source: '', timeout_seconds: 1, ...parameters }
    const backend = createLocalBackend({ store: memoryStore() })
    try {
      return await runFlow(backend, waitForSourceFlow(services), given)
    } finally {
      await services.http.close()
    }
  }

  it.each([
    ['by its address', (url: string) => ({ source: url })],
    ['as a deployment carries it', (url: string) => ({ source: url, source_options: sourceAt(url) })],
  ])('have no server of this network asked that the worker does not name: %s', async (_how, parameters) => {
    const { state, message } = await waiting(['https://erddap.example.org/erddap'], parameters(server.url))
    expect(state).toBe('FAILED')
    expect(message).toContain('is in this network and no source of the configuration')
    expect(server.requests).toEqual([])
  })

  it('may name one that the worker names as well', async () => {
    expect((await waiting([server.url], { source: server.url })).state).toBe('COMPLETED')
  })
})

describe('a public server that only the parameters of a run name', () => {
  it('is asked of the public network, whatever its name means by then', async () => {
    const { config, http, asked } = worker(['https://erddap.example.org/erddap'])
    const url = 'https://192.88.99.1/erddap'
    const services = await servicesFor({ config, http }, sourceAt(url))
    await services.http
      .text({ url: `${url}/version`, retries: 0, signal: AbortSignal.abort() })
      .catch(() => {})
    await services.http
      .text({ url: 'https://origin.example.net/', home: url, signal: AbortSignal.abort() })
      .catch(() => {})
    await services.http
      .text({ url: 'https://catalogue.example.org/', signal: AbortSignal.abort() })
      .catch(() => {})
    expect(asked.map(({ outwardOnly }) => outwardOnly)).toEqual([true, true, undefined])
    await http.close()
  })
})
