/** A client that is made when something is first asked: a command that asks no source opens none. */

import { createHttpClient } from './client.ts'
import type { HttpClient, HttpClientSettings } from './types.ts'

export function lazyHttpClient(settings: HttpClientSettings): HttpClient {
  let made: HttpClient | undefined
  const client = () => {
    made ??= createHttpClient(settings)
    return made
  }
  return {
    get gate() {
      return client().gate
    },
    text: (request) => client().text(request),
    stream: (request) => client().stream(request),
    close: async () => made?.close(),
  }
}
