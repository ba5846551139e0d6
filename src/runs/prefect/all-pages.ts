/** What a server gives in one answer. */
export const pageSize = 200

/** Everything that there is, page by page, or the first `most` of it. */
export async function allPages<T>(
  ask: (page: { limit: number; offset: number }) => Promise<T[]>,
  most: number = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const found: T[] = []
  for (;;) {
    const limit = Math.min(pageSize, most - found.length)
    const page = await ask({ limit, offset: found.length })
    found.push(...page)
    if (page.length < limit || found.length >= most) return found
  }
}

/** Divides ids so that each part fits into one question. */
export function inParts<T>(items: readonly T[]): T[][] {
  const parts: T[][] = []
  for (let at = 0; at < items.length; at += pageSize) parts.push(items.slice(at, at + pageSize))
  return parts
}
