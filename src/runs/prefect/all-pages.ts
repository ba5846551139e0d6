/**
 * Every server gives so many in one answer, if there are. How many at most its PREFECT_SERVER_API_DEFAULT_LIMIT says,
 * 200 where nobody set it: it refuses a question for more, and whoever names no number gets what it has.
 */
const surePageSize = 20
/** Ids of one question. */
const partSize = 200

/** Which part of an answer is asked for. */
export interface Page {
  readonly limit?: number
  readonly offset: number
}

/** Everything that there is, answer by answer; `most` is what is wanted of it. */
export async function* pages<T>(
  ask: (page: Page) => Promise<T[]>,
  most: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<T[]> {
  let fullSize = surePageSize
  for (let offset = 0; ; ) {
    const left = most - offset
    const page = await ask({ offset, ...(left <= surePageSize && { limit: left }) })
    yield page
    offset += page.length
    if (page.length < fullSize || offset >= most) return
    fullSize = page.length
  }
}

/** Everything that there is, page by page, or the first `most` of it. */
export async function allPages<T>(ask: (page: Page) => Promise<T[]>, most?: number): Promise<T[]> {
  const found: T[] = []
  for await (const page of pages(ask, most)) found.push(...page)
  return found.slice(0, most)
}

/** Divides ids so that each part fits into one question. */
export function inParts<T>(items: readonly T[]): T[][] {
  const parts: T[][] = []
  for (let at = 0; at < items.length; at += partSize) parts.push(items.slice(at, at + partSize))
  return parts
}
