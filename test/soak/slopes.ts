/** Whether what a process holds grows: slopes that a few odd moments do not move. Pure. */

export interface Sample {
  /** Seconds since the start. */
  at: number
  values: Readonly<Record<string, number>>
}

/** What may grow, and how far what is flat wanders by itself. */
export interface Measure {
  name: string
  unit: string
  /** Growth over the time that is judged which is none: an absolute, or a share of the median, whichever is more. */
  tolerance: { absolute: number; share: number }
}

export interface Slope {
  name: string
  unit: string
  first: number
  last: number
  median: number
  /** Units an hour. */
  perHour: number
  /** Over the time that is judged, by the slope. */
  growth: number
  tolerated: number
  grows: boolean
}

/** Until here a process still warms up: compiled code, pools, caches. */
const warmUpShare = 1 / 3

/** The slope of each measure over what follows the warming up. @throws Error for fewer than 6 samples */
export function slopesOf(samples: readonly Sample[], measures: readonly Measure[]): Slope[] {
  const end = samples.at(-1)?.at ?? 0
  const judged = samples.filter(({ at }) => at >= end * warmUpShare)
  if (judged.length < 6) throw new Error(`${judged.length} samples are too few to judge`)
  return measures.map(({ name, unit, tolerance }) => {
    const points = judged.map(({ at, values }) => [at, values[name] ?? Number.NaN] as const)
    const seconds = points.at(-1)![0] - points[0]![0]
    const perSecond = theilSen(points)
    const middle = median(points.map(([, value]) => value))
    const growth = perSecond * seconds
    const tolerated = Math.max(tolerance.absolute, tolerance.share * middle)
    return {
      name,
      unit,
      first: points[0]![1],
      last: points.at(-1)![1],
      median: middle,
      perHour: perSecond * 3600,
      growth,
      tolerated,
      grows: growth > tolerated,
    }
  })
}

/** The median of the slopes of all pairs (Theil 1950, Sen 1968). */
function theilSen(points: readonly (readonly [number, number])[]): number {
  const slopes: number[] = []
  for (const [i, [x, y]] of points.entries())
    for (const [later, value] of points.slice(i + 1)) if (later > x) slopes.push((value - y) / (later - x))
  return slopes.length === 0 ? 0 : median(slopes)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
