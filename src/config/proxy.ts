/** The proxies of the environment, as curl reads their addresses. */
import { HarvesterError } from '../errors.ts'
import { given } from './given.ts'

type Variables = Readonly<Record<string, string | undefined>>

export const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY'] as const

/** The variable that is read, and what it says: a name in small letters wins over one in capitals. */
export function givenProxy(
  env: Variables,
  name: (typeof proxyVariables)[number],
): { name: string; value: string } | null {
  for (const found of [name.toLowerCase(), name]) {
    const value = given(env, found)
    if (value !== undefined) return { name: found, value }
  }
  return null
}

/** The address of a proxy, whole; null for what is none. `host:port` is one of http. */
export function proxyAddress(value: string): string | null {
  const whole = value.includes('://') ? value : `http://${value}`
  if (!URL.canParse(whole)) return null
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(whole)
  if (!/^(https?|socks5?):$/.test(protocol) || hostname === '') return null
  // What stands behind the host is the rest of a password that was not encoded.
  if (pathname.length > 1 || search !== '' || hash !== '') return null
  // Without a port a bare name could be anything.
  if (whole !== value && !/:\d+\/?$/.test(value)) return null
  try {
    decodeURIComponent(username + password)
    return whole
  } catch {
    return null
  }
}

export const proxyRemedy = 'Write it as http://proxy.example.org:3128, special characters percent-encoded.'

/** @throws HarvesterError CONFIG_INVALID that names the variable, and never its value */
export function readProxy(env: Variables, name: (typeof proxyVariables)[number]): string {
  const found = givenProxy(env, name)
  if (found === null) return ''
  const address = proxyAddress(found.value)
  if (address !== null) return address
  throw new HarvesterError('CONFIG_INVALID', `${found.name} is no address of a proxy`, {
    remedy: proxyRemedy,
  })
}

/** The proxy that addresses of a scheme are asked through, unless NO_PROXY leaves out their host. */
export function proxyFor(env: Variables, protocol: string): { name: string; url: URL } | null {
  const found = (protocol === 'https:' && givenProxy(env, 'HTTPS_PROXY')) || givenProxy(env, 'HTTP_PROXY')
  const address = found && proxyAddress(found.value)
  return address ? { name: found.name, url: new URL(address) } : null
}
