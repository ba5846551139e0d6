/**
 * The last part of a path as it was meant. The router decodes what it gives, and then turns each `%2F` of that into a
 * slash: an id that holds `%2F` itself would become another one.
 */
export function lastPart(pathname: string): string {
  const part = pathname.slice(pathname.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(part)
  } catch {
    // Written by hand, with a sign that begins no code.
    return part
  }
}
