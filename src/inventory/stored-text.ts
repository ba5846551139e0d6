import { storableText } from '../rules/limits.ts'

/**
 * JSON as PostgreSQL keeps it: for one NUL or half of a surrogate pair anywhere in it, names of fields included, the whole
 * statement is refused.
 */
export function json(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') return storableText(inner)
    if (typeof inner !== 'object' || inner === null || Object.keys(inner).every(isStorable)) return inner
    return Object.fromEntries(Object.entries(inner).map(([name, field]) => [storableText(name), field]))
  })
}

function isStorable(text: string): boolean {
  return storableText(text) === text
}
