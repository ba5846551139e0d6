import { createHash } from 'node:crypto'

/** Where in a period a dataset has its own moment, 0 ≤ x < 1: the same in every run. */
export function phaseOf(datasetId: string): number {
  return createHash('sha256').update(datasetId).digest().readUInt32BE(0) / 2 ** 32
}
