/** An HTTP client that answers every question with the same body. */
import type { HttpAnswer, HttpClient } from '../../../src/http/client.ts'

/** @param answers the nth gets the nth, the last one all that follow */
export function fakeHttp(...answers: readonly string[]): HttpClient {
  let asked = 0
  return {
    async text({ url }): Promise<HttpAnswer> {
      const body = answers[Math.min(asked++, answers.length - 1)] ?? ''
      return { foreign: false, status: 200, url, headers: {}, body, bytes: body.length, ms: 0 }
    },
    stream: () => Promise.reject(new Error('nothing streams here')),
    gate: null,
    close: async () => {},
  }
}
