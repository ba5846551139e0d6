import { describe, expect, it } from 'vitest'
import { connectionError, isConnectionFault } from '../../src/http/faults.ts'

const fault = (code: string, more: object = {}) =>
  Object.assign(new Error(`fault ${code}`), { code, ...more })

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
