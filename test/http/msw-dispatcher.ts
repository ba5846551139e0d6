/**
 * A bridge from undici to msw: what the HTTP client asks is answered by msw's handlers. For what loopback servers
 * cannot play: several hosts of the Internet, with and without TLS, that send to one another. (msw itself intercepts
 * `fetch` and `node:http`, not undici.)
 */

import { getResponse, type RequestHandler } from 'msw'
import { Dispatcher } from 'undici'

export class MswDispatcher extends Dispatcher {
  readonly #handlers: RequestHandler[]

  constructor(...handlers: RequestHandler[]) {
    super()
    this.#handlers = handlers
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    void this.#answer(options, handler)
    return true
  }

  override async destroy(): Promise<void> {}

  async #answer(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) {
    let aborted: Error | undefined
    handler.onConnect?.((reason) => {
      aborted = reason ?? new Error('aborted')
    })
    try {
      const url = new URL(options.path, options.origin)
      const headers = new Headers(options.headers as Record<string, string>)
      const response = await getResponse(
        this.#handlers,
        new Request(url, { method: options.method, headers }),
      )
      if (aborted) throw aborted
      if (!response)
        throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${url.hostname}`), { code: 'ENOTFOUND' })
      const raw = [...response.headers].flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)])
      handler.onHeaders?.(response.status, raw, () => {}, response.statusText)
      const body = Buffer.from(await response.arrayBuffer())
      if (body.length > 0) handler.onData?.(body)
      handler.onComplete?.([])
    } catch (error) {
      handler.onError?.(error as Error)
    }
  }
}
