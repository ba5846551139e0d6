import createClient, { type Client } from 'openapi-fetch'
import { HarvesterError } from '../../errors.ts'
import { systemRuntime } from '../runtime.ts'
import type { components, paths } from './api.generated.ts'
import type { PrefectSettings } from './settings.ts'
import { type Patience, prefectTransport, type Transport, type TransportOptions } from './transport.ts'

export type Schemas = components['schemas']

/** The typed client in three degrees of patience, over one pool of connections. */
export interface PrefectClient {
  readonly settings: PrefectSettings
  readonly normal: Client<paths>
  readonly once: Client<paths>
  readonly long: Client<paths>
  /** From now on, long patience ends after this. */
  hurry(milliseconds: number): void
  /** How long something that was begun then is still worth repeating. */
  left(begunMs: number): number
  /** What the clock of the server says: what is due there is due by it. */
  serverNow(): Date
  /** A time of the server's clock, by ours. */
  here(time: Date): Date
  close(): Promise<void>
}

export function prefectClient(settings: PrefectSettings, options: TransportOptions = {}): PrefectClient {
  const transport: Transport = prefectTransport(settings, options)
  const { now } = options.runtime ?? systemRuntime
  const client = (patience: Patience) =>
    createClient<paths>({
      baseUrl: settings.apiUrl,
      fetch: (request) => transport.fetch(request, patience),
    })
  return {
    settings,
    normal: client('normal'),
    once: client('once'),
    long: client('long'),
    hurry: (milliseconds) => transport.hurry(milliseconds),
    left: (begunMs) => transport.left(begunMs),
    serverNow: () => new Date(now().getTime() + transport.aheadMs),
    here: (time) => new Date(time.getTime() - transport.aheadMs),
    close: () => transport.close(),
  }
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of an answer. Throws PREFECT_REFUSED with what the server says for any status but success. */
export async function must<T>(what: string, answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked(what, answer)
  if (response.ok) return data as T
  throw refused(what, response.status, error)
}

/** Like {@link must}, with null for 404. */
export async function orNull<T>(what: string, answer: Promise<Answer<T>>): Promise<T | null> {
  const { data, error, response } = await asked(what, answer)
  if (response.ok) return data as T
  if (response.status === 404) return null
  throw refused(what, response.status, error)
}

/** @throws PREFECT_REFUSED for an address that cannot be written: an id that the server gave is no text */
async function asked<T>(what: string, answer: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await answer
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause
    throw new HarvesterError('PREFECT_REFUSED', `Prefect gave an id that is none, with which to ${what}`, {
      cause,
    })
  }
}

export function refused(what: string, status: number, error: unknown): HarvesterError {
  return new HarvesterError('PREFECT_REFUSED', `Prefect refuses to ${what} (${status}): ${detailOf(error)}`, {
    facts: { status },
  })
}

/** What the server says is wrong, in one line. */
export function detailOf(error: unknown): string {
  if (typeof error === 'string') return error.slice(0, 500)
  const body = (error ?? {}) as { detail?: unknown; exception_message?: unknown; exception_detail?: unknown }
  if (typeof body.detail === 'string') return body.detail
  const list = Array.isArray(body.exception_detail)
    ? body.exception_detail
    : Array.isArray(body.detail)
      ? body.detail
      : []
  const parts = list
    .slice(0, 4)
    .map((item: { loc?: unknown[]; msg?: string }) => `${(item.loc ?? []).join('.')}: ${item.msg ?? ''}`)
  if (parts.length > 0) return parts.join('; ')
  return typeof body.exception_message === 'string' ? body.exception_message : 'no reason given'
}

/** Of Prefect 3: older ones refuse what a registration says, and have no leases. */
const oldestMinor = 2

/**
 * The version of the server. Throws PREFECT_REFUSED when it is not one we can speak to, or no Prefect at all;
 * PREFECT_UNREACHABLE when there is no server.
 */
export async function serverVersion(client: PrefectClient): Promise<string> {
  const { data, response } = await client.once.GET('/admin/version')
  if (!response.ok || typeof data !== 'string' || !/^\d+\.\d+/.test(data)) {
    const { apiUrl } = client.settings
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `${apiUrl} is not the address of a Prefect API: it does not tell its version (${response.status})`,
      {
        remedy: 'PREFECT_API_URL usually ends with /api, as http://127.0.0.1:4200/api.',
        facts: { status: response.status },
      },
    )
  }
  const [major = 0, minor = 0] = data.split('.').map(Number)
  if (major < 3 || (major === 3 && minor < oldestMinor))
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `The server at ${client.settings.apiUrl} is Prefect ${data}, and 3.${oldestMinor} or newer is needed`,
      {
        remedy: `Update it: Prefect 3.${oldestMinor} or newer; docs/compatibility.md says which versions were tried.`,
      },
    )
  return data
}
