import { afterEach, describe, expect, it } from 'vitest'
import { startWorms, type WormsServer } from '../../src/demo/worms.ts'
import { demoSynonyms, demoTaxa } from '../../src/demo/worms-taxa.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { createWormsClient } from '../../src/names/client.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const scope = { signal: new AbortController().signal }

async function serve(): Promise<{ server: WormsServer; client: ReturnType<typeof createWormsClient> }> {
  const server = await startWorms({ taxa: demoTaxa, synonyms: demoSynonyms })
  const http = createHttpClient({ gate: { inFlight: 8 }, sleep: async () => {} })
  closing.push(
    () => http.close(),
    () => server.close(),
  )
  return { server, client: createWormsClient({ http, baseUrl: server.url }) }
}

/** A client of a server that answers everything with this. */
async function answering(body: unknown, status = 200) {
  const { server, client } = await serve()
  server.setIntercept((_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
    return true
  })
  return client
}

const cod = { AphiaID: 126436, rank: 'Species', valid_AphiaID: 126436 }

describe('WoRMS', () => {
  it('is asked for many names at once, and answers in their order with the accepted taxon', async () => {
    const { server, client } = await serve()
    const names = ['Gadus morhua', 'Piscis ignotus', 'Gadus callarias', 'Cetacea']
    expect(await client.match(names, scope)).toEqual([
      { aphiaId: 126436, rank: 'Species' },
      null,
      { aphiaId: 126436, rank: 'Species' },
      { aphiaId: 2688, rank: 'Infraorder' },
    ])
    expect(server.requests).toEqual([
      `/rest/AphiaRecordsByMatchNames?${names.map((name) => `scientificnames[]=${name}`).join('&')}&marine_only=false`,
    ])
  })

  it('gives English and French names in its order, and the ids above a taxon, root first', async () => {
    const { client } = await serve()
    expect(await client.vernaculars(126436, scope)).toEqual({
      en: ['Atlantic cod', 'cod'],
      fr: ['morue de l’Atlantique', 'morue franche', 'cabillaud'],
    })
    expect(await client.ancestors(126436, scope)).toEqual([1, 2, 1821, 146419, 843664, 10313, 125469, 125732])
  })

  it('says "none" by 204 or by an empty body', async () => {
    const { client } = await serve()
    expect(await client.match(['Piscis ignotus', 'Nemo nemo'], scope)).toEqual([null, null])
    expect(await client.vernaculars(104464, scope)).toEqual({ en: [], fr: [] })
    expect(await client.ancestors(999999, scope)).toEqual([])
    const empty = await answering('')
    expect(await empty.match(['a', 'b'], scope)).toEqual([null, null])
    expect(await empty.vernaculars(1, scope)).toEqual({ en: [], fr: [] })
  })

  it('is believed in no match that is none: null, an empty list, no id, the id of a synonym without an accepted one', async () => {
    const client = await answering([
      null,
      [],
      [null],
      [{ AphiaID: null, valid_AphiaID: null }],
      [{ AphiaID: 0 }],
      [{ AphiaID: 7, valid_AphiaID: null, rank: ' ' }],
      cod,
      [cod, { AphiaID: 1 }],
      [{ AphiaID: 5e9 }],
    ])
    expect(await client.match([...'abcdefghi'], scope)).toEqual([
      null,
      null,
      null,
      null,
      null,
      { aphiaId: 7, rank: null },
      { aphiaId: 126436, rank: 'Species' },
      { aphiaId: 126436, rank: 'Species' },
      null,
    ])
  })

  it('has no match in a record that it deleted, or put into quarantine without an accepted taxon', async () => {
    const client = await answering([
      [{ ...cod, status: 'deleted' }],
      [{ AphiaID: 7, valid_AphiaID: null, rank: 'Genus', status: 'quarantined' }],
      [{ AphiaID: 7, rank: 'Genus', status: 'Quarantined' }],
      [{ AphiaID: 7, valid_AphiaID: 126436, rank: 'Species', status: 'quarantined' }],
      [{ AphiaID: 7, valid_AphiaID: null, rank: 'Genus', status: 'uncertain' }],
      [{ ...cod, status: 'accepted' }],
    ])
    expect(await client.match([...'abcdef'], scope)).toEqual([
      null,
      null,
      null,
      { aphiaId: 126436, rank: 'Species' },
      { aphiaId: 7, rank: 'Genus' },
      { aphiaId: 126436, rank: 'Species' },
    ])
  })

  it('is asked name by name where its list is shorter or longer than the batch', async () => {
    for (const change of [(list: unknown[]) => list.slice(1), (list: unknown[]) => [...list, ...list]]) {
      const { server, client } = await serve()
      server.setIntercept((request, response, url) => {
        const names = url.searchParams.getAll('scientificnames[]')
        if (names.length < 2 || request.url?.includes('ByMatchNames') !== true) return false
        response.writeHead(200).end(JSON.stringify(change(names.map(() => [{ AphiaID: 1 }]))))
        return true
      })
      expect(await client.match(['Orcinus orca', 'Nemo nemo', 'Gadus'], scope)).toEqual([
        { aphiaId: 137102, rank: 'Species' },
        null,
        { aphiaId: 125732, rank: 'Genus' },
      ])
    }
  })

  it('may be asked for names with quotes, %, ampersands and 300 characters', async () => {
    const { server, client } = await serve()
    const names = [`O'Brien "x" & 100% #?+`, 'é 海 🌊'.padEnd(300, 'x'), 'Gadus morhua']
    expect((await client.match(names, scope))[2]).toEqual({ aphiaId: 126436, rank: 'Species' })
    const asked = server.requests[0]!
    for (const name of names) expect(asked).toContain(`scientificnames[]=${name}`)
  })

  it('does not lead astray with a classification that goes in circles or has holes', async () => {
    const circle: Record<string, unknown> = {
      AphiaID: 2,
      child: { AphiaID: 3, child: { AphiaID: 2, child: { AphiaID: 9 } } },
    }
    expect(await (await answering(circle)).ancestors(9, scope)).toEqual([2, 3])
    const holes = {
      AphiaID: 2,
      child: { AphiaID: null, child: { AphiaID: 'x', child: { AphiaID: 9, child: null } } },
    }
    expect(await (await answering(holes)).ancestors(9, scope)).toEqual([2])
    const text = `${'{"child":'.repeat(5000)}null${'}'.repeat(5000)}`
    expect(await (await answering(text)).ancestors(9, scope)).toEqual([])
    expect(await (await answering({ AphiaID: 9, child: null })).ancestors(9, scope)).toEqual([])
  })

  it('that answers with a page, a 404 or something else is an error that says so', async () => {
    await expect((await answering('<h1>WoRMS</h1>')).match(['a'], scope)).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      message: expect.stringContaining('<h1>WoRMS</h1>'),
    })
    await expect((await answering({})).match(['a'], scope)).rejects.toMatchObject({ code: 'HTTP_BAD_ANSWER' })
    await expect((await answering([])).ancestors(1, scope)).rejects.toMatchObject({ code: 'HTTP_BAD_ANSWER' })
    await expect((await answering('no', 404)).vernaculars(1, scope)).rejects.toMatchObject({
      code: 'HTTP_STATUS',
    })
  })
})
