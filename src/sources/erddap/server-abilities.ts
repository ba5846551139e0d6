import type { CountingSeen } from '../../rules/evidence/index.ts'

/** What this server can count, learnt once for all its datasets. */
export interface ServerAbilities extends CountingSeen {
  /** The question by which it is being learnt. */
  learning: Promise<unknown> | null
}

export function unknownAbilities(): ServerAbilities {
  return { counted: 0, refused: 0, learning: null }
}
