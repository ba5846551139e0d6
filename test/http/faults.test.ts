import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectionError, isConnectionFault } from '../../src/http/faults.ts'

const fault = (code: string, more: object = {}) =>
  Object.assign(new Error(`fault ${code}`), { code, ...more })

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('a fault below HTTP', () => {
  it.each([
    ['ENOTFOUND', 'HTTP_CONNECT', 'the name data.example.org does not resolve', true],
    ['EAI_AGAIN', 'HTTP_CONNECT', 'the name data.example.org cannot be looked up at the moment', false],
    ['CERT_HAS_EXPIRED', 'HTTP_CONNECT', 'data.example.org cannot be reached (fault CERT_HAS_EXPIRED)', true],
    ['ECONNRESET', 'HTTP_CONNECT', 'closed the connection before it answered', false],
    ['UND_ERR_CONNECT_TIMEOUT', 'HTTP_TIMEOUT', 'no connection to data.example.org in time', undefined],
    ['HPE_INVALID_CONSTANT', 'HTTP_BAD_ANSWER', 'the answer cannot be read', undefined],
  ] as const)('%s is %s', (code, expected, said, permanent) => {
    const error = connectionError(fault(code), 'GET', 'https://data.example.org/erddap/x', null)
    expect(error.code).toBe(expected)
    expect(error.message).toContain('GET https://data.example.org/erddap/x: ')
    expect(error.message).toContain(said)
    expect(error.facts.permanent).toBe(permanent)
  })

  it('is one of the proxy where that could not be reached, and says of which variable', () => {
    for (const name of ['http_proxy', 'https_proxy', 'HTTPS_PROXY']) vi.stubEnv(name, '')
    vi.stubEnv('HTTP_PROXY', 'svc:pass@proxy.example.org:3128')
    const said = (code: string, more: object) =>
      connectionError(fault(code, more), 'GET', 'https://data.example.org/x', null).message
    const proxy = 'proxy.example.org:3128 (proxy, HTTP_PROXY)'
    expect(said('ECONNREFUSED', { port: 3128 })).toContain(`${proxy} refuses connections`)
    expect(said('ENOTFOUND', { hostname: 'proxy.example.org' })).toContain(`${proxy} does not resolve`)
    const attempted = { message: 'Connect Timeout Error (attempted address: proxy.example.org:3128)' }
    expect(said('UND_ERR_CONNECT_TIMEOUT', attempted)).toContain(`no connection to ${proxy} in time`)
    // What NO_PROXY leaves out is asked itself.
    expect(said('ECONNREFUSED', { port: 443 })).toContain('data.example.org refuses connections')
    expect(said('ENOTFOUND', { hostname: 'data.example.org' })).toContain('name data.example.org does not')
  })

  it('is found among its causes, and in the list of addresses that were tried', () => {
    const several = Object.assign(new Error(''), { errors: [fault('ECONNREFUSED'), fault('ENETUNREACH')] })
    const wrapped = new Error('fetch failed', { cause: several })
    expect(connectionError(wrapped, 'GET', 'http://h/', null).facts.cause).toBe('ECONNREFUSED')
  })

  it('counts for the breaker only if the host could not be reached', () => {
    expect(isConnectionFault(connectionError(fault('ECONNREFUSED'), 'GET', 'http://h/', null))).toBe(true)
    expect(isConnectionFault(connectionError(fault('ETIMEDOUT'), 'GET', 'http://h/', null))).toBe(true)
    expect(isConnectionFault(connectionError(fault('Z_DATA_ERROR'), 'GET', 'http://h/', 4))).toBe(false)
    expect(isConnectionFault(fault('ECONNREFUSED'))).toBe(false)
  })
})
