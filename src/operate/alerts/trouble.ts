/** The nouns of alerting: what is wrong with whom, what was seen, what is told, and where all that is remembered. */
import type { AlertKind } from '../../config/operations-schema.ts'
import type { RunFact } from '../../rules/reasons/run.ts'

export type { AlertKind, AlertSettings } from '../../config/operations-schema.ts'

/** Whom an alert is about: a source, or a deployment that is of no one source. */
export interface Subject {
  /** The URL of the source; else the name of the deployment or the flow. Quiet time is counted by it. */
  readonly key: string
  /** For people: the deployment, or the slug of the source. */
  readonly name: string
  /** URL of the source, null where it is of none or of several. */
  readonly source: string | null
}

/** What a message says of the newest occurrence of a trouble. JSON: it is stored as it is. */
export interface TroubleDetails {
  readonly name: string
  readonly source: string | null
  readonly flow: string | null
  readonly deployment: string | null
  readonly runId: string | null
  readonly runName: string | null
  /** What the run ended with. */
  readonly message: string
  /** The message as codes and values, where they are known. */
  readonly facts?: readonly RunFact[]
  /** Of a harvest; null where not one was met. */
  readonly datasets: { readonly failed: number; readonly total: number } | null
  /** ISO time; of a stale source. */
  readonly lastSuccessAt: string | null
  /** Deployments of the children that ended badly: once each was well since, so is the parent. */
  readonly awaits?: readonly string[]
}

/** One kind of trouble of one subject, from its first occurrence until it is over and that was told. */
export interface Trouble {
  readonly subject: string
  readonly kind: AlertKind
  readonly openedAt: Date
  readonly lastAt: Date
  /** Names the newest occurrence: two processes that saw the same one count it once. */
  readonly occurrence: string
  /** Occurrences that no message spoke of yet. */
  readonly untold: number
  /** Of the first of these. */
  readonly untoldSince: Date | null
  readonly toldAt: Date | null
  /** The subject is well again, which is still to be told. */
  readonly recoveredAt: Date | null
  readonly details: TroubleDetails
}

/** What was seen. */
export type Observation =
  | {
      readonly type: 'trouble'
      readonly subject: Subject
      readonly kind: AlertKind
      readonly occurrence: string
      readonly at: Date
      readonly details: TroubleDetails
    }
  | {
      readonly type: 'over'
      readonly subject: Subject
      readonly kinds: readonly AlertKind[]
      /** Another trouble took its place: no word of recovery. */
      readonly silently: boolean
      readonly at: Date
    }
  /** A deployment did well: parents that failed with it may be well again. */
  | { readonly type: 'child well'; readonly deployment: string; readonly at: Date }

/** One entry of a message. */
export interface Alert {
  readonly status: 'open' | 'recovered'
  readonly kind: AlertKind
  readonly subject: string
  readonly openedAt: Date
  readonly lastAt: Date
  readonly recoveredAt: Date | null
  /** When this trouble was last told, null at the first time. */
  readonly toldBefore: Date | null
  /** Occurrences since then; of a trouble told for the first time all of them. */
  readonly occurrences: number
  readonly details: TroubleDetails
}

/**
 * Where troubles are remembered. `change` lends all of them to a pure function and keeps what it gives, as one step
 * among all processes that share the memory: `database/` implements it, {@link memoryAlertStore} for one process.
 */
export interface AlertStore {
  change<T>(reduce: (troubles: readonly Trouble[]) => Change<T>): Promise<T>
}

export interface Change<T> {
  /** A trouble that did not change is the same object as before. */
  readonly troubles: readonly Trouble[]
  readonly result: T
}

export function memoryAlertStore(): AlertStore & { readonly troubles: readonly Trouble[] } {
  let kept: readonly Trouble[] = []
  return {
    get troubles() {
      return kept
    },
    async change(reduce) {
      const { troubles, result } = reduce(kept)
      kept = troubles
      return result
    },
  }
}

/** Troubles are told apart by this. */
export const troubleKey = ({ subject, kind }: Pick<Trouble, 'subject' | 'kind'>) => `${kind} ${subject}`
