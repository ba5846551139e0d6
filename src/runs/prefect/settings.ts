import { readFileSync } from 'node:fs'
import { given } from '../../config/given.ts'
import { loginOf } from '../../config/percent.ts'
import { HarvesterError } from '../../errors.ts'
import { type Proxies, proxiesOf } from '../../http/connections.ts'

/** How to reach a Prefect server. */
export interface PrefectSettings {
  /** Without a slash at the end; may have a path prefix. */
  readonly apiUrl: string
  /** `user:password` of a self-hosted server. */
  readonly authString: string | null
  /** Of Prefect Cloud; {@link authString} wins over it. */
  readonly apiKey: string | null
  /** PEM of the authority that signed the certificate of the server; null: those that everybody believes. */
  readonly authority: string | null
  /** Whether any certificate is believed. */
  readonly insecure: boolean
  readonly proxies: Proxies
}

const example = 'Use the address of the API, as http://127.0.0.1:4200/api.'

/**
 * Reads the settings from environment variables; null without PREFECT_API_URL. Blank counts as unset.
 * Throws CONFIG_INVALID for an address that is none; a password within the address is taken as the auth string.
 */
export function prefectSettings(
  environment: Readonly<Record<string, string | undefined>>,
): PrefectSettings | null {
  const read = (name: string) => given(environment, name) ?? null
  const text = read('PREFECT_API_URL')
  if (text === null) return null
  if (!URL.canParse(text))
    throw new HarvesterError('CONFIG_INVALID', 'PREFECT_API_URL is not a URL', { remedy: example })
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new HarvesterError('CONFIG_INVALID', `PREFECT_API_URL has the scheme ${url.protocol}`, {
      remedy: example,
    })
  const inUrl = url.username ? loginOf(url) : null
  url.username = ''
  url.password = ''
  url.hash = ''
  url.search = ''
  return {
    apiUrl: url.toString().replace(/(?<!\/)\/+$/, ''),
    authString: read('PREFECT_API_AUTH_STRING') ?? inUrl,
    apiKey: read('PREFECT_API_KEY'),
    authority: readAuthority(read('PREFECT_API_SSL_CERT_FILE')),
    insecure: /^(true|1|yes|on)$/i.test(read('PREFECT_API_TLS_INSECURE_SKIP_VERIFY') ?? ''),
    proxies: proxiesOf(environment),
  }
}

function readAuthority(file: string | null): string | null {
  if (file === null) return null
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new HarvesterError('CONFIG_INVALID', `PREFECT_API_SSL_CERT_FILE: ${file} cannot be read`, {
      remedy: 'Give the path of a PEM file that this user may read.',
      cause,
    })
  }
}
