import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import { createHttpClient } from '../../src/http/client.ts'
import { createErddapClient } from '../../src/sources/erddap/client.ts'
import { MswDispatcher } from './msw-dispatcher.ts'

const redirect = (location: string) => () => new HttpResponse(null, { status: 302, headers: { location } })
const csv = (body: string) => () =>
  new HttpResponse(body, { headers: { 'content-type': 'text/csv;charset=ISO-8859-1' } })

describe('hosts that send to one another', () => {
  it('keep a login to themselves', async () => {
    const seen: (string | null)[] = []
    const client = createHttpClient({
      dispatcher: new MswDispatcher(
        http.get('https://a.example/start', redirect('https://a.example/next')),
        http.get('https://a.example/next', ({ request }) => {
          seen.push(request.headers.get('authorization'))
          return redirect('https://me:pw@b.example/end')()
        }),
        http.get('https://b.example/end', ({ request }) => {
          seen.push(request.headers.get('authorization'))
          return HttpResponse.text('arrived')
        }),
      ),
    })
    const answer = await client.text({ url: 'https://user:secret@a.example/start' })
    expect(answer).toMatchObject({ url: 'https://b.example/end', body: 'arrived' })
    expect(seen).toEqual([`Basic ${Buffer.from('user:secret').toString('base64')}`, null])
  })

  it('are tried again behind a proxy that fails, and not under a name that does not exist', async () => {
    const client = createHttpClient({
      sleep: async () => {},
      dispatcher: new MswDispatcher(
        http.get('https://proxy.example/', () => HttpResponse.text('<html>down</html>', { status: 522 })),
      ),
    })
    await expect(client.text({ url: 'https://unknown.example/' })).rejects.toThrow(
      'the name unknown.example does not resolve',
    )
    await expect(client.text({ url: 'https://proxy.example/' })).rejects.toThrow(
      'answered 522: down (4 attempts)',
    )
  })
})

describe('a federated dataset', () => {
  const base = 'https://front.example/erddap'
  const client = (...handlers: ConstructorParameters<typeof MswDispatcher>) =>
    createErddapClient({
      baseUrl: base,
      http: createHttpClient({ dispatcher: new MswDispatcher(...handlers) }),
    }).scope()

  it('is followed from https to http for its data, and never for listing or metadata', async () => {
    const down = (path: string) => redirect(`http://origin.example/erddap/${path}`)
    const scope = client(
      http.get(`${base}/tabledap/fed.csv`, down('tabledap/real.v1.csv?id,time&distinct()')),
      http.get(
        'http://origin.example/erddap/tabledap/real.v1.csv',
        csv('id,time\n,UTC\na,2020-01-01T00:00:00Z\n'),
      ),
      http.get(`${base}/info/fed/index.csv`, down('info/real.v1/index.csv')),
      http.get(`${base}/tabledap/allDatasets.csv`, down('tabledap/allDatasets.csv')),
    )
    const table = await scope.distinct('fed', ['id', 'time'])
    expect(table!.url).toBe('http://origin.example/erddap/tabledap/real.v1.csv?id,time&distinct()')
    table!.cancel!()
    await expect(scope.metadata('fed')).rejects.toThrow('redirected from https to http')
    await expect(scope.listDatasets()).rejects.toThrow('redirected from https to http')
  })

  it('is followed to its origin over at most three hops', async () => {
    const hop = (from: string, to: string) =>
      http.head(
        `https://${from}.example/erddap/tabledap/ds.csv`,
        redirect(`https://${to}.example/erddap/tabledap/ds.csv?"x"`),
      )
    const end = (host: string) => http.head(`https://${host}.example/erddap/tabledap/ds.csv`, csv(''))
    expect(await client(hop('front', 'b'), hop('b', 'c'), hop('c', 'd'), end('d')).origin('ds')).toEqual({
      kind: 'origin',
      baseUrl: 'https://d.example/erddap',
      datasetId: 'ds',
    })
    const tooFar = client(hop('front', 'b'), hop('b', 'c'), hop('c', 'd'), hop('d', 'e'))
    expect(await tooFar.origin('ds')).toEqual({
      kind: 'unresolved',
      why: 'ds is redirected more than 3 times',
    })
    expect(await client(end('front')).origin('ds')).toEqual({ kind: 'local' })
  })

  it('is none if the server only moves from http to https', async () => {
    const scope = createErddapClient({
      baseUrl: 'http://front.example/erddap',
      http: createHttpClient({
        dispatcher: new MswDispatcher(
          http.head('http://front.example/erddap/tabledap/ds.csv', redirect(`${base}/tabledap/ds.csv?time`)),
          http.head(`${base}/tabledap/ds.csv`, csv('')),
        ),
      }),
    }).scope()
    expect(await scope.origin('ds')).toEqual({ kind: 'local' })
  })
})
