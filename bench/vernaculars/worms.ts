/** A WoRMS that knows every name and answers after so many milliseconds. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const latency = Number(process.argv[2])
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://worms')
  const id = Number(url.pathname.split('/').at(-1))
  const names = url.searchParams.getAll('scientificnames[]')
  const body =
    names.length > 0
      ? names.map((name) => [{ AphiaID: 100_000 + Number(name.replace(/\D/g, '')), rank: 'Species' }])
      : url.pathname.includes('Classification')
        ? { AphiaID: 1, child: { AphiaID: 2, child: { AphiaID: 3, child: { AphiaID: id, child: null } } } }
        : [
            { vernacular: `name ${id}`, language_code: 'eng' },
            { vernacular: `nom ${id}`, language_code: 'fra' },
          ]
  setTimeout(() => response.end(JSON.stringify(body)), latency)
})
server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
