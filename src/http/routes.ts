import type { Dispatcher } from 'undici'

/**
 * Sends requests for some origins to others: the demo's sources have fixed addresses in what is stored, whatever port
 * they listen on.
 */
export function routed(dispatcher: Dispatcher, routes: ReadonlyMap<string, string>): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    const to = routes.get(String(options.origin))
    return dispatch(to === undefined ? options : { ...options, origin: to }, handler)
  })
}
