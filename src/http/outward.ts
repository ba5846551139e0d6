/** A client for addresses that somebody else named: what is asked on their behalf never leads inwards. */

import type { HttpClient, HttpRequest } from './types.ts'

/** The same client, whose requests to and on behalf of the given addresses connect to the public network only. */
export function outwardOnly(http: HttpClient, concerns: (url: string) => boolean): HttpClient {
  const held = (request: HttpRequest): HttpRequest =>
    concerns(request.url) || concerns(request.home ?? request.url)
      ? { ...request, outwardOnly: true }
      : request
  return {
    gate: http.gate,
    text: (request) => http.text(held(request)),
    stream: (request) => http.stream(held(request)),
    close: () => http.close(),
  }
}
