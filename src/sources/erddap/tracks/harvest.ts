/**
 * The rows and tracks of one platform that moves, of a fleet, or of samples: casts one by one, tracks by cell and
 * month, samples by position and day. The answers are held against each other as those of stations are.
 */

import type { TrackAnswer, TrackQuestion } from './answer.ts'
import { harvestCasts } from './casts.ts'
import { harvestCells } from './cells.ts'
import { harvestPoints } from './points.ts'
import { TrackWork } from './work.ts'

/**
 * @throws TooLarge where the server cannot answer, whole or in parts; HarvesterError of the client, BAD_METADATA where
 * two rows read the same, CONTRADICTORY_ANSWERS
 */
export async function harvestTracks(question: TrackQuestion): Promise<TrackAnswer> {
  const work = new TrackWork(question)
  return (await whole(work)) ?? (await harvestCells(work))
}

/** Casts and samples one by one; null where there are too many of them, or where there are only tracks. */
async function whole(work: TrackWork): Promise<TrackAnswer | null> {
  if (work.questions.cast !== null) return harvestCasts(work)
  return work.plan.cdmDataType === 'Point' ? harvestPoints(work) : null
}
