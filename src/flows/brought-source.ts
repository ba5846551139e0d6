/** Sources that a run brings along: whoever may start runs may name any public server, and nothing else. */

import type { Source } from '../config/source.ts'
import { HarvesterError } from '../errors.ts'
import { mayBeAnywhere } from '../harvest/kinds.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { leadsInward } from '../http/address.ts'
import { outwardOnly } from '../http/outward.ts'

/**
 * The services for a source that the parameters of a run describe. It may be any public server, but nothing of the
 * network that the worker stands in, unless the worker's own configuration names it. The name is looked up here, and at
 * each connection again: one that means something else by then gains nothing. A worker without a list of sources takes
 * what its deployments carry.
 * @throws HarvesterError PARAMETERS_INVALID
 */
export async function servicesFor<S extends Pick<HarvestServices, 'config' | 'http'>>(
  services: S,
  source: Source,
): Promise<S> {
  const { sources } = services.config
  if (!mayBeAnywhere(source) || sources.length === 0) return services
  const { host, hostname } = new URL(source.url)
  if (sources.some(({ url }) => new URL(url).host === host)) return services
  if (!(await leadsInward(hostname)))
    return { ...services, http: outwardOnly(services.http, (url) => new URL(url).host === host) }
  throw new HarvesterError(
    'PARAMETERS_INVALID',
    `source: ${source.url} is in this network and no source of the configuration`,
    { remedy: 'Add it to erddap_urls of the worker if it is to be harvested.' },
  )
}
