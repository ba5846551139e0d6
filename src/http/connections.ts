/** How connections are made, whoever asks: pools, proxies, and whose certificates are believed. */

import { readFileSync } from 'node:fs'
import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import { given } from '../config/given.ts'
import { readProxy } from '../config/proxy.ts'
import { variables } from '../config/variables.ts'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from './undici.ts'

export interface Proxies {
  /** Blank for none. */
  readonly http: string
  readonly https: string
  /** Hosts that are asked without a proxy, as NO_PROXY lists them. */
  readonly except: string
}

export const noProxies: Proxies = { http: '', https: '', except: '' }

/** What the environment says: a name in small letters wins over one in capitals. @throws HarvesterError CONFIG_INVALID */
export function proxiesOf(environment: Readonly<Record<string, string | undefined>>): Proxies {
  return {
    http: readProxy(environment, 'HTTP_PROXY'),
    https: readProxy(environment, 'HTTPS_PROXY'),
    except: given(environment, 'no_proxy') ?? given(environment, 'NO_PROXY') ?? '',
  }
}

export function isProxied(proxies: Proxies): boolean {
  return proxies.http !== '' || proxies.https !== ''
}

export interface ConnectionSettings {
  /** Name, route and TLS. */
  readonly connectMs: number
  readonly proxies: Proxies
  /** At most so many to a host. @default no limit: the gate is the limit */
  readonly perHost?: number
  /** How long one that is idle is kept. @default undici's 4 seconds, or what the server says */
  readonly keepAliveMs?: number
  /** PEM of an authority that is believed beside those that everybody believes. */
  readonly authority?: string | null
  /** Believes any certificate. @default false */
  readonly insecure?: boolean
  /** How names are looked up; of no use behind a proxy, which looks them up itself. */
  readonly lookup?: LookupFunction
}

/** Keep-alive connections, through the proxies where there are any. */
export function connections(settings: ConnectionSettings): Dispatcher {
  const { connectMs, proxies, perHost, keepAliveMs, authority = null, insecure = false, lookup } = settings
  const trust = {
    ...(authority !== null && { ca: [...rootCertificates, ...extraAuthorities(), authority] }),
    ...(insecure && { rejectUnauthorized: false }),
  }
  const pool = {
    ...(perHost !== undefined && { connections: perHost }),
    ...(keepAliveMs !== undefined && { keepAliveTimeout: keepAliveMs }),
    connect: { timeout: connectMs, ...trust, ...(lookup && { lookup }) },
  }
  if (!isProxied(proxies)) return new Agent(pool)
  return new EnvHttpProxyAgent({
    ...pool,
    // What is asked through a proxy's tunnel.
    requestTls: trust,
    httpProxy: proxies.http,
    httpsProxy: proxies.https,
    noProxy: proxies.except,
  })
}

/** Setting authorities replaces all of Node's, also those that its user added. */
function extraAuthorities(): string[] {
  const file = variables.NODE_EXTRA_CA_CERTS
  try {
    return file ? [readFileSync(file, 'utf8')] : []
  } catch {
    return [] // Node has warned of it already
  }
}
