/** Whose data a dataset of a server is that passes requests on to another. */

import { redirectTarget } from '../../http/redirect.ts'
import { type Asking, explained, requestOf } from './scope.ts'
import { type DatasetAddress, datasetAddress, distinctUrl, isSameDataset } from './urls.ts'

/** Whose data a dataset is: the server's own, or that of another one; `why` says what could not be followed. */
export type Origin =
  | { kind: 'local' }
  | ({ kind: 'origin' } & DatasetAddress)
  | { kind: 'unresolved'; why: string }

const maxOriginHops = 3

export async function findOrigin(asking: Asking, datasetId: string): Promise<Origin> {
  const { settings, base, maxBytes } = asking
  const here: DatasetAddress = { baseUrl: base, datasetId }
  let url = distinctUrl(base, datasetId, ['time'])
  let at = here
  try {
    // HEAD of a data request: a redirect comes before any data is read, so that nothing has to be computed.
    for (let hops = 0; ; hops += 1) {
      const answer = await settings.http.text(
        requestOf(asking, url, { method: 'HEAD', redirect: 'manual', maxBytes }),
      )
      const { location } = answer.headers
      if (answer.status < 300 || location === undefined) break
      if (hops === maxOriginHops)
        return { kind: 'unresolved', why: `${datasetId} is redirected more than ${maxOriginHops} times` }
      url = redirectTarget(new URL(answer.url), location, true).href
      const next = datasetAddress(url)
      if (!next)
        return { kind: 'unresolved', why: `${datasetId} is redirected to ${url}, which is no dataset` }
      at = next
    }
  } catch (error) {
    throw explained(asking, error, datasetId)
  }
  // A server that only sends from http to https is no other server.
  return isSameDataset(at, here) ? { kind: 'local' } : { kind: 'origin', ...at }
}
