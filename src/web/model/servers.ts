/** The sources as the overview lists them: found, filtered and put in order, all from the address. */
import type { Server } from '../../serve/schemas.ts'

export type ServerOrder = 'failing' | 'name' | 'attempted'
export type ServerFilter = 'all' | 'failing' | 'partial'

export const serverOrders: readonly ServerOrder[] = ['failing', 'name', 'attempted']
export const serverFilters: readonly ServerFilter[] = ['all', 'failing', 'partial']

export function readOrder(text: string | null): ServerOrder {
  return serverOrders.find((order) => order === text) ?? 'failing'
}

export function readFilter(text: string | null): ServerFilter {
  return serverFilters.find((filter) => filter === text) ?? 'all'
}

export function isFailing(server: Server): boolean {
  return server.last_error !== null || server.n_failing > 0
}

/** Names as people sort them: `erddap2` before `erddap10`. */
const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

function nameOf(server: Server): string {
  return server.erddap_url.replace(/^[a-z]+:\/\//i, '')
}

export function arrange(
  servers: readonly Server[],
  { search, filter, order }: { search: string; filter: ServerFilter; order: ServerOrder },
): Server[] {
  const wanted = search.trim().toLowerCase()
  return servers
    .filter((server) => wanted === '' || server.erddap_url.toLowerCase().includes(wanted))
    .filter(
      (server) =>
        filter === 'all' ||
        (filter === 'failing' ? isFailing(server) : server.n_left_out + server.n_failing > 0),
    )
    .sort((a, b) => {
      if (order === 'failing') {
        const trouble = (server: Server) => (server.last_error !== null ? 2 : server.n_failing > 0 ? 1 : 0)
        const difference = trouble(b) - trouble(a) || b.n_failing - a.n_failing
        if (difference !== 0) return difference
      }
      if (order === 'attempted') {
        const [one, other] = [a.last_attempted_at ?? '', b.last_attempted_at ?? '']
        if (one !== other) return one < other ? 1 : -1
      }
      return natural.compare(nameOf(a), nameOf(b))
    })
}
