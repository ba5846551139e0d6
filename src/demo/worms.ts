/** A look-alike of WoRMS's REST API on loopback, over the taxa that it is given. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Taxon } from './worms-taxa.ts'

export interface WormsOptions {
  taxa: readonly Taxon[]
  synonyms?: readonly { id: number; name: string; accepted: number }[]
  host?: string
  port?: number
  latencyMs?: number
  /** Answers instead of the look-alike, if it returns true. */
  intercept?: (request: IncomingMessage, response: ServerResponse, url: URL) => boolean
}

export interface WormsServer {
  url: string
  origin: string
  /** Decoded paths, in order. */
  requests: string[]
  /** Most requests that were answered at the same time. */
  busiest: () => number
  setLatency: (ms: number) => void
  setIntercept: (intercept: WormsOptions['intercept']) => void
  close: () => Promise<void>
}

export async function startWorms(options: WormsOptions): Promise<WormsServer> {
  const { host = '127.0.0.1' } = options
  let { latencyMs = 0, intercept } = options
  const byId = new Map(options.taxa.map((taxon) => [taxon.id, taxon]))
  const byName = new Map(options.taxa.map((taxon) => [taxon.name.toLowerCase(), taxon]))
  const synonyms = new Map((options.synonyms ?? []).map((synonym) => [synonym.name.toLowerCase(), synonym]))
  const requests: string[] = []
  let active = 0
  let busiest = 0

  const server = createServer(async (request, response) => {
    active += 1
    busiest = Math.max(busiest, active)
    response.on('close', () => {
      active -= 1
    })
    const url = new URL(request.url ?? '/', 'http://worms')
    requests.push(decodeURIComponent(request.url ?? '/'))
    if (latencyMs > 0) await sleep(latencyMs)
    if (intercept?.(request, response, url)) return
    const [, rest, operation, id] = url.pathname.split('/')
    if (rest !== 'rest') return reply(response, 404, { error: 'Not found' })
    switch (operation) {
      case 'AphiaRecordsByMatchNames':
        return reply(response, 200, matchAll(url.searchParams.getAll('scientificnames[]')))
      case 'AphiaVernacularsByAphiaID':
        return reply(response, 200, vernacularsOf(Number(id)))
      case 'AphiaClassificationByAphiaID':
        return reply(response, 200, classificationOf(Number(id)))
      default:
        return reply(response, 404, { error: 'Not found' })
    }
  })

  function matchAll(names: readonly string[]): unknown[] | null {
    const matches = names.map((name) => {
      const taxon = byName.get(name.toLowerCase())
      const synonym = synonyms.get(name.toLowerCase())
      const accepted = synonym ? byId.get(synonym.accepted) : taxon
      if (!accepted) return []
      return [
        {
          AphiaID: synonym?.id ?? accepted.id,
          scientificname: synonym?.name ?? accepted.name,
          status: synonym ? 'unaccepted' : 'accepted',
          rank: accepted.rank,
          valid_AphiaID: accepted.id,
          valid_name: accepted.name,
          match_type: 'exact',
        },
      ]
    })
    return matches.every((match) => match.length === 0) ? null : matches
  }

  function vernacularsOf(id: number): unknown[] | null {
    const { english = [], french = [] } = byId.get(id) ?? {}
    const names = [
      ...english.map((vernacular) => ({ vernacular, language_code: 'eng', language: 'English' })),
      ...french.map((vernacular) => ({ vernacular, language_code: 'fra', language: 'French' })),
    ]
    return names.length === 0 ? null : names
  }

  function classificationOf(id: number): unknown {
    let node: Record<string, unknown> | null = null
    for (let taxon = byId.get(id); taxon; taxon = taxon.parent === null ? undefined : byId.get(taxon.parent))
      node = { AphiaID: taxon.id, rank: taxon.rank, scientificname: taxon.name, child: node }
    return node === null ? null : { AphiaID: 1, rank: 'Superdomain', scientificname: 'Biota', child: node }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const origin = `http://${host}:${(server.address() as AddressInfo).port}`
  return {
    url: origin,
    origin,
    requests,
    busiest: () => busiest,
    setLatency: (ms) => {
      latencyMs = ms
    },
    setIntercept: (next) => {
      intercept = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** "None" is an answer without content. */
function reply(response: ServerResponse, status: number, body: unknown): void {
  if (body === null) {
    response.writeHead(204).end()
    return
  }
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}
