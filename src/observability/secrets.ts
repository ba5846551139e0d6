/** Removes what must not be seen: passwords in addresses, bearer tokens, values of secret-looking keys. */

const secretKey = /pass(word|wd)?|secret|token|api_?key|authorization|auth_?string|cookie|credential/i

export function scrub(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]*@/gi, '$1***@')
    .replace(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/g, '$1 ***')
    .replace(/([?&](?:password|token|api_?key|secret)=)[^&\s]+/gi, '$1***')
}

/** A copy of facts for a log, without secrets. Depth is bounded: logs are not a place for object graphs. */
export function scrubFacts(facts: Record<string, unknown>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [
      key,
      secretKey.test(key) && value !== undefined && value !== null ? '***' : scrubValue(value, depth),
    ]),
  )
}

function scrubValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value)
  if (value instanceof Error)
    return {
      ...('code' in value ? { code: value.code } : {}),
      message: scrub(value.message),
      stack: scrub(value.stack ?? ''),
    }
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return depth > 3 ? '…' : value.map((item) => scrubValue(item, depth + 1))
  if (value !== null && typeof value === 'object')
    return depth > 3 ? '…' : scrubFacts(value as Record<string, unknown>, depth + 1)
  return value
}
