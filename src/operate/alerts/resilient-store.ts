import { HarvesterError } from '../../errors.ts'
import { type AlertStore, type Trouble, troubleKey } from './trouble.ts'

/** The database has this long: an operator is to hear within a minute whatever it does. */
const patienceMs = 8000

/**
 * A store that goes on in the memory of this process while the shared one is away, from what it last saw there, and
 * writes back what changed meanwhile. Two processes without their database may tell the same thing twice.
 */
export function resilientStore(
  shared: AlertStore,
  onAway: (error: unknown) => void,
  options: { patienceMs?: number } = {},
): AlertStore {
  const limit = options.patienceMs ?? patienceMs
  let seen: readonly Trouble[] = []
  /** What changed while the shared store was away; null: it ended. */
  const changed = new Map<string, Trouble | null>()
  let away = false

  return {
    async change(reduce) {
      try {
        const attempt = { late: false }
        const { result, after } = await timed(
          limit,
          shared.change((stored) => {
            // Whoever asked has gone on without: what is claimed now would be told by nobody.
            if (attempt.late) throw new HarvesterError('DATABASE_UNREACHABLE', 'the answer came too late')
            const { troubles, result } = reduce(withChanges(stored, changed))
            return { troubles, result: { result, after: troubles } }
          }),
          () => {
            attempt.late = true
          },
        )
        seen = after
        changed.clear()
        away = false
        return result
      } catch (error) {
        if (!away) onAway(error)
        away = true
        const { troubles, result } = reduce(seen)
        const before = new Map(seen.map((trouble) => [troubleKey(trouble), trouble]))
        for (const trouble of troubles) {
          const key = troubleKey(trouble)
          if (before.get(key) !== trouble) changed.set(key, trouble)
          before.delete(key)
        }
        for (const key of before.keys()) changed.set(key, null)
        seen = troubles
        return result
      }
    },
  }
}

function withChanges(
  stored: readonly Trouble[],
  changed: ReadonlyMap<string, Trouble | null>,
): readonly Trouble[] {
  if (changed.size === 0) return stored
  const kept = stored.filter((trouble) => !changed.has(troubleKey(trouble)))
  return [...kept, ...[...changed.values()].filter((trouble) => trouble !== null)]
}

async function timed<T>(ms: number, work: Promise<T>, onLate: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onLate()
      reject(new HarvesterError('DATABASE_UNREACHABLE', `no answer within ${ms / 1000} s`))
    }, ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    // Its late failure is nobody's any more.
    work.catch(() => {})
  }
}
