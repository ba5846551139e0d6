/** PostgreSQL keeps no NUL, neither in texts nor in JSON. */
export function clean(text: string): string {
  return text.replaceAll('\0', '')
}

export function json(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? clean(inner) : inner))
}
