/** Geometry of the small charts, so that it can be tested without a page. */

export interface Segment {
  key: string
  from: number
  length: number
}

/**
 * Parts of a whole laid end to end over `length`; a part that is not empty is never thinner than `least`, so that
 * one error among thousands can still be seen.
 */
export function segments(
  parts: ReadonlyArray<readonly [key: string, value: number]>,
  length: number,
  least = 0,
): Segment[] {
  const present = parts.filter(([, value]) => value > 0)
  const total = present.reduce((sum, [, value]) => sum + value, 0)
  if (total === 0) return []
  const wanted = present.map(([key, value]) => ({ key, share: Math.max((value / total) * length, least) }))
  const excess = wanted.reduce((sum, part) => sum + part.share, 0) - length
  const largest = wanted.reduce((best, part) => (part.share > best.share ? part : best))
  largest.share = Math.max(least, largest.share - excess)
  let from = 0
  return wanted.map(({ key, share }) => {
    const segment = { key, from, length: share }
    from += share
    return segment
  })
}

/** A round number at or above the greatest value, for the top of an axis. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= value - 1e-9) ?? 10
  return step * power
}

/** Points of a line over a box: x evenly from left to right, y from 0 at the bottom to `top` at the top. */
export function linePoints(
  values: readonly number[],
  width: number,
  height: number,
  top: number,
): Array<[number, number]> {
  const last = Math.max(1, values.length - 1)
  return values.map((value, index) => [(index / last) * width, height - (value / top) * height])
}
