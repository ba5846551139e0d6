import { expect, it } from 'vitest'
import { createHttpClient } from '../../../src/http/client.ts'
import { createErddapClient } from '../../../src/sources/erddap/client.ts'
import { httpServer, stopServersAfterEach } from '../../http/servers.ts'

stopServersAfterEach()

it('a dataset of two million profiles is read in bounded memory, as fast as the reader takes it', async () => {
  const rowsAPiece = 2000
  const pieces = 1000
  const piece = Buffer.from('STATION-0000000001,48.25,-125.5\n'.repeat(rowsAPiece))
  let sent = 0
  const server = await httpServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/csv;charset=ISO-8859-1' })
    response.write('id,latitude,longitude\n,degrees_north,degrees_east\n')
    const fill = () => {
      while (sent < pieces) {
        sent += 1
        if (!response.write(piece)) return
      }
      response.end()
    }
    response.on('drain', () => !response.writableEnded && fill())
    fill()
  })
  const http = createHttpClient()
  try {
    const erddap = createErddapClient({ http, baseUrl: `${server.url}/erddap` }).scope()
    const table = (await erddap.distinct('x', ['id', 'latitude', 'longitude']))!
    // The server is held back while nobody reads: sockets buffer a few MB, not the whole.
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(sent).toBeLessThan(pieces / 2)
    const before = process.memoryUsage()
    let rows = 0
    let heap = 0
    let external = 0
    for await (const batch of table.batches!) {
      rows += batch.length
      const now = process.memoryUsage()
      heap = Math.max(heap, now.heapUsed - before.heapUsed)
      external = Math.max(external, now.external - before.external)
    }
    expect(rows).toBe(rowsAPiece * pieces)
    // 64 MB of text, some 400 MB as rows; what is measured includes what waits to be collected.
    expect(heap).toBeLessThan(150 * 1024 * 1024)
    expect(external).toBeLessThan(60 * 1024 * 1024)
  } finally {
    await http.close()
  }
})
